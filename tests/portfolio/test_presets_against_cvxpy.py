"""Random problems of every setting of Spec 18.1, written in CVXPY and solved by two solvers.

Some are infeasible: then CVXPY must say so as well, and ours loosen or refuse. Some are degenerate:
signals that are all alike, ties, nothing held. ``INTRALPHA_PROBLEMS=50`` tries fifty of each
setting instead of a few: hundreds of problems.
"""

import os
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pytest

from intralpha.portfolio import InfeasibleError, PortfolioSpec
from intralpha.risk import RiskEstimate

COUNT = 80
PROBLEMS = int(os.environ.get("INTRALPHA_PROBLEMS", "4"))
STYLES = ("size", "value", "beta", "hf_tail")


@dataclass(frozen=True)
class Setting:
    """A column of the table, with bands wide enough for eighty names."""

    industry: float
    styles: dict[str, float]
    two_sided: float
    members: float | None = None
    deviation: float = 0.03
    tracking_error: float | None = None

    def spec(self) -> PortfolioSpec:
        return PortfolioSpec(
            stock_deviation=self.deviation,
            industry_deviation=self.industry,
            style_bounds=self.styles,
            member_min_share=self.members,
            turnover_two_sided=self.two_sided,
            tracking_error=self.tracking_error,
        )


ALL = dict.fromkeys(STYLES, 0.3)
SETTINGS = {
    "001": Setting(0.02, dict.fromkeys(STYLES, 0.5), 0.4, 0.8, tracking_error=0.05),
    "002": Setting(0.02, {"size": 0.2}, 0.3, 0.8),
    "003 scenario 1": Setting(0.02, ALL, 0.3, 0.8),
    "003 scenario 2": Setting(0.02, ALL, 0.3),
    "004": Setting(0.0, {"size": 0.0, "value": 0.0, "beta": 0.5, "hf_tail": 2.0}, 0.6),
}


def draw(world, number):
    """A snapshot and holdings: every fourth is degenerate, every fifth far from the benchmark."""
    snapshot, past = world(1000 + number, count=COUNT, styles=len(STYLES))
    rng = np.random.default_rng(number)
    loadings = np.concatenate([snapshot.exposures, np.eye(5)[snapshot.industry]], axis=1)
    root = 0.003 * rng.standard_normal((9, 20))
    risk = RiskEstimate(
        snapshot.assets, (*STYLES, *"abcde"), loadings, root @ root.T,
        rng.uniform(0.01, 0.03, COUNT) ** 2,
    )  # fmt: skip
    alpha = snapshot.alpha
    if number % 4 == 1:
        alpha = np.round(alpha)
    if number % 8 == 3:
        alpha = np.ones(COUNT)
    if number % 5 == 2:
        past = rng.permutation(past)
    if number % 10 == 6:
        past = np.zeros(COUNT)
    return replace(snapshot, alpha=alpha, exposure_names=STYLES, risk=risk), past


def reference(setting, s, past, solver):
    """Best objective by CVXPY; None where it finds no weights."""
    w = cp.Variable(COUNT)
    active = w - s.benchmark
    upper = np.where(s.member, s.benchmark + setting.deviation, setting.deviation)
    lower = np.maximum(s.benchmark - setting.deviation, 0)
    # Tradability wins over the band where both cannot hold.
    upper = np.where(s.can_sell, upper, np.maximum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    upper = np.where(s.can_buy, upper, np.minimum(upper, past))
    lower = np.where(s.can_sell, lower, np.maximum(lower, past))
    onehot = np.eye(5)[s.industry]
    constraints = [
        cp.sum(w) == 1,
        w >= lower,
        w <= upper,
        onehot.T @ active <= setting.industry,
        onehot.T @ active >= -setting.industry,
    ]
    for name, bound in setting.styles.items():
        exposed = s.exposures[:, STYLES.index(name)] @ active
        constraints += [exposed <= bound, exposed >= -bound]
    if setting.members is not None:
        constraints.append(cp.sum(w[s.member]) >= setting.members)
    if past.any():
        constraints.append(cp.norm1(w - past) <= setting.two_sided)
    if setting.tracking_error is not None:
        x, f = s.risk.loadings_AK, s.risk.factor_cov_KK
        covariance = 244 * (x @ f @ x.T + np.diag(s.risk.specific_var_A))
        root = np.linalg.cholesky(covariance)
        constraints.append(cp.norm(root.T @ active) <= setting.tracking_error)
    problem = cp.Problem(cp.Maximize(s.alpha @ active), constraints)
    options = {"eps": 1e-9, "max_iters": 100_000} if solver == cp.SCS else {}
    problem.solve(solver=solver, **options)
    assert problem.status in (cp.OPTIMAL, cp.INFEASIBLE)
    return float(problem.value) if problem.status == cp.OPTIMAL else None


def misses(setting, s, past, w):
    """Largest violation of a constraint by weights."""
    active = w - s.benchmark
    by_industry = np.bincount(s.industry, weights=active, minlength=5)
    found = [abs(w.sum() - 1), -w.min(), np.abs(by_industry).max() - setting.industry]
    for name, bound in setting.styles.items():
        found.append(abs(s.exposures[:, STYLES.index(name)] @ active) - bound)
    if setting.members is not None:
        found.append(setting.members - w[s.member].sum())
    if past.any():
        found.append(np.abs(w - past).sum() - setting.two_sided)
    if setting.tracking_error is not None:
        x, f = s.risk.loadings_AK, s.risk.factor_cov_KK
        variance = active @ (x @ f @ x.T + np.diag(s.risk.specific_var_A)) @ active
        found.append(np.sqrt(244 * variance) - setting.tracking_error)
    found += [(w - past)[~s.can_buy].max(), (past - w)[~s.can_sell].max()]
    return max(found)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("number", range(PROBLEMS))
@pytest.mark.parametrize("name", SETTINGS)
def test_the_optimum_is_that_of_two_other_solvers(world, name, number):
    setting = SETTINGS[name]
    snapshot, past = draw(world, number)
    try:
        found = setting.spec().make().solve(snapshot, past)
    except InfeasibleError:
        found = None
    cone = setting.tracking_error is not None
    for solver in (cp.CLARABEL, cp.SCS if cone else cp.HIGHS):
        best = reference(setting, snapshot, past, solver)
        if best is None:
            assert found is None or found.relaxed, "ours found weights where there are none"
        else:
            assert found is not None, "weights exist and ours found none"
            assert found.status == "optimal"
            assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-7)
            assert misses(setting, snapshot, past, found.exact) <= 1e-7


def test_there_are_problems_of_both_kinds(world):
    """With and without weights, or the comparison would show half of what it says."""
    kinds = {
        name: [reference(SETTINGS[name], *draw(world, n), cp.HIGHS) is None for n in range(6)]
        for name in ("002", "004")
    }
    assert any(map(any, kinds.values()))
    assert not all(map(all, kinds.values()))
