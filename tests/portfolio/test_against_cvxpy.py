"""The same problem written readably in CVXPY, solved by two other solvers."""

import cvxpy as cp
import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    CostSpec,
    FullyInvested,
    IndustryBand,
    MemberShare,
    Problem,
    StockDeviation,
    StyleBand,
    TradingCost,
    Turnover,
)

D, STYLE, INDUSTRY, MEMBERS, ONE_SIDED, COST_WEIGHT = 0.03, 0.2, 0.05, 0.8, 0.3, 50.0
COSTS = CostSpec(buy_bps=10, sell_bps=20)


def ours(snapshot):
    styles = [StyleBand(name, STYLE) for name in snapshot.exposure_names]
    return Problem(
        maximise=ActiveReturn() - COST_WEIGHT * TradingCost(COSTS),
        subject_to=[
            FullyInvested(),
            StockDeviation(D),
            *styles,
            IndustryBand(INDUSTRY),
            MemberShare(MEMBERS),
            Turnover(ONE_SIDED),
            Blocked(),
        ],
    )


def reference(snapshot, past, solver, **options):
    """Best objective by CVXPY."""
    s = snapshot
    w = cp.Variable(len(s.assets))
    active = w - s.benchmark
    onehot = np.eye(int(s.industry.max()) + 1)[s.industry]
    free = s.can_buy & s.can_sell
    upper = np.where(s.member, s.benchmark + D, D)
    lower = np.maximum(s.benchmark - D, 0)
    # Tradability wins over the band where both cannot hold.
    upper = np.where(s.can_sell, upper, np.maximum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    constraints = [
        cp.sum(w) == 1,
        w >= lower,
        w <= upper,
        s.exposures.T @ active <= STYLE,
        s.exposures.T @ active >= -STYLE,
        onehot.T @ active <= INDUSTRY,
        onehot.T @ active >= -INDUSTRY,
        s.member.astype(float) @ w >= MEMBERS,
        cp.norm1(w - past) <= 2 * ONE_SIDED,
        w[~s.can_buy] <= past[~s.can_buy],
        w[~s.can_sell] >= past[~s.can_sell],
        w[~s.can_buy & ~s.can_sell] == past[~s.can_buy & ~s.can_sell],
    ]
    assert not free.all(), "no name is blocked: the comparison would miss the point"
    cost = 0.001 * cp.sum(cp.pos(w - past)) + 0.002 * cp.sum(cp.pos(past - w))
    problem = cp.Problem(cp.Maximize(s.alpha @ active - COST_WEIGHT * cost), constraints)
    problem.solve(solver=solver, **options)
    assert problem.status == cp.OPTIMAL
    return float(problem.value), np.asarray(w.value)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("solver", "options"),
    [
        pytest.param(cp.SCIPY, {"scipy_options": {"method": "highs"}}, id="scipy-highs"),
        pytest.param(cp.CLARABEL, {}, id="clarabel"),
    ],
)
def test_same_objective(world, seed, solver, options):
    snapshot, past = world(seed, count=80)
    solution = ours(snapshot).solve(snapshot, past)
    assert solution.status == "optimal"
    expected, weights = reference(snapshot, past, solver, **options)
    assert solution.objective == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert np.abs(solution.exact - weights).max() < 1e-4
