"""Coverage of Level-2 streams by the time of day; hours and counts by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from intralpha.market import TABLES, Lake
from intralpha.sources.quality.check import quality
from intralpha.sources.quality.coverage import coverage

DAY = date(2023, 2, 1)
NINE_THIRTY, ELEVEN, LUNCH, ONE, CLOSING = 34_200, 39_600, 41_400, 46_800, 53_820
WHOLE = [*range(NINE_THIRTY, LUNCH, 60), *range(ONE, CLOSING, 60)]


def put(lake: Lake, table: str, times: dict[str, list[int]]) -> None:
    """Rows at some seconds of the day, and else what every row may be."""
    symbols = [s for s, at in times.items() for _ in at]
    rows = pl.DataFrame(
        {
            "date": DAY,
            "symbol": symbols,
            "seq": np.concatenate([np.arange(1, len(at) + 1) for at in times.values()]),
            "time": [t * 1000 for at in times.values() for t in at],
        }
    ).with_columns(
        price=10.0, last=10.0, volume=100, amount=1000.0, buy_id=pl.col("seq"), sell_id=9999,
        side=1, id=pl.col("seq"), kind=pl.lit("limit"), cancel=pl.lit(value=False),
    )  # fmt: skip
    columns = TABLES[table].columns
    lake.append(
        table,
        rows.select(
            (pl.col(c) if c in rows.columns else pl.lit(None)).cast(t).alias(c)
            for c, t in columns.items()
        ),
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("lake"), create=True)
    late = [t for t in WHOLE if t >= ONE]
    holed = [t for t in WHOLE if not NINE_THIRTY + 1800 <= t < NINE_THIRTY + 5400]
    orders = ("600001.SH", "600002.SH", "600003.SH", "600004.SH", "600005.SH", "600006.SH")
    put(made, "orders", dict.fromkeys(orders, WHOLE))
    put(
        made,
        "trades",
        {
            "600001.SH": WHOLE,
            "600002.SH": [t for t in WHOLE if t <= ELEVEN],
            "600003.SH": late,
            "600004.SH": holed,
            "600005.SH": [NINE_THIRTY + 60, ELEVEN],  # seldom traded: nothing is known
            "600007.SH": WHOLE,
        },
    )
    return made


def test_each_gap_is_found_with_its_stock_and_minutes(lake: Lake) -> None:
    faults = quality(lake).faults
    found = {
        name: rows.select("symbol", "first", "last", "off").rows()
        for name, rows in faults.items()
        if rows.height and ("that" in name or "without" in name)
    }
    assert found == {
        "trades that stop early": [("600002.SH", "09:30", "11:00", 147.0)],
        "trades that begin late": [("600003.SH", "13:00", "14:56", 120.0)],
        "trades that have a hole": [("600004.SH", "09:30", "14:56", 61.0)],
        "orders without trades": [("600006.SH", "09:30", "14:56", 237.0)],
        "trades without orders": [("600007.SH", "09:30", "14:56", 237.0)],
    }


def test_lunch_is_no_hole_and_a_whole_day_has_no_gap(lake: Lake) -> None:
    rows = coverage(lake, DAY).filter(pl.col("symbol") == "600001.SH", pl.col("stream") == "trades")
    shown = rows.select("rows", "first", "last", "late", "early", "hole", "pause").row(0)
    assert shown == (237, 0.0, 236.0, 0.0, 1.0, 1.0, 1.0)


def test_the_report_says_how_much_was_looked_at_and_why(lake: Lake) -> None:
    report = quality(lake)
    assert report.checked["stock-days of Level-2"] == 7
    text = report.to_text()
    assert "trades that stop early" in text
    assert "cause? the file is cut off" in text
