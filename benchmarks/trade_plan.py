"""Several trades planned over a predicted sequence, beside one trade at a time.

* worth: a simulated year of weeks on 200 names. The signal has a part that fades within two weeks
  and a slow one, and both are known. Each plan is worth what its weights earn in the next week,
  less costs, at equal settings: ``week`` looks one week ahead, ``sum`` takes five weeks for one,
  ``plan`` plans five trades.
* seconds: five trades of a portfolio of many names in one problem, beside five problems of one;
  and two trades with a tracking error of 4 % by 40 factors, beside one.

    python benchmarks/trade_plan.py            5,000 names
    python benchmarks/trade_plan.py --quick    1,000 names
"""

import argparse
from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np

from intralpha.portfolio import (
    ActiveReturn,
    CostSpec,
    FullyInvested,
    IndustryBand,
    Problem,
    Snapshot,
    StockDeviation,
    TrackingError,
    TradingCost,
    Turnover,
    plan_trades,
)
from intralpha.risk import RiskEstimate

COSTS, WEEKS, AHEAD = CostSpec(buy_bps=10, sell_bps=20), 52, 5
FADES = np.array([0.3, 0.95])


def snapshot_of(benchmark: np.ndarray) -> Snapshot:
    """Nothing but names, all of them tradable, in 30 industries."""
    count, free = len(benchmark), np.ones(len(benchmark), dtype=bool)
    return Snapshot(
        date=np.datetime64("2024-01-05", "D"),
        assets=np.array([f"{i:06d}.SH" for i in range(count)]),
        alpha=np.zeros(count),
        benchmark=benchmark,
        exposures=np.zeros((count, 0)),
        exposure_names=(),
        industry=np.arange(count) % 30,
        member=benchmark > 0,
        can_buy=free,
        can_sell=free,
    )


def problem(band: float) -> Problem:
    """Returns less costs, in the same units."""
    parts = [FullyInvested(), StockDeviation(band), IndustryBand(0.02), Turnover(0.2)]
    return Problem(ActiveReturn() - TradingCost(COSTS), parts, min_weight=0.0)


def worth(size: float, seed: int) -> dict[str, float]:
    """Excess of a year less costs, by way of planning.

    Parameters
    ----------
    size : standard deviation of each part of a week's expected return
    seed : of the market
    """
    rng, count = np.random.default_rng(seed), 200
    benchmark, parts = np.full(count, 1 / count), np.zeros((2, count))
    held = {name: benchmark.copy() for name in ("week", "sum", "plan")}
    earned = dict.fromkeys(held, 0.0)
    for _ in range(WEEKS):
        noise = size * np.sqrt(1 - FADES**2)[:, None] * rng.standard_normal((2, count))
        parts = FADES[:, None] * parts + noise
        paths = [(parts * (FADES**k)[:, None]).sum(axis=0) for k in range(AHEAD)]
        choices = {"week": paths[:1], "sum": [np.sum(paths, axis=0)], "plan": paths}
        for name, signals in choices.items():
            first = plan_trades(problem(0.01), snapshot_of(benchmark), signals, held[name]).first
            moved = first - held[name]
            cost = 0.001 * moved[moved > 0].sum() - 0.002 * moved[moved < 0].sum()
            earned[name] += float(paths[0] @ (first - benchmark)) - cost
            held[name] = first
    return earned


def seconds(count: int) -> tuple[float, float]:
    """Median seconds of five trades planned at once, and of five problems of one trade.

    Parameters
    ----------
    count : names; a fifth of them is in the index
    """
    rng = np.random.default_rng(0)
    benchmark = np.where(np.arange(count) < count // 5, np.exp(rng.standard_normal(count)), 0.0)
    benchmark /= benchmark.sum()
    snapshot, one, took = snapshot_of(benchmark), problem(0.01), ([], [])
    for _ in range(3):
        signals = [0.003 * rng.standard_normal(count) for _ in range(AHEAD)]
        started = perf_counter()
        plan_trades(one, snapshot, signals, benchmark)
        took[0].append(perf_counter() - started)
        started = perf_counter()
        for signal in signals:
            plan_trades(one, snapshot, [signal], benchmark)
        took[1].append(perf_counter() - started)
    return median(took[0]), median(took[1])


def curved_seconds(count: int) -> tuple[float, float, float]:
    """Seconds of two trades with a tracking error and of one, and the larger gap.

    Parameters
    ----------
    count : names; a fifth of them is in the index
    """
    rng = np.random.default_rng(1)
    benchmark = np.where(np.arange(count) < count // 5, np.exp(rng.standard_normal(count)), 0.0)
    benchmark /= benchmark.sum()
    plain, root = snapshot_of(benchmark), 0.001 * rng.standard_normal((40, 40))
    names = tuple(f"f{k}" for k in range(40))
    loadings = rng.standard_normal((count, 40))
    variances = rng.uniform(0.01, 0.03, count) ** 2
    risk = RiskEstimate(plain.assets, names, loadings, root @ root.T, variances)
    one, snapshot = problem(0.01), replace(plain, risk=risk)
    te = replace(one, subject_to=(*one.subject_to, TrackingError(0.04)))
    signals, took, gap = [0.003 * rng.standard_normal(count) for _ in range(2)], [], 0.0
    for trades in (2, 1):
        started = perf_counter()
        found = plan_trades(te, snapshot, signals[:trades], benchmark)
        took.append(perf_counter() - started)
        gap = max(gap, found.residuals.gap / found.objective)
    return took[0], took[1], gap


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    seeds = range(1 if given.quick else 4)
    ratios = []
    print(
        "size of a week's return   week     sum    plan   (excess of a year less costs, per cent)"
    )
    for size in (0.001, 0.002, 0.003, 0.005):
        found = [worth(size, seed) for seed in seeds]
        mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        print(f"{size:<22}", *(f"{100 * mean[name]:8.2f}" for name in mean))
        ratios.append((mean["plan"] / mean["sum"], mean["plan"] / mean["week"]))
    names = 1_000 if given.quick else 5_000
    together, apart = seconds(names)
    print(f"{names:,} names: {together:.2f} s for {AHEAD} trades at once, {apart:.2f} s one by one")
    curved, single, gap = curved_seconds(names)
    print(f"tracking error: {curved:.2f} s for two trades at once, {single:.2f} s for one, "
          f"largest gap {gap:.0e} of the objective")  # fmt: skip
    to_sum, to_week = np.array(ratios).T
    print(
        f"RESULT x_sum_least={to_sum.min():.3f} x_sum_most={to_sum.max():.3f} "
        f"x_week_least={to_week.min():.3f} x_week_most={to_week.max():.3f} "
        f"seconds_plan={together:.3f} seconds_curved={curved:.3f}"
    )


if __name__ == "__main__":
    main()
