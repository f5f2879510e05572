"""Plans with a tracking error and risk aversion: as CVXPY plans them, by hand, and certified."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    FullyInvested,
    NoPlanError,
    NoRiskError,
    Problem,
    RiskAversion,
    Snapshot,
    SolverFailedError,
    StockDeviation,
    TrackingError,
    TradingCost,
    Turnover,
    plan_arrays,
    plan_trades,
    trade_plan,
)
from intralpha.portfolio.planned import Planned
from intralpha.risk import RiskEstimate

from .test_trade_plan import COSTS

D, ONE_SIDED, WORTH, TE = 0.05, 0.25, 20.0, 0.06
FACTORS, AVERSION = 4, 300.0


def risk(snapshot: Snapshot, seed: int) -> RiskEstimate:
    rng, count = np.random.default_rng(seed + 100), len(snapshot.assets)
    root = 0.004 * rng.standard_normal((FACTORS, FACTORS))
    return RiskEstimate(
        snapshot.assets,
        tuple(f"f{k}" for k in range(FACTORS)),
        rng.standard_normal((count, FACTORS)),
        root @ root.T,
        rng.uniform(0.01, 0.04, count) ** 2,
    )


def problem(te: float | None = TE, aversion: float = 0.0) -> Problem:
    parts = [FullyInvested(), StockDeviation(D), Turnover(ONE_SIDED), Blocked()]
    parts += [TrackingError(te)] if te else []
    worth = ActiveReturn() - WORTH * TradingCost(COSTS)
    return Problem(worth - aversion * RiskAversion() if aversion else worth, parts, min_weight=0.0)


def given(world, seed: int, trades: int) -> tuple[Snapshot, np.ndarray, list[np.ndarray]]:
    snapshot, past = world(seed)
    # Held near the benchmark, so that the tracking error can be met by the first trade.
    past = 0.8 * snapshot.benchmark + 0.2 * past / past.sum()
    rng = np.random.default_rng(seed)
    signals = [0.1 * rng.standard_normal(len(past)) for _ in range(trades)]
    return replace(snapshot, risk=risk(snapshot, seed)), past, signals


def reference(
    s: Snapshot, past: np.ndarray, signals: list[np.ndarray], te: float | None, aversion: float
) -> float:
    """The same sequence written in CVXPY, with the covariance written out."""
    assert s.risk is not None
    x = s.risk.loadings_AK
    cov = x @ s.risk.factor_cov_KK @ x.T + np.diag(s.risk.specific_var_A)
    root = np.linalg.cholesky(cov).T
    ws = [cp.Variable(len(s.assets)) for _ in signals]
    upper = np.where(s.member, s.benchmark + D, D)
    lower = np.maximum(s.benchmark - D, 0)
    upper = np.where(s.can_sell, upper, np.maximum(upper, past))
    lower = np.where(s.can_buy, lower, np.minimum(lower, past))
    parts, worth, before = [], 0.0, past
    for k, (w, f) in enumerate(zip(ws, signals, strict=True)):
        active = w - s.benchmark
        parts += [cp.sum(w) == 1, w >= lower, w <= upper]
        parts += [cp.norm1(w - before) <= 2 * ONE_SIDED]
        if te:
            parts += [cp.norm(np.sqrt(244) * root @ active) <= te]
        if k == 0:
            parts += [w[~s.can_buy] <= past[~s.can_buy], w[~s.can_sell] >= past[~s.can_sell]]
        cost = 0.001 * cp.sum(cp.pos(w - before)) + 0.002 * cp.sum(cp.pos(before - w))
        worth, before = worth + f @ active - WORTH * cost, w
        if aversion:
            worth -= aversion * cp.sum_squares(root @ active)
    solved = cp.Problem(cp.Maximize(worth), parts)
    solved.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    assert solved.status == cp.OPTIMAL
    return float(solved.value)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("te", "aversion"), [(TE, 0.0), (None, AVERSION), (TE, AVERSION)])
def test_the_sequence_of_cvxpy(world, seed: int, te: float | None, aversion: float) -> None:
    snapshot, past, signals = given(world, seed, 3)
    found = plan_trades(problem(te, aversion), snapshot, signals, past)
    expected = reference(snapshot, past, signals, te, aversion)
    assert found.objective == pytest.approx(expected, rel=1e-6)
    assert found.residuals.primal < 1e-7
    assert 0 <= found.residuals.gap < 1e-6 * max(found.residuals.scale, abs(expected))
    if te:
        assert snapshot.risk is not None
        sds = [(244 * snapshot.risk.variance(w - snapshot.benchmark)) ** 0.5 for w in found.planned]
        assert max(sds) <= te + 1e-7
        assert max(sds) == pytest.approx(te, rel=1e-5), "no cone binds"
    free = plan_trades(problem(None), snapshot, signals, past)
    assert found.objective < free.objective - 1e-4


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("te", "aversion"), [(TE, 0.0), (TE, AVERSION)])
def test_one_trade_is_the_problem_itself(world, seed: int, te: float, aversion: float) -> None:
    snapshot, past, _ = given(world, seed, 1)
    one = problem(te, aversion)
    found = Planned(one).solve(replace(snapshot, ahead=snapshot.alpha[None]), past)
    solved = one.solve(snapshot, past)
    assert not solved.relaxed
    assert found.objective == pytest.approx(solved.objective, rel=1e-6)
    assert [row.name for row in found.rows] == [row.name for row in solved.rows]
    for mine, other in zip(found.rows, solved.rows, strict=True):
        assert (mine.value, mine.dual) == pytest.approx((other.value, other.dual), abs=1e-4)
    assert found.residuals is not None
    assert found.residuals.gap < 1e-6


def test_risk_is_spread_over_trades_by_hand(four) -> None:
    """No factors, equal variance v, no costs: each trade is max f'a - k v a'a, a by its own signal.

    a = t (1.5, 0.5, -0.5, -1.5) for a signal c (1.5, 0.5, -0.5, -1.5), t = c / (2 k v).
    """
    v, k = 1e-4, 12.5 / 1e-4
    names = np.array(["A", "B", "C", "D"])
    flat = RiskEstimate(names, (), np.zeros((4, 0)), np.zeros((0, 0)), np.full(4, v))
    snapshot = four(risk=flat)
    shape = np.array([1.5, 0.5, -0.5, -1.5])
    free = Problem(ActiveReturn() - k * RiskAversion(), [FullyInvested()], min_weight=0.0)
    found = plan_trades(free, snapshot, [shape, 0.5 * shape], snapshot.benchmark)
    expected = snapshot.benchmark + np.outer([0.04, 0.02], shape)
    np.testing.assert_allclose(found.planned, expected, atol=5e-6)
    # f'a - k v a'a = 5 c t - 12.5 * 5 t^2 = 0.1 and 0.025.
    assert found.objective == pytest.approx(0.125, rel=1e-6)


def test_a_cone_that_no_trade_can_meet_gives_way_in_the_declared_order(world) -> None:
    snapshot, past, signals = given(world, 0, 2)
    snapshot = replace(snapshot, ahead=np.array(signals))
    assert snapshot.risk is not None
    stays = ~snapshot.can_buy & ~snapshot.can_sell
    least = (244 * float(
        snapshot.risk.specific_var_A[stays] @ (past - snapshot.benchmark)[stays] ** 2
    )) ** 0.5  # fmt: skip
    with pytest.raises(NoPlanError):
        plan_trades(problem(0.5 * least), snapshot, signals, past)
    nearest = _least(snapshot, past)
    found = Planned(problem(nearest / 1.1)).solve(snapshot, past)
    assert found.relaxed[-1] == "tracking error x1.25"
    with pytest.raises(NoRiskError):
        plan_trades(problem(), replace(snapshot, risk=None), signals, past)


def _least(snapshot: Snapshot, past: np.ndarray) -> float:
    """The smallest tracking error that one trade can reach, without a limit on turnover."""
    wide = [FullyInvested(), StockDeviation(D), Blocked()]
    still = Problem(0.0 * ActiveReturn() - 1e4 * RiskAversion(), wide, min_weight=0.0)
    weights = still.solve(snapshot, past).exact
    assert snapshot.risk is not None
    return (244 * snapshot.risk.variance(weights - snapshot.benchmark)) ** 0.5


def test_a_plan_that_is_not_the_best_is_refused(world, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of other signals meets every constraint; its gap tells."""
    snapshot, past, signals = given(world, 1, 2)
    plan_trades(problem(), snapshot, signals, past)
    honest = trade_plan.solve_stages

    def of_others(stages):
        _, curved, _ = honest(stages)
        best, _, work = honest([replace_gain(one, 0.9) for one in stages])
        return best, curved, work

    monkeypatch.setattr(trade_plan, "solve_stages", of_others)
    with pytest.raises(SolverFailedError, match="duality gap"):
        plan_trades(problem(), snapshot, signals, past)


def replace_gain(stage, factor: float):
    stage.gain = stage.gain * np.where(np.arange(len(stage.gain)) % 2, factor, 1.0)
    return stage


def test_the_gap_bounds_what_is_left_to_gain(world) -> None:
    """Half-way to the past, which meets all rows: the gap is at least what the best has more."""
    snapshot, past, signals = given(world, 2, 2)
    one = problem()
    stages = trade_plan._stages(one, snapshot, signals, past)
    best, curved, _ = plan_arrays.solve_stages(stages)
    assert best is not None
    worse = replace(best, columns=best.columns * 0.999)
    cost = curved.arrays.cost
    left = float(cost @ (best.columns - worse.columns))
    gap = plan_arrays.residuals_of(curved, worse, 0.0, 1.0).gap
    assert gap >= left > 0
    exact = plan_arrays.residuals_of(curved, best, 0.0, 1.0)
    assert exact.gap < 1e-8
    assert exact.violators == 0
