"""The parts of a breakdown are known at each close, whatever comes later."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.evaluation import BreakdownSpec
from intralpha.market import Calendar, Lake
from intralpha.pipeline.nodes.breakdown import breakdown_reads, divisions

SESSIONS = [d.item() for d in Calendar.xshg().between("2024-01-02", "2024-01-12")]
ASSETS = np.array([f"{600000 + i}.SH" for i in range(6)])


def daily(days: list[date], shares: list[float]) -> pl.DataFrame:
    rows = [
        (day, str(symbol), 10.0, 10.0, 10.0, 10.0, 10.0, 100, count)
        for day in days
        for symbol, count in zip(ASSETS, shares, strict=True)
    ]
    names = ["date", "symbol", "open", "high", "low", "close", "preclose", "volume"]
    return pl.DataFrame(rows, schema=[*names, "total_shares"], orient="row").with_columns(
        amount=pl.lit(None, pl.Float64), adj_factor=pl.lit(1.0), suspended=pl.lit(value=False)
    )


def industry(symbol: int, since: date, until: date | None, code: str) -> dict[str, object]:
    row = {"symbol": str(ASSETS[symbol]), "in_date": since, "out_date": until}
    return row | {"scheme": "sw", "code": code}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Sizes 1 to 6; the first stock changes its industry on the third session."""
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("daily", daily(SESSIONS[:5], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    first = [
        industry(0, SESSIONS[0], SESSIONS[1], "bank"),
        industry(0, SESSIONS[2], None, "food"),
        *(industry(i, SESSIONS[0], None, "bank") for i in range(1, 5)),
    ]
    lake.append("industry", pl.DataFrame(first, schema_overrides={"out_date": pl.Date}))
    return lake


def told(lake: Lake) -> dict[str, list[list[str]]]:
    """Names of the parts of every stock on the first five sessions."""
    dates = np.array(SESSIONS[:5], "datetime64[D]")
    inside = np.ones((5, len(ASSETS)), bool)
    inside[:, 5] = False
    found = divisions(BreakdownSpec(sizes=2), lake, dates, ASSETS, inside)
    return {
        one.name: [[one.labels[c] if c >= 0 else "" for c in row] for row in one.part_DA.tolist()]
        for one in found
    }


def test_a_stock_belongs_to_the_industry_of_the_date(lake: Lake) -> None:
    of_first = [row[0] for row in told(lake)["industry"]]
    assert of_first == ["bank", "bank", "food", "food", "food"]
    assert told(lake)["industry"][0][5] == "unknown"


def test_sizes_are_groups_of_the_universe_alone(lake: Lake) -> None:
    assert told(lake)["size"] == [["1", "1", "1", "2", "2", ""]] * 5


def test_what_comes_later_moves_nobody(lake: Lake) -> None:
    before = told(lake)
    lake.append("daily", daily(SESSIONS[5:], [60.0, 5.0, 4.0, 3.0, 2.0, 1.0]))
    later = [industry(1, SESSIONS[6], None, "alpha"), industry(5, SESSIONS[5], None, "steel")]
    lake.append("industry", pl.DataFrame(later, schema_overrides={"out_date": pl.Date}))
    assert told(lake) == before


def test_only_what_is_asked_for_is_read() -> None:
    def tables(spec: BreakdownSpec | None) -> list[str]:
        return [read.table for read in breakdown_reads(spec)]

    assert tables(None) == []
    assert tables(BreakdownSpec(sizes=0)) == ["industry"]
    assert tables(BreakdownSpec(industries=False)) == ["daily", "fundamentals"]
