"""Hundreds of random problems of every preset, each solved by two other solvers in CVXPY.

The problems are those of the presets as they are shipped, on 80 random names: blocked names,
holdings far from the benchmark, first rebalances, signals full of ties or all alike, problems
without any weights. CVXPY with Clarabel, and with HiGHS (SCS where there is a tracking error), must
find the same objective to 1e-6 of it, or that there are no weights; ours must miss no constraint,
each written here anew, by more than 1e-7. Otherwise the benchmark fails.

    python benchmarks/presets.py            100 problems of each of the nine presets
    python benchmarks/presets.py --quick    4 of each
"""

import argparse
import logging
from time import perf_counter

import cvxpy as cp
import numpy as np

from intralpha.backtest import EnhancementSpec
from intralpha.backtest.preset import PORTFOLIOS
from intralpha.portfolio import InfeasibleError, PortfolioSpec, Snapshot
from intralpha.risk import RiskEstimate
from intralpha.risk.exposures import STYLES

COUNT, INDUSTRIES = 80, 5
EXACT = {"eps": 1e-9, "max_iters": 200_000}


def draw(number: int) -> tuple[Snapshot, np.ndarray]:
    """A date and the weights held on it; every kind of trouble has its numbers."""
    rng = np.random.default_rng(number)
    member = rng.random(COUNT) < 0.6
    member[:2] = True
    benchmark = np.where(member, np.exp(0.5 * rng.standard_normal(COUNT)), 0.0)
    benchmark /= benchmark.sum()
    past = np.where(rng.random(COUNT) < 0.9, benchmark, 0.0) + 0.003 * (rng.random(COUNT) < 0.2)
    past *= np.exp(0.03 * rng.standard_normal(COUNT))
    past /= past.sum() * rng.uniform(1.0, 1.02)
    if number % 5 == 2:
        past = rng.permutation(past)
    if number % 10 == 6:
        past = np.zeros(COUNT)
    alpha = rng.standard_normal(COUNT)
    if number % 4 == 1:
        alpha = np.round(alpha)
    if number % 8 == 3:
        alpha = np.ones(COUNT)
    industry, exposures = rng.integers(0, INDUSTRIES, COUNT), rng.standard_normal((COUNT, 8))
    traded = rng.random(COUNT)
    assets = np.array([f"{i:06d}.SH" for i in range(COUNT)])
    loadings = np.concatenate([exposures, np.eye(INDUSTRIES)[industry]], axis=1)
    root = 0.003 * rng.standard_normal((8 + INDUSTRIES, 30))
    names = (*STYLES, *(f"industry{i}" for i in range(INDUSTRIES)))
    own = rng.uniform(0.01, 0.03, COUNT) ** 2
    snapshot = Snapshot(
        date=np.datetime64("2024-01-05", "D"),
        assets=assets,
        alpha=alpha,
        benchmark=benchmark,
        exposures=exposures,
        exposure_names=tuple(STYLES),
        industry=industry,
        member=member,
        can_buy=(traded > 0.05) & (traded < 0.97),
        can_sell=traded > 0.03,
        risk=RiskEstimate(assets, names, loadings, root @ root.T, own),
    )
    return snapshot, past


def box(spec: PortfolioSpec, s: Snapshot, past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of each weight; tradability wins over the band."""
    upper, lower = s.benchmark + spec.stock_deviation, s.benchmark - spec.stock_deviation
    lower = np.maximum(lower, 0)
    upper = np.where(s.can_sell, upper, np.maximum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    upper = np.where(s.can_buy, upper, np.minimum(upper, past))
    return np.where(s.can_sell, lower, np.maximum(lower, past)), upper


def bands(spec: PortfolioSpec, s: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """Rows of exposures of active weights, and how far each may go."""
    onehot = np.eye(INDUSTRIES)[s.industry].T
    styles = [s.exposures[:, s.exposure_names.index(name)] for name in spec.style_bounds]
    rows, most = [onehot, *(x[None] for x in styles)], list(spec.style_bounds.values())
    if spec.industry_deviation is None:
        return np.concatenate(rows[1:]), np.array(most)
    return np.concatenate(rows), np.array([spec.industry_deviation] * INDUSTRIES + most)


def cap(spec: PortfolioSpec, past: np.ndarray) -> float:
    """Most that may be bought and sold together."""
    if not past.any():
        return np.inf
    if spec.turnover_two_sided is not None:
        return spec.turnover_two_sided
    return np.inf if spec.turnover_one_sided is None else 2 * spec.turnover_one_sided


def spread(s: Snapshot) -> np.ndarray:
    """Covariance of a year."""
    assert s.risk is not None
    x, f = s.risk.loadings_AK, s.risk.factor_cov_KK
    return 244 * (x @ f @ x.T + np.diag(s.risk.specific_var_A))


def reference(
    spec: PortfolioSpec, s: Snapshot, past: np.ndarray, solver: str
) -> tuple[float | None, bool]:
    """Best objective by CVXPY, None where there are no weights; and whether the solver is sure.

    Parameters
    ----------
    spec : the problem
    s, past : what is known, and held
    solver : of CVXPY
    """
    w = cp.Variable(COUNT)
    active, (lower, upper), (rows, most) = w - s.benchmark, box(spec, s, past), bands(spec, s)
    parts = [cp.sum(w) == 1, w >= lower, w <= upper, rows @ active <= most, rows @ active >= -most]
    if spec.member_min_share is not None:
        parts.append(cp.sum(w[s.member]) >= spec.member_min_share)
    if np.isfinite(cap(spec, past)):
        parts.append(cp.norm1(w - past) <= cap(spec, past))
    if spec.tracking_error is not None:
        root = np.linalg.cholesky(spread(s))
        parts.append(cp.norm(root.T @ active) <= spec.tracking_error)
    problem = cp.Problem(cp.Maximize(s.alpha @ active), parts)
    problem.solve(solver=solver, **(EXACT if solver == cp.SCS else {}))
    if problem.status not in (cp.OPTIMAL, cp.INFEASIBLE):
        return None, False
    return (float(problem.value) if problem.status == cp.OPTIMAL else None), True


def missed(spec: PortfolioSpec, s: Snapshot, past: np.ndarray, w: np.ndarray) -> float:
    """Largest violation of a constraint.

    Parameters
    ----------
    spec : the problem
    s, past : what is known, and held
    w : weights
    """
    (lower, upper), (rows, most), active = box(spec, s, past), bands(spec, s), w - s.benchmark
    found = [abs(w.sum() - 1), (lower - w).max(), (w - upper).max()]
    found += [(np.abs(rows @ active) - most).max(), np.abs(w - past).sum() - cap(spec, past)]
    if spec.member_min_share is not None:
        found.append(spec.member_min_share - w[s.member].sum())
    if spec.tracking_error is not None:
        found.append(np.sqrt(active @ spread(s) @ active) - spec.tracking_error)
    return float(max(found))


def compared(name: str, problems: int) -> dict[str, float]:
    """Largest differences over the problems of a preset, and how many had no weights.

    Parameters
    ----------
    name : of the preset
    problems : how many
    """
    spec = EnhancementSpec.model_validate({"preset": name}).problem
    solver, one = spec.make(), {"objective": 0.0, "missed": 0.0, "empty": 0, "unsure": 0}
    second = cp.HIGHS if spec.tracking_error is None else cp.SCS
    for number in range(problems):
        s, past = draw(number)
        try:
            found = solver.solve(s, past)
        except InfeasibleError:
            found = None
        loosened = found is None or bool(found.relaxed)
        for other in (cp.CLARABEL, second):
            best, sure = reference(spec, s, past, other)
            if not sure:
                one["unsure"] += 1
                continue
            if (best is None) != loosened:
                raise SystemExit(f"{name}, problem {number}: {other} says {best}, ours {found}")
            if best is not None and found is not None:
                apart = abs(found.objective - best) / max(abs(best), 0.1)
                one["objective"] = max(one["objective"], apart)
        if found is not None and not loosened:
            one["missed"] = max(one["missed"], missed(spec, s, past, found.exact))
        one["empty"] += loosened
    return one


def main() -> None:
    """Print the differences by preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    problems = 4 if parser.parse_args().quick else 100
    logging.disable(logging.WARNING)  # of relaxations: they are counted
    started, all_found = perf_counter(), []
    print("preset                 problems  without weights  solver unsure  objective  missed")
    for name in PORTFOLIOS.names():
        one = compared(name, problems)
        all_found.append(one)
        counts = f"{problems:8d}  {one['empty']:15.0f}  {one['unsure']:13.0f}"
        print(f"{name:22s} {counts}  {one['objective']:9.2e}  {one['missed']:.2e}", flush=True)
    objective, most = (max(one[key] for one in all_found) for key in ("objective", "missed"))
    if objective > 1e-6 or most > 1e-7:
        raise SystemExit(f"objectives differ by {objective:.2e}, constraints missed by {most:.2e}")
    print(
        f"RESULT problems={problems * len(all_found)} objective={objective:.2e} missed={most:.2e} "
        f"unsure={sum(one['unsure'] for one in all_found):.0f} "
        f"seconds={perf_counter() - started:.0f}"
    )


if __name__ == "__main__":
    main()
