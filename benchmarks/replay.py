"""Ten years of weekly rebalances of 5,000 stocks through the rules of the exchange.

A random market with halts, limits and lots; every week a new portfolio of 300 names. The account
goes on from year to year as it stood, as the replay of a recipe does. What is measured is the
replay: no prices are read and nothing is optimised.

    python benchmarks/replay.py            10 years, 5,000 stocks
    python benchmarks/replay.py --quick    2 years, 1,000 stocks
"""

import argparse
from time import perf_counter

import numpy as np

from intralpha.backtest import MARKET_NAMES, BacktestSpec
from intralpha.backtest.replay import Replay
from intralpha.base import Panel
from intralpha.portfolio import CostSpec

YEAR, WEEK, HELD = 244, 5, 300


def year_of(number: int, assets: np.ndarray, before: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Prices of a year from the closes before it, and its last closes."""
    rng, shape = np.random.default_rng(number), (YEAR, len(assets))
    step = np.clip(0.02 * rng.standard_normal(shape), -0.1, 0.1)
    close = np.round(before * np.exp(np.cumsum(step, axis=0)), 2) + 0.01
    preclose = np.vstack([before, close[:-1]])
    first = np.round(preclose * (1 + 0.01 * rng.standard_normal(shape)), 2) + 0.01
    columns = {
        "open": first,
        "high": np.maximum(first, close),
        "low": np.minimum(first, close),
        "close": close,
        "preclose": preclose,
        "vwap": (first + close) / 2,
        "volume": np.where(rng.random(shape) < 0.02, 0.0, 1e6),
        "adj_factor": np.ones(shape),
        "up_limit": np.round(preclose * 1.1, 2),
        "down_limit": np.round(preclose * 0.9, 2),
        "suspended": np.zeros(shape),
    }
    start = np.datetime64("2014-01-01") + 366 * number
    dates = start + np.arange(YEAR)
    values = np.stack([columns[name] for name in MARKET_NAMES], axis=-1)
    return Panel(values, dates, assets, MARKET_NAMES), close[-1]


def main() -> None:
    """Print seconds and sessions a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    years, count = (2, 1_000) if quick else (10, 5_000)
    assets = np.array([f"{600000 + i}.SH" for i in range(count)])
    rng, closes, standing, took, fills = (
        np.random.default_rng(0),
        np.full(count, 10.0),
        None,
        0.0,
        0,
    )
    spec, costs = BacktestSpec(capital_yuan=1e9), CostSpec()
    for number in range(years):
        market, closes = year_of(number, assets, closes)
        orders = np.zeros((YEAR // WEEK + 1, count))
        for week in orders:
            week[rng.choice(count, HELD, replace=False)] = 1 / HELD
        started = perf_counter()
        run = Replay(market, spec, costs, before=standing)
        for row in range(YEAR):
            run.session(row)
            if row % WEEK == 0:
                run.targets = orders[row // WEEK]
        standing = run.exchange.standing(market.dates[-1], run.targets, closes * 0)
        ledger = run.recorder.ledger()
        took += perf_counter() - started
        fills += ledger.fills.height
    sessions = years * YEAR
    print(f"{years} years, {count:,} stocks, {fills:,} fills: {took:.2f} s")
    print(
        f"RESULT seconds={took:.2f} sessions_per_second={sessions / took:.0f} "
        f"stock_days_per_second={sessions * count / took:.0f} fills_per_second={fills / took:.0f}"
    )


if __name__ == "__main__":
    main()
