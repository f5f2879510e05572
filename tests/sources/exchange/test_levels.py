"""Levels of the simulated market beside real ones, and books that have two sides."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.stats import t as student

from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.latent import FAT_TAIL_DF, _skewed
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.truth import snapshot_rows

YEAR = 244
SESSIONS = (3, 11)


def books(spec: SimulatedSpec) -> pl.DataFrame:
    """States of continuous trading on two sessions, with the day's limits."""
    market = SimulatedMarket(spec)
    floor, parts = Floor(spec.seed, spec.habits, threads=1), []
    for day in list(market.days())[SESSIONS[0] : SESSIONS[1] + 1 : SESSIONS[1] - SESSIONS[0]]:
        rows = snapshot_rows(day, np.array(market.stock_symbols), floor.trade(day)[1])
        limits = {"symbol": market.stock_symbols, "up": day.up_yuan, "down": day.down_yuan}
        parts.append(rows.join(pl.DataFrame(limits), on="symbol"))
    time = pl.col("time")
    morning = time.is_between(34_200_000, 41_399_999)
    return pl.concat(parts).filter(morning | time.is_between(46_800_000, 53_819_999))


def two_sided(rows: pl.DataFrame) -> float:
    """Share of the states with a bid and an ask; those at a price limit are left out."""
    free = (pl.col("last") < pl.col("up") - 0.005) & (pl.col("last") > pl.col("down") + 0.005)
    outside = rows.filter(free)
    assert outside.height > 50_000
    both = pl.col("bid_price1").is_not_null() & pl.col("ask_price1").is_not_null()
    return float(outside.select(both.mean()).item())


def market_of(seed: int, **habits: float) -> SimulatedSpec:
    end = date(2023, 1, 31)
    return SimulatedSpec(n_assets=12, end=end, seed=seed, habits=HabitSpec(**habits))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("orders", [150.0, 950.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_book_has_two_sides_where_no_limit_locks_it(seed: int, orders: float) -> None:
    """In 20,172 real states of five stocks all had (2022-06-01); thin stocks are the hard case."""
    assert two_sided(books(market_of(seed, orders_per_day=orders))) >= 0.995


def test_the_sides_are_there_because_providers_quote_anew() -> None:
    left_alone = market_of(1, orders_per_day=150.0, requote=1e6, deep_share=0.0)
    assert two_sided(books(left_alone)) < 0.9


def levels(seed: int) -> dict[str, float]:
    """From closes alone, without a trade: preset demo with 60 stocks."""
    days = list(SimulatedMarket(SimulatedSpec(n_assets=60, seed=seed)).days())
    index = np.array([d.index_close / d.index_preclose - 1 for d in days])
    close, preclose = (np.array([getattr(d, n) for d in days]) for n in ("close", "preclose"))
    up, down = (np.array([getattr(d, n) for d in days]) for n in ("up_yuan", "down_yuan"))
    known = np.array([d.listed & ~d.halted for d in days]) & np.isfinite(up)
    ret = np.where(known, close / preclose - 1, np.nan)
    others = np.nanmean(ret, axis=1)
    shared = [np.corrcoef(r[k], others[k])[0, 1] ** 2 for r, k in zip(ret.T, known.T, strict=True)]
    return {
        "log return": np.log1p(index).mean() * YEAR,
        "volatility": index.std() * np.sqrt(YEAR),
        "across": float(np.median(np.nanstd(ret, axis=1))),
        "own volatility": float(np.median(np.nanstd(ret, axis=0))),
        "shared": float(np.mean(shared)),
        "up": np.isclose(close / 100, up)[known].mean(),
        "down": np.isclose(close / 100, down)[known].mean(),
    }


@pytest.mark.slow
def test_levels_are_those_of_real_markets_in_every_seed() -> None:
    """Bands: stretches of 366 sessions of CSI 300, 500, 1000 and 961 stocks, 2010 to 2026.

    Taken from the real lakes by benchmarks/market_levels.py, see its results page.
    """
    bands = {
        "log return": (-0.37, 0.62),
        "volatility": (0.106, 0.448),
        "across": (0.0180, 0.0268),
        "own volatility": (0.0191, 0.0418),
        "shared": (0.1665, 0.5309),
        "up": (0.0031, 0.0371),
        "down": (0.0006, 0.0388),
    }
    found = [levels(seed) for seed in range(6)]
    for name, (low, high) in bands.items():
        assert all(low <= f[name] <= high for f in found), name
    assert abs(np.mean([f["log return"] for f in found])) < 0.2


def test_shocks_have_mean_0_and_variance_1_by_quadrature() -> None:
    def moment(power: int) -> float:
        def inner(x: float) -> float:
            return float(_skewed(np.array([[x]]))[0, 0] ** power * student.pdf(x, FAT_TAIL_DF))

        return sum(quad(inner, a, b, limit=200)[0] for a, b in ((-np.inf, 0), (0, np.inf)))

    assert moment(0) == pytest.approx(1, abs=1e-6)
    assert moment(1) == pytest.approx(0, abs=1e-6)
    assert moment(2) == pytest.approx(1, abs=1e-4)
    assert _skewed(np.array([[4.0]])).item() > -_skewed(np.array([[-4.0]])).item()
