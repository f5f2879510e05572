"""Explore: beside plain Polars on a simulated lake, and by hand on a lake of three stocks."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from intralpha.base import Panel
from intralpha.explore import Exploration, HorizonNameError, NoBarsError, explore
from intralpha.labels import fwd_return
from intralpha.market import Lake, bar_times, read_daily
from intralpha.report import render_exploration
from intralpha.sources import SimulatedMarket, SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.index import INDEX

DAYS = [date(2024, 1, d) for d in (2, 3, 4, 5)]
PRICES = {"600000.SH": 10.0, "600001.SH": 20.0, "000001.SZ": 30.0}


def spec(freq: int) -> SimulatedSpec:
    return SimulatedSpec(
        seed=5,
        n_assets=40,
        start=date(2023, 1, 3),
        end=date(2023, 4, 28),
        freq=freq,
        habits=HabitSpec(orders_per_day=150),
    )


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Lake]:
    """One market, once in bars of 15 and once of 30 minutes."""
    made = {}
    for freq in (15, 30):
        made[freq] = Lake(tmp_path_factory.mktemp("lakes") / f"sim{freq}", create=True)
        ingest([spec(freq)], made[freq])
    return made


@pytest.fixture(scope="module")
def found(lakes: dict[int, Lake]) -> Exploration:
    return explore(lakes[15], min_stocks=20)


def figure(x: Exploration, name: str) -> float:
    return x.figures.filter(pl.col("figure") == name)["value"].item()


def acf(x: Exploration, series: str, kind: str = "returns") -> np.ndarray:
    rows = x.correlations.filter(pl.col("series") == series, pl.col("kind") == kind)
    return rows["acf"].to_numpy()


@pytest.mark.slow
def test_the_volume_curve_is_that_of_polars(lakes: dict[int, Lake], found: Exploration) -> None:
    bars = lakes[15].scan("bars", freq=15).filter(pl.col("symbol") != INDEX)
    share = pl.col("volume") / pl.col("volume").sum().over("date", "symbol")
    traded = pl.col("volume").sum().over("date", "symbol") > 0
    rows = bars.filter(traded).with_columns(share=share)
    expected = rows.group_by("time").agg(pl.col("share").mean()).sort("time").collect()
    assert found.curves["time"].to_list() == list(bar_times(15))
    np.testing.assert_allclose(found.curves["volume_share"], expected["share"], rtol=1e-12)
    assert found.curves["volume_share"].sum() == pytest.approx(1.0)
    assert found.curves["spread"].is_nan().all()


def test_daily_figures_are_those_of_numpy(lakes: dict[int, Lake], found: Exploration) -> None:
    table = read_daily(lakes[15], ("filled_close", "traded"))
    bars = set(lakes[15].scan("bars").select("symbol").unique().collect()["symbol"]) - {INDEX}
    table = table.reindex(table.dates, table.assets[[a in bars for a in table.assets]])
    ret = np.full(table["traded"].shape, np.nan)
    ret[1:] = np.diff(np.log(table["filled_close"]), axis=0)
    ret[table["traded"] != 1] = np.nan
    kurtosis = stats.kurtosis(ret, axis=0, nan_policy="omit")
    enough = np.isfinite(ret).sum(axis=0) >= 10
    assert figure(found, "excess kurtosis of daily returns") == pytest.approx(
        np.median(np.asarray(kurtosis)[enough])
    )
    kept = np.isfinite(ret).sum(axis=0) * 2 >= np.isfinite(ret).sum(axis=0).max()
    lag1 = []
    for x in (ret - np.nanmean(ret, axis=0)).T[kept]:
        pairs = x[1:] * x[:-1]
        lag1.append(np.nanmean(pairs) / np.nanmean(x**2))
    assert acf(found, "daily")[1] == pytest.approx(np.mean(lag1))
    assert figure(found, "daily returns lag 1") == acf(found, "daily")[1]


@pytest.mark.slow
def test_longer_bars_are_the_same_market(lakes: dict[int, Lake], found: Exploration) -> None:
    half_hours = explore(lakes[30], min_stocks=20)
    assert half_hours.correlations["series"].unique().sort().to_list() == [
        "30-minute",
        "daily",
        "log daily volume",
        "log realised volatility",
        "rolling one-day",
    ]
    for series in ("30-minute", "rolling one-day", "daily"):
        np.testing.assert_allclose(acf(half_hours, series), acf(found, series), atol=1e-9)
    assert half_hours.rank_ic.equals(found.rank_ic)
    names = ("excess kurtosis of 30-minute returns", "Hill's tail index of 30-minute returns")
    for name in names:
        assert figure(half_hours, name) == pytest.approx(figure(found, name))


def test_every_part_is_there(found: Exploration) -> None:
    for (_, _), rows in found.correlations.group_by("kind", "series", maintain_order=True):
        assert rows["lag"].to_list() == list(range(rows.height))
        assert rows["acf"][0] == pytest.approx(1.0)
        assert rows["pacf"][0] == pytest.approx(1.0)
    rolling = acf(found, "rolling one-day")
    assert len(rolling) == 25
    np.testing.assert_allclose(rolling[:5], 1 - np.arange(5) / 8, atol=0.15)
    assert found.histogram["series"].unique().sort().to_list() == [
        "15-minute",
        "30-minute",
        "daily",
    ]
    assert found.lead_lag.group_by("series", maintain_order=True).len().rows() == [
        ("15-minute", 21),
        ("daily", 11),
    ]
    assert set(found.rank_ic["factor"]) >= {"ret20", "vol20", "ln_amount20", "reversal5"}
    assert set(found.rank_ic["horizon"]) == {1, 5, 10, 20}
    assert found.oracle is None
    assert "RankIC of ret20, 5 sessions" in found.to_text()


def test_a_period_is_cut_out(lakes: dict[int, Lake]) -> None:
    some = explore(lakes[15], 15, date(2023, 2, 4), date(2023, 3, 5))
    assert some.facts["period"] == "2023-02-06 to 2023-03-03, 20 sessions"
    daily = some.correlations.filter(pl.col("series") == "daily", pl.col("kind") == "returns")
    assert daily["lag"].max() == 5


def test_what_is_not_there_is_said(lakes: dict[int, Lake], tmp_path: Path) -> None:
    with pytest.raises(NoBarsError, match=r"no bars of 30 minutes .* \(minutes\): 15\."):
        explore(lakes[15], 30)
    with pytest.raises(NoBarsError, match="from 2030-01-01"):
        explore(lakes[15], start=date(2030, 1, 1))
    with pytest.raises(NoBarsError, match="none"):
        explore(Lake(tmp_path / "empty", create=True))


@pytest.mark.slow
def test_an_oracle_shows_its_decay(lakes: dict[int, Lake]) -> None:
    truth = SimulatedMarket(spec(15)).true_expected_return((1, 5))
    x = explore(lakes[15], oracle=truth, min_stocks=20)
    assert x.oracle is not None
    assert x.oracle.select("factor", "horizon").rows() == [("oracle", 1), ("oracle", 5)]
    assert (x.oracle["dates"] > 60).all()
    perfect = fwd_return(lakes[15], truth.dates, truth.assets, 1, 6)
    perfect = Panel(perfect.values, perfect.dates, perfect.assets, ("h5",))
    best = explore(lakes[15], oracle=perfect, min_stocks=20).oracle
    assert best is not None
    assert best["rank_ic"].to_list() == [1.0]
    nameless = Panel(perfect.values, perfect.dates, perfect.assets, ("best",))
    with pytest.raises(HorizonNameError, match="'best'"):
        explore(lakes[15], oracle=nameless)


def made_by_hand(root: Path) -> Lake:
    """Three stocks, four sessions of 30-minute bars, the third without bars; quotes on one."""
    lake = Lake(root, create=True)
    daily, bars, quotes = [], [], []
    for i, (symbol, price) in enumerate(PRICES.items()):
        for d, day in enumerate(DAYS):
            close = price * 1.01**d
            ohlc = {"open": close, "high": close, "low": close, "close": close}
            row = {"date": day, "symbol": symbol, **ohlc, "preclose": close, "volume": 800}
            daily.append(row | {"adj_factor": 1.0, "suspended": False})
            if d == 2:
                continue
            for b, time in enumerate(bar_times(30)):
                shares = 400 if b == 0 else 0 if b == 3 else 50 if b in (1, 2) else 75
                row = {"date": day, "freq": 30, "symbol": symbol, "time": time, **ohlc}
                bars.append(row | {"volume": shares, "amount": shares * close})
        for clock, ask in ((35_000_000, 1.001), (36_000_000, 1.003), (53_900_000, 1.5)):
            row = {"date": DAYS[0], "symbol": symbol, "time": clock + i, "last": price}
            row |= {"volume": 0, "amount": 0.0, "bid_price1": price, "ask_price1": price * ask}
            quotes.append(row)
    quotes.append(quotes[0] | {"time": 35_100_000, "ask_price1": 0.0})
    lake.append("daily", pl.DataFrame(daily))
    lake.append("bars", pl.DataFrame(bars))
    lake.append("snapshots", pl.DataFrame(quotes))
    return lake


def test_by_hand(tmp_path: Path) -> None:
    x = explore(made_by_hand(tmp_path / "hand"))
    curve = np.array([400, 50, 50, 0, 75, 75, 75, 75]) / 800
    np.testing.assert_allclose(x.curves["volume_share"], curve)
    assert figure(x, "bars without trades") == pytest.approx(1 / 8)
    assert figure(x, "bars with trades that do not move") == 1.0
    # Two snapshots from 09:30 to 10:00 and the one at 10:00; 14:58 is the closing auction.
    spread = [2 * 0.001 / 2.001, 2 * 0.003 / 2.003]
    np.testing.assert_allclose(x.curves["spread"].to_numpy()[:2], spread)
    assert x.curves["spread"].is_nan().to_list() == [False, False] + [True] * 6
    quoted = figure(x, "quoted, from snapshots")
    assert quoted == pytest.approx(np.mean(spread))
    assert x.facts["period"] == "2024-01-02 to 2024-01-05, 4 sessions"
    assert np.isnan(figure(x, "Hill's tail index of daily returns"))


def test_a_page_of_a_lake_that_says_little(tmp_path: Path) -> None:
    x = explore(made_by_hand(tmp_path / "hand"))
    page = render_exploration(x, tmp_path / "explore.html").read_text(encoding="utf-8")
    assert "Quoted spread by bar" in page
    assert "<td>–</td>" in page
