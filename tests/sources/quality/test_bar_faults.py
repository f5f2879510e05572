"""Bars with one thing wrong: units, frequency, sums against the day."""

from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Calendar, Lake, bar_times
from intralpha.market.schemas import shape
from intralpha.sources import SimulatedSpec, quality
from intralpha.sources.quality.bars import bar_faults, sum_faults
from intralpha.sources.quality.report import Fault

STOCKS, N_DAYS = ("600000.SH", "000001.SZ", "300001.SZ"), 12
VWAP = "bars: amount / volume is outside low .. high"
INVENTED = "bars: amount is exactly close x volume"
EVERY = "bars: only every k-th bar trades"
TORN = "bars: opens do not join the closes before"
SUMS = {w: f"bars: {w} is not that of the day by half or more" for w in ("volume", "amount")}
WATCHED = (VWAP, INVENTED, EVERY, TORN, *SUMS.values())


def five_minutes() -> pl.DataFrame:
    """Bars of 5 minutes that a walk in ticks leaves behind; each opens near the last close."""
    rng = np.random.default_rng(3)
    sessions = Calendar.xshg()
    first = sessions.index("2024-03-01")
    rows = []
    for symbol in STOCKS:
        price = 2_000
        for day in sessions.sessions[first : first + N_DAYS].tolist():
            for end in bar_times(5):
                walk = price + rng.integers(-2, 3, 40).cumsum()
                shares = rng.integers(1, 9_999, 40)
                prices = (walk[0] / 100, walk.max() / 100, walk.min() / 100, walk[-1] / 100)
                traded = (int(shares.sum()), float(shares @ walk) / 100)
                rows.append((day, symbol, end, *prices, *traded))
                price = int(np.clip(walk[-1], 1_500, 2_500))
    names = ["date", "symbol", "time", "open", "high", "low", "close", "volume", "amount"]
    return pl.DataFrame(rows, schema=names, orient="row")


@pytest.fixture(scope="module")
def fine() -> pl.DataFrame:
    return five_minutes()


def daily_of(bars: pl.DataFrame) -> pl.DataFrame:
    whole = bars.group_by("date", "symbol", maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("volume").sum(), pl.col("amount").sum(),
    )  # fmt: skip
    before = pl.col("close").shift(1).over("symbol")
    return whole.with_columns(
        preclose=pl.coalesce(before, pl.col("open")),
        adj_factor=pl.lit(1.0),
        suspended=pl.lit(value=False),
    )


def found(bars: pl.DataFrame, freq: int, folder: Path, daily: pl.DataFrame | None = None):
    lake = Lake(folder, create=True)
    kept = bars.filter(pl.col("time").is_in(list(bar_times(freq))))
    grid = bars.select("date", "symbol").unique().join(
        pl.DataFrame({"time": bar_times(freq)}, schema={"time": pl.Time}), how="cross"
    )  # fmt: skip
    full = grid.join(kept, on=["date", "symbol", "time"], how="left").sort("symbol", "date", "time")
    price = pl.coalesce(
        pl.col("close").forward_fill().over("symbol"), pl.col("open").backward_fill().over("symbol")
    )
    full = full.with_columns(
        *(pl.coalesce(c, price).alias(c) for c in ("open", "high", "low", "close")),
        pl.col("volume", "amount").fill_null(0), freq=pl.lit(freq, pl.Int16),
    )  # fmt: skip
    lake.append("bars", full)
    if daily is not None:
        lake.append("daily", daily)
    return quality(lake, freq)


def counts(report) -> dict[str, int]:
    return {n: report.summary()[n] for n in WATCHED if report.summary().get(n)}


N = len(STOCKS) * N_DAYS
FREQS = (1, 5, 10, 15, 30)


def test_honest_bars_have_no_fault(fine: pl.DataFrame, tmp_path: Path) -> None:
    report = found(fine, 5, tmp_path / "lake", daily_of(fine))
    assert counts(report) == {}
    assert set(WATCHED) <= set(report.summary())
    report.demand(0.0)


@pytest.mark.parametrize(
    ("column", "factor", "cause"),
    [
        ("amount", 1e-3, "thousand CNY"),
        ("amount", 1e-4, "ten thousand CNY"),
        ("volume", 100, "twice"),
        ("volume", 0.01, "lots of 100 shares"),
    ],
)
def test_units(fine: pl.DataFrame, tmp_path: Path, column: str, factor: float, cause: str) -> None:
    kind = pl.Int64 if column == "volume" else pl.Float64
    wrong = fine.with_columns((pl.col(column) * factor).cast(kind))
    report = found(wrong, 5, tmp_path / "lake", daily_of(fine))
    assert counts(report) == {VWAP: N, SUMS[column]: N}
    assert cause in report.found[VWAP].cause
    assert report.faults[VWAP]["outside"].to_list() == [48] * N


def test_an_invented_amount_is_counted(fine: pl.DataFrame, tmp_path: Path) -> None:
    report = found(
        fine.with_columns(amount=pl.col("close") * pl.col("volume")), 5, tmp_path / "lake"
    )
    assert counts(report) == {INVENTED: N}
    assert "reader made it" in report.to_text()


@pytest.mark.parametrize("freq", [1])
def test_longer_bars_taken_for_shorter_ones(fine: pl.DataFrame, tmp_path: Path, freq: int) -> None:
    report = found(fine, freq, tmp_path / "lake")
    assert counts(report) == {EVERY: N}
    assert report.faults[EVERY]["every"].unique().to_list() == [5]


@pytest.mark.parametrize(("freq", "part"), [(15, 3), (30, 6)])
def test_shorter_bars_taken_for_longer_ones(
    fine: pl.DataFrame, tmp_path: Path, freq: int, part: int
) -> None:
    report = found(fine, freq, tmp_path / "lake", daily_of(fine))
    got = counts(report)
    assert got[SUMS["volume"]] == got[SUMS["amount"]] == N
    assert f"1/{part} of the day's volume" in report.found[SUMS["volume"]].cause
    alone = found(fine, freq, tmp_path / "alone")
    assert alone.summary()[TORN] > 0.9 * N, "seen without daily rows too"
    assert f"declared as {freq}?" in alone.found[TORN].cause


def test_true_longer_bars_join(fine: pl.DataFrame, tmp_path: Path) -> None:
    place = pl.int_range(pl.len()).over("symbol", "date") // 3
    ends = pl.Series("time", bar_times(15), dtype=pl.Time)
    longer = fine.group_by("date", "symbol", place.alias("i"), maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("volume").sum(), pl.col("amount").sum(),
    )  # fmt: skip
    longer = longer.with_columns(
        time=pl.col("i").map_elements(lambda i: ends[i], return_dtype=pl.Time)
    )
    assert counts(found(longer.drop("i"), 15, tmp_path / "lake", daily_of(fine))) == {}


def test_one_stock_of_a_lake(fine: pl.DataFrame, tmp_path: Path) -> None:
    here = (pl.col("symbol") == "000001.SZ") & (pl.col("date") >= date(2024, 3, 15))
    wrong = fine.with_columns(
        amount=pl.when(here).then(pl.col("amount") / 1000).otherwise("amount")
    )
    report = found(wrong, 5, tmp_path / "lake")
    assert report.faults[VWAP]["symbol"].unique().to_list() == ["000001.SZ"]
    assert report.summary()[VWAP] == wrong.filter(here)["date"].n_unique()


def test_a_bar_alone_is_found(fine: pl.DataFrame, tmp_path: Path) -> None:
    hit = (
        (pl.col("symbol") == "600000.SH")
        & (pl.col("time") == time(10, 0))
        & (pl.col("date") == date(2024, 3, 5))
    )
    wrong = fine.with_columns(amount=pl.when(hit).then(pl.col("amount") * 1.05).otherwise("amount"))
    rows = found(wrong, 5, tmp_path / "lake").faults[VWAP]
    assert rows.select("date", "symbol", "outside").rows() == [(date(2024, 3, 5), "600000.SH", 1)]


def every_kth(bars: pl.DataFrame, k: int) -> pl.DataFrame:
    """Of each stretch of k bars only the last one, as if it were the whole."""
    place = pl.int_range(pl.len()).over("symbol", "date")
    kept = bars.sort("symbol", "date", "time").filter(place % k == k - 1)
    return kept.with_columns(freq=pl.col("freq") * k)


def of_two_stocks(bars: pl.DataFrame) -> pl.DataFrame:
    """Every second bar is at 1.05 times the price: another stock's, or an adjusted one."""
    other = pl.col("time").dt.minute() % 2 == 1
    prices = ("open", "high", "low", "close")
    return bars.with_columns(
        pl.when(other).then((pl.col(c) * 1.05).round(2)).otherwise(c).alias(c) for c in prices
    )


@pytest.fixture(scope="module")
def thin() -> dict[int, pl.DataFrame]:
    """Simulated bars of stocks that trade a few times a minute, by frequency."""
    out = {}
    for freq in FREQS:
        spec = SimulatedSpec(preset="tiny", end=date(2023, 1, 31), freq=freq)  # type: ignore[call-arg]
        frames = [b.frame for b in spec.make().batches() if b.table == "bars"]
        out[freq] = pl.concat(frames).filter(pl.col("symbol") != "000852.SH")
    return out


def torn(bars: pl.DataFrame, folder: Path) -> Fault:
    lake = Lake(folder, create=True)
    lake.append("bars", bars)
    return bar_faults(lake, bars["freq"][0], None)[0][TORN]


@pytest.mark.slow
@pytest.mark.parametrize("freq", FREQS)
def test_thin_bars_join(thin: dict[int, pl.DataFrame], tmp_path: Path, freq: int) -> None:
    fault = torn(thin[freq], tmp_path / "lake")
    assert fault.rows.to_dicts() == []
    assert fault.looked_at > 10, "enough days move by ticks enough"


@pytest.mark.one_in(4)
@pytest.mark.parametrize("freq", [1, 5])
@pytest.mark.parametrize(
    "wrong", [lambda b: every_kth(b, 5 if b["freq"][0] == 1 else 3), of_two_stocks]
)
def test_thin_bars_that_do_not_join(
    thin: dict[int, pl.DataFrame], tmp_path: Path, freq: int, wrong
) -> None:
    fault = torn(wrong(thin[freq]), tmp_path / "lake")
    assert fault.rows.height > 0.8 * fault.looked_at > 10


@pytest.mark.parametrize("apart", [True, False])
def test_an_opening_auction_that_stands_apart_is_part_of_the_day(apart, tmp_path):
    """600 shares at 10.20 before 240 minutes of 100 at 10.00: 2.4 % of the day are no gap of bars,
    unless the bars say that they hold the auction.
    """
    on, symbol = date(2024, 3, 1), "600000.SH"
    flat = dict.fromkeys(("open", "high", "low", "close"), 10.0)
    bar = {"date": on, "symbol": symbol, "freq": 1, **flat, "volume": 100, "amount": 1_000.0}
    lake = Lake(tmp_path / "lake", create=True)
    minutes = pl.DataFrame({"time": bar_times(1)}).with_columns(
        *(pl.lit(v).alias(k) for k, v in bar.items()), auc_in_first=pl.lit(not apart)
    )
    lake.append("bars", shape("bars", minutes))
    auction = {"date": on, "symbol": symbol, "time": time(9, 25), "price": 10.2, "volume": 600,
               "amount": 6_120.0}  # fmt: skip
    lake.append("auctions", shape("auctions", pl.DataFrame([auction])))
    day = {"date": on, "symbol": symbol, **flat, "open": 10.2, "high": 10.2, "preclose": 10.0,
           "volume": 24_600, "amount": 246_120.0, "adj_factor": 1.0,
           "suspended": False}  # fmt: skip
    lake.append("daily", shape("daily", pl.DataFrame([day])))
    _, days = bar_faults(lake, 1, None)
    faults = sum_faults(lake, days, {})
    names = [f"bars: {what} is not the daily {what}" for what in ("open", "high")]
    names += [f"bars: {what} over 0.5 % off the daily {what}" for what in ("volume", "amount")]
    assert [faults[name].rows.height for name in names] == [0 if apart else 1] * 4
