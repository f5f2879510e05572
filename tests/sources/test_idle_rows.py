"""Rows of days and bars in which nothing traded, written with empty prices or with zeros."""

from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import MappingSpec, ingest
from intralpha.sources.idle_rows import STILL

NAMES = ("code", "date", "open", "high", "low", "close", "volume", "amount")
COLUMNS = {("symbol" if n == "code" else n): n for n in NAMES}
DAYS = ("2024-03-01", "2024-03-04", "2024-03-05")
GOOD = ("10,10.5,9.5,10.2,1000,10100", "11,11.5,10.5,11,1000,11000")
TOLD = "suspended rows of zeros stand at the close before"
FILLED = "empty prices of rows without volume are 0"


def daily(folder: Path, middle: str, more: dict[str, str] | None = None, **keys: object):
    """A lake of three days, the middle one as given, what was repaired and set aside."""
    more = more or {}
    head = ",".join([*NAMES, *more])
    tail = "".join(f",{v}" for v in more.values())
    values = (GOOD[0], middle, GOOD[1])
    rows = [f"600000.SH,{d},{v}{tail}" for d, v in zip(DAYS, values, strict=True)]
    folder.mkdir(exist_ok=True)
    (folder / "d.csv").write_text("\n".join([head, *rows]) + "\n")
    columns = COLUMNS | {n: n for n in more}
    spec = MappingSpec.model_validate(
        {
            "kind": "mapping",
            "table": "daily",
            "datetime_format": "%Y-%m-%d",
            "path": str(folder / "d.csv"),
            "columns": columns,
        }
        | keys
    )
    lake = Lake(folder / "lake", create=True)
    (count,) = ingest([spec], lake, show_progress=False).counts
    return lake.scan("daily").sort("date").collect(), count


@pytest.fixture(scope="module")
def zeros(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    rows, count = daily(tmp_path_factory.mktemp("zeros"), "0,0,0,0,0,0")
    assert count.repairs[TOLD] == 1
    return rows


@pytest.mark.parametrize(
    "middle", [",,,,0,0", ",,,,0,", ",,,,,", "--,--,--,--,0,nan", "NaN,,null,-,,"]
)
def test_empty_prices_say_what_zeros_say(middle: str, zeros: pl.DataFrame, tmp_path: Path) -> None:
    rows, count = daily(tmp_path / "x", middle)
    assert rows.drop("amount").equals(zeros.drop("amount"))
    assert rows["suspended"].to_list() == [False, True, False]
    assert rows["close"].to_list() == [10.2, 10.2, 11]
    assert (count.repairs[TOLD], count.repairs[FILLED]) == (1, 1)
    assert not count.quarantined


def test_a_close_without_a_range_is_the_price_of_the_day(tmp_path: Path) -> None:
    rows, count = daily(tmp_path / "x", ",,,10.2,0,0")
    assert rows.row(1, named=True)["open"] == rows.row(1, named=True)["low"] == 10.2
    assert count.repairs["suspended rows without prices took the close"] == 1


@pytest.mark.parametrize(
    ("middle", "more"),
    [
        (",,,,500,5000", {}),
        (",,,,,5000", {}),
        ("10,,10,10,,", {}),
        ("x,,,,0,0", {}),
        ("10,10,10,,0,0", {}),
        (",,,,0,0", {"turnover_percent": "0.3"}),
        (",,,,,", {"traded": "1"}),
    ],
)
def test_rows_that_may_have_traded_stay_set_aside(middle: str, more: dict, tmp_path: Path) -> None:
    rows, count = daily(tmp_path / "x", middle, more)
    assert rows["date"].cast(pl.String).to_list() == [DAYS[0], DAYS[2]]
    assert sum(count.quarantined.values()) == 1
    assert FILLED not in count.repairs


def test_empty_numbers_of_parquet(zeros: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    rows = pl.read_csv(
        (
            "\n".join(
                [",".join(NAMES)]
                + [
                    f"600000.SH,{d},{v}"
                    for d, v in zip(DAYS, (GOOD[0], ",,,,0,0", GOOD[1]), strict=True)
                ]
            )
        ).encode()
    )
    for kind, frame in (
        ("null", rows),
        ("nan", rows.with_columns(pl.col("open", "close").fill_null(float("nan")))),
    ):
        frame.write_parquet(tmp_path / f"{kind}.parquet")
        spec = MappingSpec.model_validate(
            {
                "kind": "mapping",
                "table": "daily",
                "datetime_format": "%Y-%m-%d",
                "path": str(tmp_path / f"{kind}.parquet"),
                "columns": COLUMNS,
                "format": "parquet",
            }
        )
        lake = Lake(tmp_path / kind, create=True)
        ingest([spec], lake, show_progress=False)
        assert lake.scan("daily").sort("date").collect().equals(zeros)


def test_bars_with_empty_prices_say_what_bars_of_zeros_say(tmp_path: Path) -> None:
    kept = {}
    for name, idle in (("zeros", "0,0,0,0,0,0"), ("empty", ",,,,0,0"), ("all", ",,,,,")):
        lines = ["datetime,code,open,high,low,close,volume,amount"]
        for k, end in enumerate(("10:30", "11:30", "14:00", "15:00")):
            lines.append(f"2024-03-01 {end}:00,600000.SH,{idle if k == 1 else GOOD[0]}")
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
        columns = {k: v for k, v in COLUMNS.items() if k != "date"} | {"datetime": "datetime"}
        spec = MappingSpec.model_validate(
            {
                "kind": "mapping",
                "path": str(tmp_path / f"{name}.csv"),
                "columns": columns,
                "freq": 60,
                "datetime_format": "%Y-%m-%d %H:%M:%S",
            }
        )
        lake = Lake(tmp_path / name, create=True)
        report = ingest([spec], lake, show_progress=False)
        kept[name] = lake.scan("bars", freq=60).collect()
        assert report.counts[0].repairs["bars of zeros took the last close"] == 1
        assert not report.counts[0].quarantined
    assert kept["empty"].equals(kept["zeros"])
    assert kept["all"].equals(kept["zeros"])
    assert kept["all"].filter(pl.col("volume") == 0)["close"].to_list() == [10.2]


@pytest.mark.parametrize(
    ("middle", "more"),
    [
        ("10.2,10.2,10.2,10.2,,", {}),
        ("10.2,10.2,10.2,10.2,--,0", {}),
        ("0,0,0,10.2,,0", {}),
        ("--,,0,10.2,停牌,", {"preclose": "10.2"}),
        ("10.2,10.2,10.2,10.2,,0", {"change": "0", "pct_change": ""}),
    ],
)
def test_a_day_at_one_price_without_volume_and_amount_is_suspended(
    middle: str, more: dict[str, str], tmp_path: Path
) -> None:
    rows, count = daily(tmp_path / "x", middle, more)
    row = rows.row(1, named=True)
    assert row["suspended"]
    assert [row[c] for c in ("open", "high", "low", "close", "volume")] == [*(4 * [10.2]), 0]
    assert row["amount"] in (0, None)
    assert count.repairs[STILL] == 1
    assert not count.quarantined


@pytest.mark.parametrize(
    ("middle", "more"),
    [
        ("10.2,10.3,10.2,10.2,,", {}),
        ("10.2,10.2,10.2,10.2,,1000", {}),
        ("10.2,10.2,10.2,10.2,x,", {}),
        ("11.2,11.2,11.2,11.2,,", {"preclose": "10.2"}),
        ("10.2,10.2,10.2,10.2,,", {"turnover_percent": "0.3"}),
        ("10.2,10.2,10.2,10.2,,", {"change": "0.1"}),
    ],
)
def test_a_day_that_may_have_traded_without_a_volume_stays_set_aside(
    middle: str, more: dict[str, str], tmp_path: Path
) -> None:
    rows, count = daily(tmp_path / "x", middle, more)
    assert rows.height == 2
    assert sum(count.quarantined.values()) == 1
    assert STILL not in count.repairs


def test_zeros_without_a_volume_are_a_suspended_row_of_zeros(
    zeros: pl.DataFrame, tmp_path: Path
) -> None:
    rows, count = daily(tmp_path / "x", "0,0,0,0,,")
    assert rows.drop("amount").equals(zeros.drop("amount"))
    assert count.repairs[STILL] == 1


def test_one_price_alone_is_no_evidence(tmp_path: Path) -> None:
    columns = {k: v for k, v in COLUMNS.items() if k != "amount"}
    rows, count = daily(tmp_path / "x", "10.2,10.2,10.2,10.2,,", columns=columns)
    assert rows.height == 2
    assert count.quarantined["volume is not a number"] == 1
