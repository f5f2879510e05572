"""Weekly rebalances of an index-enhancement portfolio: our program against CVXPY and SciPy.

The same problem is given to all: fully invested, stock band, styles, industries, share of members,
turnover from the drifted holdings of the week before, blocked names, trading costs in the
objective. Objectives must agree to 1e-6, or the benchmark fails. Times are the whole of what a
user waits for: building the problem and solving it.

    python benchmarks/portfolio.py            5,000 names, 12 weeks
    python benchmarks/portfolio.py --quick    1,000 names, 4 weeks
"""

import argparse
import os
import platform
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from time import perf_counter

import numpy as np

from intralpha.portfolio import CostSpec, PortfolioSpec, Snapshot

COSTS = CostSpec(buy_bps=10, sell_bps=20)
STYLES, INDUSTRIES = 10, 30
SPEC = PortfolioSpec(
    stock_deviation=0.01,
    industry_deviation=0.02,
    style_bounds={f"s{k}": 0.3 for k in range(STYLES)},
    member_min_share=0.8,
    turnover_one_sided=0.2,
    costs=COSTS,
    cost_weight=20.0,
)


@dataclass(frozen=True)
class Week:
    """One rebalance as numbers."""

    snapshot: Snapshot
    past: np.ndarray


def make_weeks(names: int, weeks: int, seed: int = 0) -> list[Week]:
    """Drifting benchmark and holdings, a signal that fades, 3 % of the names blocked each week."""
    rng = np.random.default_rng(seed)
    member = np.zeros(names, dtype=bool)
    member[rng.choice(names, names // 5, replace=False)] = True
    cap = np.where(member, np.exp(rng.standard_normal(names)), 0.0)
    exposures = rng.standard_normal((names, STYLES))
    industry = rng.integers(0, INDUSTRIES, names).astype(np.int32)
    alpha, held, out = rng.standard_normal(names), np.zeros(names), []
    problem = SPEC.make()
    for week in range(weeks + 1):
        growth = np.exp(0.04 * rng.standard_normal(names))
        cap, held = cap * growth, held * growth
        held = held / held.sum() if held.any() else held
        alpha = 0.8 * alpha + 0.6 * rng.standard_normal(names)
        draw = rng.random(names)
        snapshot = Snapshot(
            date=np.datetime64("2024-01-05", "D") + np.timedelta64(7 * week, "D"),
            assets=np.array([f"{i:06d}.SH" for i in range(names)]),
            alpha=alpha,
            benchmark=cap / cap.sum(),
            exposures=exposures,
            exposure_names=tuple(f"s{k}" for k in range(STYLES)),
            industry=industry,
            member=member,
            can_buy=draw > 0.02,
            can_sell=(draw < 0.01) | (draw > 0.03),
        )
        if week:  # the first rebalance, with nothing held, is not timed
            out.append(Week(snapshot, held))
        held = problem.solve(snapshot, held).weights
    return out


def bounds(week: Week) -> tuple[np.ndarray, np.ndarray]:
    """Box of every weight, tradability included."""
    s, past = week.snapshot, week.past
    lower = np.maximum(s.benchmark - SPEC.stock_deviation, 0)
    upper = np.where(s.member, s.benchmark + SPEC.stock_deviation, SPEC.stock_deviation)
    upper = np.where(s.can_buy, upper, np.minimum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    lower = np.where(s.can_sell, lower, np.maximum(lower, past))
    return lower, np.where(s.can_sell, upper, np.maximum(upper, past))


def with_cvxpy(week: Week) -> float:
    """Objective by CVXPY and HiGHS, as one would write it."""
    import cvxpy as cp

    s, past = week.snapshot, week.past
    lower, upper = bounds(week)
    w, style = cp.Variable(len(past)), np.array(list(SPEC.style_bounds.values()))
    active, onehot = w - s.benchmark, np.eye(INDUSTRIES)[s.industry]
    constraints = [
        cp.sum(w) == 1,
        w >= lower,
        w <= upper,
        s.exposures.T @ active <= style,
        s.exposures.T @ active >= -style,
        onehot.T @ active <= SPEC.industry_deviation,
        onehot.T @ active >= -SPEC.industry_deviation,
        s.member.astype(float) @ w >= SPEC.member_min_share,
        cp.norm1(w - past) <= 2 * SPEC.turnover_one_sided,
    ]
    cost = 0.001 * cp.sum(cp.pos(w - past)) + 0.002 * cp.sum(cp.pos(past - w))
    problem = cp.Problem(cp.Maximize(s.alpha @ active - SPEC.cost_weight * cost), constraints)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


def with_scipy(week: Week) -> float:
    """Objective by scipy.optimize.linprog (HiGHS) on sparse matrices, w = w0 + b - s."""
    from scipy import sparse
    from scipy.optimize import linprog

    s, past = week.snapshot, week.past
    lower, upper = bounds(week)
    count = len(past)
    onehot = np.eye(INDUSTRIES)[s.industry]
    a = np.hstack([s.exposures, onehot])
    width = np.array([*SPEC.style_bounds.values(), *[SPEC.industry_deviation] * INDUSTRIES])
    middle = a.T @ (s.benchmark - past)
    rows = np.vstack([a.T, -a.T, -s.member[None, :].astype(float)])
    limits = np.concatenate([middle + width, width - middle, [s.member @ past - 0.8]])
    half = sparse.csr_matrix(rows)
    trades = sparse.csr_matrix(np.ones((1, 2 * count)))
    cost = SPEC.cost_weight
    result = linprog(
        np.concatenate([-s.alpha + cost * 0.001, s.alpha + cost * 0.002]),
        A_ub=sparse.vstack([sparse.hstack([half, -half]), trades]),
        b_ub=np.concatenate([limits, [2 * SPEC.turnover_one_sided]]),
        A_eq=sparse.csr_matrix(np.concatenate([np.ones(count), -np.ones(count)])[None, :]),
        b_eq=[1 - past.sum()],
        bounds=np.column_stack(
            [
                np.concatenate([np.maximum(lower - past, 0), np.maximum(past - upper, 0)]),
                np.concatenate([np.maximum(upper - past, 0), np.maximum(past - lower, 0)]),
            ]
        ),
        method="highs",
    )
    return float(-result.fun + s.alpha @ (past - s.benchmark))


def timed(solve, weeks: list[Week]) -> tuple[list[float], list[float]]:
    """Seconds and objective of every week, after one warm-up."""
    solve(weeks[0])
    seconds, values = [], []
    for week in weeks:
        start = perf_counter()
        values.append(solve(week))
        seconds.append(perf_counter() - start)
    return seconds, values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 names, 4 weeks")
    quick = parser.parse_args().quick
    names, weeks = (1_000, 4) if quick else (5_000, 12)
    problem, world = SPEC.make(), make_weeks(names, weeks)

    def ours(week: Week) -> float:
        solution = problem.solve(week.snapshot, week.past)
        if solution.relaxed:
            raise SystemExit(f"{week.snapshot.date}: relaxed, the comparison would not be fair")
        return solution.objective

    print(f"{names} names, {weeks} weeks; {platform.processor() or platform.machine()},", end=" ")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}")
    seconds, values = timed(ours, world)
    mine = median(seconds)
    print(f"{'intralpha':<22}{1e3 * mine:9.1f} ms a solve (max {1e3 * max(seconds):.1f})")
    ratios = {"cvxpy": float("nan"), "scipy": float("nan")}
    for name, solve in (("cvxpy", with_cvxpy), ("scipy", with_scipy)):
        if find_spec(name) is None:
            print(f"{name:<22} not installed")
            continue
        seconds, other = timed(solve, world)
        worst = float(np.abs(np.array(other) - np.array(values)).max())
        if worst > 1e-6:
            raise SystemExit(f"{name} finds another objective: differs by {worst:.3g}")
        ratios[name] = median(seconds) / mine
        print(
            f"{name + ' + HiGHS':<22}{1e3 * median(seconds):9.1f} ms, objective within {worst:.1e}"
        )
    print(
        f"RESULT x_cvxpy={ratios['cvxpy']:.2f} x_scipy={ratios['scipy']:.2f} "
        f"ms_per_solve={1e3 * mine:.2f}"
    )


if __name__ == "__main__":
    main()
