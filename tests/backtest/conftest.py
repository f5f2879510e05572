"""Markets for the replay: one from a table of prices, and random ones with halts and limits."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from intralpha.backtest import MARKET_NAMES
from intralpha.base import Panel


def market_of(dates: np.ndarray, assets: np.ndarray, columns: dict[str, np.ndarray]) -> Panel:
    """Panel of the market; what is not given follows from the close: flat bars, no limits."""
    close = columns["close"]
    before = np.vstack([close[:1], close[:-1]])
    given = {
        "open": close,
        "high": close,
        "low": close,
        "vwap": close,
        "preclose": before,
        "volume": np.full(close.shape, 1e6),
        "adj_factor": np.ones(close.shape),
        "up_limit": np.full(close.shape, np.nan),
        "down_limit": np.full(close.shape, np.nan),
        "suspended": np.zeros(close.shape),
    } | columns
    values = np.stack([given[name].astype(np.float64) for name in MARKET_NAMES], axis=-1)
    return Panel(values, dates, assets, MARKET_NAMES)


def weights_of(dates: list, assets: np.ndarray, rows: list[list[float]]) -> Panel:
    """Target weights dated by decision."""
    days = np.array(dates, dtype="datetime64[D]")
    return Panel(np.array(rows, dtype=np.float64)[:, :, None], days, assets, ("weight",))


def random_market(seed: int, days: int = 25, count: int = 12) -> tuple[Panel, pl.DataFrame]:
    """Prices on ticks with halts, absent rows, limit days, splits and dividends; the actions."""
    rng = np.random.default_rng(seed)
    dates = np.busday_offset("2024-01-02", np.arange(days))
    numbers = ["600", "688", "300", "000"]
    assets = np.array(
        [f"{numbers[i % 4]}{i:03d}.{'SH' if i % 4 < 2 else 'SZ'}" for i in range(count)]
    )
    shape = (days, count)
    c = {name: np.full(shape, np.nan) for name in MARKET_NAMES}
    close, factor = rng.integers(500, 6000, count) / 100, np.ones(count)
    actions = []
    for d in range(days):
        bonus = np.where((rng.random(count) < 0.03) & (d > 0), rng.choice([0.3, 0.5, 1.0]), 0.0)
        cash = np.where((rng.random(count) < 0.03) & (d > 0), 0.2, 0.0)
        before = np.round((close - cash) / (1 + bonus), 2)
        factor = factor * close / before
        actions += [
            (assets[i], dates[d].item(), bonus[i], cash[i], 0.0, 0.0)
            for i in np.flatnonzero((bonus > 0) | (cash > 0))
        ]
        up, down = np.round(before * 1.1, 2), np.round(before * 0.9, 2)
        at = np.clip(np.round(before * np.exp(0.05 * rng.standard_normal(count)), 2), down, up)
        halted, absent = rng.random(count) < 0.06, rng.random(count) < 0.03
        close = np.where(halted | absent, before, at)
        c["open"][d] = np.where(halted, before, np.clip(before, down, up))
        c["high"][d], c["low"][d] = np.maximum(close, c["open"][d]), np.minimum(close, c["open"][d])
        c["close"][d], c["preclose"][d], c["adj_factor"][d] = close, before, factor
        c["vwap"][d] = np.where(halted, before, (close + c["open"][d]) / 2)
        locked = (rng.random(count) < 0.05) & ~halted
        for name in ("open", "high", "low", "vwap", "close"):
            c[name][d] = np.where(locked, up, c[name][d])
        close = np.where(locked & ~absent, up, close)
        c["volume"][d] = np.where(halted, 0.0, 1e6)
        c["up_limit"][d], c["down_limit"][d] = up, down
        c["suspended"][d] = halted
        for name in MARKET_NAMES:
            c[name][d] = np.where(absent, np.nan, c[name][d])
    schema = ["symbol", "ex_date", "bonus_ratio", "cash_yuan", "rights_ratio", "rights_price"]
    types = {"symbol": pl.String, "ex_date": pl.Date} | dict.fromkeys(schema[2:], pl.Float64)
    values = np.stack([c[name] for name in MARKET_NAMES], axis=-1)
    frame = pl.DataFrame(actions, schema=types, orient="row")
    return Panel(values, dates, assets, MARKET_NAMES), frame


def random_targets(market: Panel, seed: int, every: int = 3) -> Panel:
    """A new random portfolio every few sessions."""
    rng = np.random.default_rng(seed)
    dates = market.dates[::every]
    raw = rng.random((len(dates), len(market.assets)))
    raw = np.where(rng.random(raw.shape) < 0.5, raw, 0.0) + 1e-3
    return Panel((raw / raw.sum(axis=1, keepdims=True))[:, :, None], dates, market.assets, ("w",))


@pytest.fixture(scope="session")
def make_market() -> Callable[..., Panel]:
    return market_of


@pytest.fixture(scope="session")
def make_targets() -> Callable[..., Panel]:
    return weights_of


@pytest.fixture(scope="session")
def any_market() -> Callable[..., tuple[Panel, pl.DataFrame]]:
    return random_market


@pytest.fixture(scope="session")
def any_targets() -> Callable[..., Panel]:
    return random_targets
