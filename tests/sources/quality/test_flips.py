"""One session in another unit, of one stock or of all: seen, named, and told from honest days."""

from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Calendar, Lake, bar_times
from intralpha.sources import QualityError, quality
from intralpha.sources.quality import daily as checks

from .test_daily_faults import ONE, found, honest, on, times

__all__ = ["honest"]

PRICES = {"open": 10.0, "high": 10.1, "low": 9.9, "close": 10.0}
FACTORS = {
    1e2: "about 100 times",
    1e3: "about 1000 times",
    1e4: "about 10,000 times",
    1e-2: "about 1/100:",
    1e-3: "about 1/1000:",
}


def one(column: str) -> str:
    return f"daily: {column} of one session is in another unit"


def every(column: str) -> str:
    return f"daily: {column} of all stocks of a session is in another unit"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("column", ["volume", "amount"])
@pytest.mark.parametrize("factor", FACTORS)
def test_one_session_of_one_stock(
    honest: pl.DataFrame, tmp_path: Path, column: str, factor: float
) -> None:
    report = found(honest.with_columns(times(column, factor, on(60) & ONE)), tmp_path / "lake")
    rows = report.faults[one(column)]
    day = honest.filter(on(60))["date"][0]
    assert rows.select("date", "symbol").rows() == [(day, "600000.SH")]
    assert rows["ratio"][0] == pytest.approx(factor, rel=1)
    assert FACTORS[factor] in report.found[one(column)].cause
    other = "amount" if column == "volume" else "volume"
    assert report.faults[one(other)].is_empty()
    assert report.faults[every(column)].is_empty()


@pytest.mark.slow
@pytest.mark.parametrize("place", [20, 21, 22, 37, 38])
def test_over_the_borders_of_blocks(
    honest: pl.DataFrame, tmp_path: Path, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every session is looked at once, whichever block it or the next one stands in."""
    monkeypatch.setattr(checks, "ROWS_AT_ONCE", 1)
    report = found(honest.with_columns(times("volume", 100, on(place) & ONE)), tmp_path / "lake")
    day = honest.filter(on(place))["date"][0]
    assert report.faults[one("volume")].select("date", "symbol").rows() == [(day, "600000.SH")]


def crowd(honest: pl.DataFrame, stocks: int) -> pl.DataFrame:
    """One honest stock under several names of Shanghai."""
    rows = honest.filter(ONE)
    names = [pl.lit(f"60000{i}.SH").alias("symbol") for i in range(stocks)]
    return pl.concat(rows.with_columns(name) for name in names)


@pytest.mark.parametrize("factor", [10.0, *FACTORS])
def test_one_session_of_all_stocks_is_too_much(
    honest: pl.DataFrame, tmp_path: Path, factor: float
) -> None:
    rows = crowd(honest, 6)
    wrong = rows.with_columns(times("volume", factor, on(60)), times("amount", factor, on(60)))
    report = found(wrong, tmp_path / "lake")
    day = rows.filter(on(60))["date"][0]
    for column in ("volume", "amount"):
        hit = report.faults[every(column)]
        assert hit.select("date", "exchange", "stocks").rows() == [(day, "SH", 6)]
        assert FACTORS.get(factor, "about 10 times") in report.found[every(column)].cause
    with pytest.raises(QualityError, match="volume of all stocks of a session is in another unit"):
        report.demand(0.2)


def test_days_out_of_the_ordinary_are_no_flips(honest: pl.DataFrame, tmp_path: Path) -> None:
    """Ten times the volume of one stock, a jump that stays, four times the volume of all stocks,
    and a day with one price on which nearly nothing traded."""
    rows = crowd(honest, 6)
    two = pl.col("symbol") == "600002.SH"
    locked = on(50) & (pl.col("symbol") == "600003.SH")
    price = [pl.when(locked).then("close").otherwise(c).alias(c) for c in ("open", "high", "low")]
    for column in ("volume", "amount"):
        rows = rows.with_columns(times(column, 10, on(30) & ONE))
        rows = rows.with_columns(times(column, 100, on(*range(40, 90)) & two))
        rows = rows.with_columns(times(column, 4, on(70)))
        rows = rows.with_columns(times(column, 1e-2, locked))
    rows = rows.with_columns(price)
    report = found(rows, tmp_path / "lake")
    for column in ("volume", "amount"):
        assert report.faults[one(column)].is_empty()
        assert report.faults[every(column)].is_empty()


def test_the_day_of_bars(tmp_path: Path) -> None:
    """Six stocks of one bar an hour; the bars of one session in lots."""
    days = Calendar.xshg().sessions[-400:-370].tolist()
    keys = pl.DataFrame({"date": days}).join(
        pl.DataFrame({"symbol": [f"60000{i}.SH" for i in range(6)]}), how="cross"
    )
    keys = keys.join(pl.DataFrame({"time": bar_times(60)}, schema={"time": pl.Time()}), how="cross")
    low = on(25)
    bars = keys.with_columns(
        pl.lit(60, pl.Int16).alias("freq"),
        *(pl.lit(p).alias(c) for c, p in PRICES.items()),
        volume=pl.when(low).then(1234).otherwise(123_400),
        amount=pl.when(low).then(12_345.0).otherwise(1_234_500.0),
    )
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("bars", bars)
    report = quality(lake)
    name = "bars: the day's {} of all stocks of a session is in another unit"
    for column in ("volume", "amount"):
        hit = report.faults[name.format(column)]
        assert hit.select("date", "exchange", "stocks").rows() == [(days[25], "SH", 6)]
        assert hit["ratio"].to_list() == pytest.approx([0.01])
        single = f"bars: the day's {column} of one session is in another unit"
        assert report.faults[single].height == 6
