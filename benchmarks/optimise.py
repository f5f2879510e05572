"""Weekly rebalances of an index-enhancement portfolio beside CVXPY, SciPy and qlib.

A year of weeks in sequence: 5,000 names, 1,000 of them in the index, 30 industries, 10 styles.

* linear: fully invested, stock band, styles, industries, share of members, turnover from the
  drifted holdings, blocked names, trading costs in the objective; CVXPY with HiGHS, SciPy's linprog
* tracking error: the same with a cap on the tracking error by 41 factors; CVXPY with Clarabel
* qlib's own: signal less variance, stock band, bands of all factors, turnover, suspended names;
  EnhancedIndexingOptimizer with Clarabel in place of ECOS, in an environment of its own

Ours starts each week from the prices of the week before and must be certified over all names: no
violator, duality gap within 1e-6. Others are given some of these weeks, the same ones, and must
find the same objective to 1e-6, or the benchmark fails. Times are the whole of what a user waits
for: building the problem and solving it.

    python benchmarks/optimise.py            52 weeks, others on 4 of them
    python benchmarks/optimise.py --quick    1,000 names, 200 in the index, 6 weeks, others on 2
    python benchmarks/optimise.py --qlib PYTHON    an interpreter that has qlib
"""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    CostSpec,
    FullyInvested,
    PortfolioSpec,
    Problem,
    RiskAversion,
    Snapshot,
    Solution,
    StockDeviation,
    StyleBand,
    Turnover,
)
from intralpha.risk import RiskEstimate

HERE = Path(__file__).resolve().parent
STYLES, INDUSTRIES, SESSIONS = 10, 30, 244
FACTORS = STYLES + INDUSTRIES + 1
LINEAR = PortfolioSpec(
    stock_deviation=0.01,
    industry_deviation=0.02,
    style_bounds={f"f{k}": 0.3 for k in range(STYLES)},
    member_min_share=0.8,
    turnover_one_sided=0.2,
    costs=CostSpec(buy_bps=10, sell_bps=20),
    cost_weight=20.0,
)
CONE = LINEAR.model_copy(update={"tracking_error": 0.03})
AVERSION, TWO_SIDED, DEVIATION = 3e4, 0.4, 0.01
WIDTH = np.array([0.3] * STYLES + [0.02] * INDUSTRIES + [1.0])


@dataclass(frozen=True)
class Week:
    """One rebalance as numbers, and what was found."""

    snapshot: Snapshot
    past: np.ndarray
    solution: Solution


def make_dates(names: int, weeks: int) -> list[Snapshot]:
    """A drifting benchmark, a signal that fades, 3 % of the names blocked each week."""
    rng = np.random.default_rng(0)
    member = np.zeros(names, dtype=bool)
    member[rng.choice(names, names // 5, replace=False)] = True
    cap = np.where(member, np.exp(rng.standard_normal(names)), 0.0)
    industry = rng.integers(0, INDUSTRIES, names).astype(np.int32)
    onehot, styles = np.eye(INDUSTRIES)[industry], rng.standard_normal((names, STYLES))
    loadings = np.hstack([styles, onehot, np.ones((names, 1))])
    sd = np.concatenate(
        [rng.uniform(0.02, 0.06, STYLES), rng.uniform(0.05, 0.1, INDUSTRIES), [0.2]]
    )
    draws = sd[:, None] * rng.standard_normal((FACTORS, 3 * FACTORS))
    cov = draws @ draws.T / (3 * FACTORS * SESSIONS)
    specific = rng.uniform(0.2, 0.5, names) ** 2 / SESSIONS
    symbols, factors = np.array([f"{i:06d}.SH" for i in range(names)]), _factors()
    risk = RiskEstimate(symbols, factors, loadings, (cov + cov.T) / 2, specific)
    alpha, out = rng.standard_normal(names), []
    for week in range(weeks + 1):
        cap = cap * np.exp(0.04 * rng.standard_normal(names))
        alpha = 0.8 * alpha + 0.6 * rng.standard_normal(names)
        draw = rng.random(names)
        out.append(
            Snapshot(
                date=np.datetime64("2024-01-05", "D") + np.timedelta64(7 * week, "D"),
                assets=symbols,
                alpha=alpha,
                benchmark=cap / cap.sum(),
                exposures=loadings,
                exposure_names=factors,
                industry=industry,
                member=member,
                can_buy=draw > 0.02,
                can_sell=(draw < 0.01) | (draw > 0.03),
                risk=risk,
            )
        )
    return out


def _factors() -> tuple[str, ...]:
    return tuple(f"f{k}" for k in range(FACTORS))


def in_sequence(problem: Problem, dates: list[Snapshot]) -> tuple[list[float], list[Week]]:
    """Seconds and results of every week but the first, which starts from nothing."""
    rng = np.random.default_rng(1)
    held, start, seconds, weeks = dates[0].benchmark, None, [], []
    for snapshot in dates:
        started = perf_counter()
        found = problem.solve(snapshot, held, start)
        seconds.append(perf_counter() - started)
        residuals = found.residuals
        if residuals.violators or residuals.gap > 1e-6 or residuals.primal > 1e-7:
            raise SystemExit(f"{snapshot.date}: no certificate: {residuals}")
        if found.relaxed:
            raise SystemExit(f"{snapshot.date}: relaxed, the comparison would not be fair")
        weeks.append(Week(snapshot, held, found))
        growth = found.weights * np.exp(0.04 * rng.standard_normal(len(held)))
        held, start = growth / growth.sum(), found.prices
    return seconds[1:], weeks[1:]


def bounds(week: Week) -> tuple[np.ndarray, np.ndarray]:
    """Box of every weight, tradability included."""
    s, past = week.snapshot, week.past
    lower = np.maximum(s.benchmark - LINEAR.stock_deviation, 0)
    upper = np.where(s.member, s.benchmark + LINEAR.stock_deviation, LINEAR.stock_deviation)
    upper = np.where(s.can_buy, upper, np.minimum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    lower = np.where(s.can_sell, lower, np.maximum(lower, past))
    return lower, np.where(s.can_sell, upper, np.maximum(upper, past))


def with_cvxpy(week: Week, tracking_error: float | None) -> float:
    """Objective by CVXPY as one would write it: HiGHS, or Clarabel with the factor form's cone."""
    import cvxpy as cp

    s, past = week.snapshot, week.past
    lower, upper = bounds(week)
    w = cp.Variable(len(past))
    active, onehot, styles = (
        w - s.benchmark,
        np.eye(INDUSTRIES)[s.industry],
        s.exposures[:, :STYLES],
    )
    constraints = [
        cp.sum(w) == 1,
        w >= lower,
        w <= upper,
        styles.T @ active <= 0.3,
        styles.T @ active >= -0.3,
        onehot.T @ active <= LINEAR.industry_deviation,
        onehot.T @ active >= -LINEAR.industry_deviation,
        s.member.astype(float) @ w >= LINEAR.member_min_share,
        cp.norm1(w - past) <= 2 * LINEAR.turnover_one_sided,
    ]
    if tracking_error is not None:
        root = np.linalg.cholesky(SESSIONS * s.risk.factor_cov_KK)
        by_factor = root.T @ (s.risk.loadings_AK.T @ active)
        own = cp.multiply(np.sqrt(SESSIONS * s.risk.specific_var_A), active)
        constraints.append(cp.norm(cp.hstack([by_factor, own])) <= tracking_error)
    cost = 0.001 * cp.sum(cp.pos(w - past)) + 0.002 * cp.sum(cp.pos(past - w))
    problem = cp.Problem(cp.Maximize(s.alpha @ active - LINEAR.cost_weight * cost), constraints)
    problem.solve(solver=cp.HIGHS if tracking_error is None else cp.CLARABEL)
    return float(problem.value)


def with_scipy(week: Week) -> float:
    """Objective by scipy.optimize.linprog (HiGHS) on sparse matrices, w = w0 + b - s."""
    from scipy import sparse
    from scipy.optimize import linprog

    s, past = week.snapshot, week.past
    lower, upper = bounds(week)
    a = np.hstack([s.exposures[:, :STYLES], np.eye(INDUSTRIES)[s.industry]])
    width = WIDTH[:-1]
    middle = a.T @ (s.benchmark - past)
    rows = sparse.csr_matrix(np.vstack([a.T, -a.T, -s.member[None, :].astype(float)]))
    limits = np.concatenate([middle + width, width - middle, [s.member @ past - 0.8]])
    count, cost = len(past), LINEAR.cost_weight
    result = linprog(
        np.concatenate([-s.alpha + cost * 0.001, s.alpha + cost * 0.002]),
        A_ub=sparse.vstack(
            [sparse.hstack([rows, -rows]), sparse.csr_matrix(np.ones((1, 2 * count)))]
        ),
        b_ub=np.concatenate([limits, [2 * LINEAR.turnover_one_sided]]),
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


def suspended(snapshot: Snapshot) -> Snapshot:
    """qlib knows names that keep their weight, but none that can only be bought or sold."""
    free = snapshot.can_buy & snapshot.can_sell
    return replace(snapshot, can_buy=free, can_sell=free)


def common_problem() -> Problem:
    """What qlib's optimiser solves, in our terms."""
    bands = [StyleBand(name, float(width)) for name, width in zip(_factors(), WIDTH, strict=True)]
    parts = (FullyInvested(), StockDeviation(DEVIATION), *bands, Turnover(TWO_SIDED / 2), Blocked())
    return Problem(ActiveReturn() - AVERSION * RiskAversion(), parts)


def with_qlib(python: Path, weeks: list[Week]) -> list[float] | None:
    """Seconds by qlib; None where it is not installed."""
    probe = [str(python), "-c", "import qlib"]
    if not python.is_file() or subprocess.run(probe, capture_output=True, check=False).returncode:
        print("qlib is not installed: make bench-qlib")
        return None
    with TemporaryDirectory() as name:
        folder = Path(name)
        for k, week in enumerate(weeks):
            s = week.snapshot
            np.savez(
                folder / f"week{k:02}.npz", alpha=s.alpha, loadings=s.risk.loadings_AK,
                cov=s.risk.factor_cov_KK, specific=s.risk.specific_var_A, past=week.past,
                benchmark=s.benchmark, blocked=~s.can_buy, width=WIDTH, aversion=AVERSION,
                two_sided=TWO_SIDED, deviation=DEVIATION,
            )  # fmt: skip
        script = HERE / "common" / "qlib_optimise.py"
        subprocess.run(
            [str(python), str(script), str(folder)], check=True, stderr=subprocess.DEVNULL
        )
        for week, weights in zip(weeks, np.load(folder / "weights.npy"), strict=True):
            s, active = week.snapshot, weights - week.snapshot.benchmark
            value = float(s.alpha @ active - AVERSION * s.risk.variance(active))
            _agree("qlib", value, week.solution.objective)
        return json.loads((folder / "seconds.json").read_text())


def timed(name: str, solve: Callable[[Week], float], weeks: list[Week]) -> float:
    """Median seconds after a warm-up; the objective must be ours."""
    seconds = []
    for week in weeks[:1] + weeks:
        started = perf_counter()
        value = solve(week)
        seconds.append(perf_counter() - started)
        _agree(name, value, week.solution.objective)
    return median(seconds[1:])


def _agree(name: str, value: float, ours: float) -> None:
    if abs(value - ours) > 1e-6 * max(1.0, abs(ours)):
        raise SystemExit(f"{name} finds another objective: {value:.9f}, ours is {ours:.9f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 names, 6 weeks")
    default = HERE.parent / ".venv-qlib" / "bin" / "python"
    parser.add_argument("--qlib", type=Path, default=default, help="an interpreter that has qlib")
    given = parser.parse_args()
    names, count, other = (1_000, 6, 2) if given.quick else (5_000, 52, 4)
    print(f"{names:,} names, {count} weeks; {platform.machine()}, {os.cpu_count()} cores,", end=" ")
    print(f"Python {platform.python_version()}")
    dates = make_dates(names, count)
    has_cvxpy, ratios = find_spec("cvxpy") is not None, {}

    def show(what: str, seconds: float, more: str = "") -> None:
        print(f"{what:<34}{1e3 * seconds:9.1f} ms a week{more}", flush=True)

    for key, spec in (("lp", LINEAR), ("te", CONE)):
        seconds, weeks = in_sequence(spec.make(), dates)
        some, ours = weeks[:: count // other][:other], median(seconds)
        gap = max(w.solution.residuals.gap for w in weeks)
        bound = sum("tracking error" in w.solution.active for w in weeks)
        show(f"{key}: intralpha", ours, f", largest gap {gap:.1e}; tracking error binds in {bound}")
        cold = [spec.make().solve(w.snapshot, w.past).seconds for w in some]
        show(f"{key}: intralpha, no prices", median(cold))
        ratios[key] = float("nan")
        if has_cvxpy:
            peer = timed("cvxpy", lambda w, s=spec: with_cvxpy(w, s.tracking_error), some)
            show(f"{key}: CVXPY", peer)
            ratios[key] = peer / ours
        if key == "lp":
            show("lp: SciPy linprog", timed("scipy", with_scipy, some))
    seconds, weeks = in_sequence(common_problem(), [suspended(s) for s in dates])
    show("qlib's problem: intralpha", median(seconds))
    theirs = with_qlib(given.qlib, weeks[:: count // other][:other])
    ratios["qlib"] = float("nan")
    if theirs:
        show("qlib's problem: qlib", median(theirs))
        ratios["qlib"] = median(theirs) / median(seconds)
    print(
        f"RESULT x_cvxpy_lp={ratios['lp']:.1f} x_cvxpy_te={ratios['te']:.1f} "
        f"x_qlib={ratios['qlib']:.1f}"
    )


if __name__ == "__main__":
    main()
