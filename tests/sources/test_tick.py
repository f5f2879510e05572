"""Ticks of funds and stocks: prices keep them, and those off them are counted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import MappingSpec, QlibSpec, TdxSpec, ingest, quality
from intralpha.sources.tdx import RECORD
from intralpha.sources.tick import to_tick

FIELDS = ("open", "high", "low", "close", "volume", "factor")


def qlib(folder: Path, prices: dict[str, float], factor: float = 1.0) -> Path:
    """A vendor's folder with one stock a code and two days; high and close are given."""
    (folder / "calendars").mkdir(parents=True)
    (folder / "calendars/day.txt").write_text("2023-01-03\n2023-01-04\n")
    (folder / "instruments").mkdir()
    lines = [f"{code}\t2023-01-03\t2023-01-04" for code in prices]
    (folder / "instruments/all.txt").write_text("\n".join(lines))
    for code, price in prices.items():
        place = folder / "features" / code
        place.mkdir(parents=True)
        for field in FIELDS:
            value = {"volume": 1000, "factor": factor}.get(field, price * factor)
            np.array([0, value, value], "<f4").tofile(place / f"{field}.day.bin")
    return folder


@pytest.mark.parametrize("factor", [1.0, 0.37, 3.1])
def test_each_code_of_qlib_has_the_tick_of_its_range(
    lake: Lake, tmp_path: Path, factor: float
) -> None:
    prices = {"SH510050": 2.651, "SZ159915": 1.237, "SH600519": 1700.25, "SH900901": 0.503}
    report = ingest([QlibSpec(path=str(qlib(tmp_path / "q", prices, factor)))], lake)
    closes = dict(lake.scan("daily").select("symbol", "close").collect().rows())
    assert closes == {f"{code[2:]}.{code[:2]}": price for code, price in prices.items()}
    assert sum(c.repairs.total() for c in report.counts) == 0
    assert quality(lake).summary()["daily: close is not a multiple of the tick"] == 0
    up = dict(lake.scan("daily").select("symbol", "up_limit").collect().rows())
    # 10 % above, half up to the tick; which limit a fund has its code does not say.
    assert up == {"510050.SH": None, "159915.SZ": None, "600519.SH": 1870.28, "900901.SH": 0.553}


def test_a_tick_that_is_given_wins_and_prices_off_it_are_counted(
    lake: Lake, tmp_path: Path
) -> None:
    folder = qlib(tmp_path / "q", {"SH510050": 2.651, "SH600519": 1700.25})
    report = ingest([QlibSpec(path=str(folder), tick_yuan=0.01)], lake)
    daily = next(c for c in report.counts if c.table == "daily")
    assert daily.repairs["prices off the tick, rounded to it"] == 8
    assert lake.scan("daily").collect()["close"].unique().sort().to_list() == [2.65, 1700.25]


def test_daily_rows_of_a_fund_keep_their_tick(lake: Lake, tmp_path: Path) -> None:
    text = "code,date,open,high,low,close,volume,factor\n"
    for code, price in (("510050.SH", 2.651), ("600519.SH", 17.256)):
        text += f"{code},2023-01-03,{price},{price},{price},{price},100,1\n"
        text += f"{code},2023-01-04,{price},{price},{price},{price},100,1.1\n"
    (tmp_path / "a.csv").write_text(text)
    columns = {c: c for c in text.split("\n")[0].split(",")[1:-1]}
    columns |= {"symbol": "code", "adj_factor": "factor"}
    given = {"kind": "mapping", "table": "daily", "path": str(tmp_path / "a.csv")}
    given |= {"columns": columns, "datetime_format": "%Y-%m-%d"}
    report = ingest([MappingSpec.model_validate(given)], lake, show_progress=False)
    # Both rows of the stock lie off its cent; 2.651 / 1.1 = 2.41 and 17.256 / 1.1 = 15.687.
    assert report.counts[0].notes["rows with a price off the tick"] == 2
    rows = dict(
        lake.scan("daily")
        .filter(pl.col("date").dt.day() == 4)
        .select("symbol", "preclose")
        .collect()
        .rows()
    )
    assert rows == {"510050.SH": 2.41, "600519.SH": 15.69}


def test_records_of_tdx_keep_the_tick_and_count_what_is_off_it(lake: Lake, tmp_path: Path) -> None:
    records = np.zeros(48, RECORD)
    records["day"] = (2024 - 2004) * 2048 + 102
    records["minute"] = [*range(575, 691, 5), *range(785, 901, 5)]
    for name in ("open", "high", "low", "close"):
        records[name] = 2.651
    (tmp_path / "sh510050.lc5").write_bytes(records.tobytes())
    ingest([TdxSpec(path=str(tmp_path))], lake, show_progress=False)
    assert lake.scan("bars").collect()["close"].unique().to_list() == [2.651]
    other = Lake(tmp_path / "other", create=True)
    report = ingest([TdxSpec(path=str(tmp_path), tick_yuan=0.01)], other, show_progress=False)
    assert report.counts[0].repairs["prices off the tick, rounded to it"] == 4 * 48


def test_prices_as_exact_as_float32_are_on_the_tick() -> None:
    cents = np.arange(1, 500_000, 37)
    rounded, off = to_tick((cents / 100).astype("<f4").astype(float), 0.01)
    assert off == 0
    np.testing.assert_array_equal(rounded, cents / 100)
    assert to_tick(np.array([10.003, 1234.504, np.nan]), 0.01)[1] == 2
