"""Column generation: the same optimum as on all names, and a certificate that cannot be fooled."""

from dataclasses import replace

import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    CostSpec,
    FullyInvested,
    IndustryBand,
    LinearProgram,
    MemberShare,
    Prices,
    Problem,
    RiskAversion,
    StockDeviation,
    StyleBand,
    TrackingError,
    TradingCost,
    Turnover,
    as_cvxpy,
    columns,
)
from intralpha.portfolio.answer import Answer
from intralpha.portfolio.certificate import certify
from intralpha.risk import RiskEstimate

COUNT = 700


def with_risk(snapshot, seed=0):
    rng = np.random.default_rng(seed)
    loadings = np.concatenate([snapshot.exposures, np.eye(5)[snapshot.industry]], axis=1)
    k = loadings.shape[1]
    root = 0.004 * rng.standard_normal((k, 2 * k))
    risk = RiskEstimate(
        snapshot.assets,
        tuple(f"f{i}" for i in range(k)),
        loadings,
        root @ root.T,
        rng.uniform(0.01, 0.03, len(snapshot.assets)) ** 2,
    )
    return replace(snapshot, risk=risk)


def problem(*more, maximise=None):
    return Problem(
        maximise or ActiveReturn() - 20 * TradingCost(CostSpec()),
        (
            FullyInvested(), StockDeviation(0.005), StyleBand("s0", 0.1), IndustryBand(0.01),
            MemberShare(0.8), Turnover(0.2), *more, Blocked(),
        ),
    )  # fmt: skip


SETTINGS = {
    "linear": problem(),
    "cone": problem(TrackingError(0.03)),
    "tight cone": problem(TrackingError(0.012)),
    "penalty": problem(maximise=ActiveReturn() - 3e4 * RiskAversion()),
}


def program_of(one, snapshot, past):
    program = LinearProgram(past)
    (one.maximise * 1.0).contribute(program, snapshot)
    for constraint in one.subject_to:
        constraint.contribute(program, snapshot)
    return program


@pytest.fixture(scope="module")
def weeks(world):
    """Two dates of one market: the signal fades, the holdings drift."""
    snapshot, past = world(5, count=COUNT)
    rng = np.random.default_rng(6)
    first = with_risk(snapshot)
    alpha = 0.8 * snapshot.alpha + 0.6 * rng.standard_normal(COUNT)
    cap = snapshot.benchmark * np.exp(0.03 * rng.standard_normal(COUNT))
    drifted = past * np.exp(0.03 * rng.standard_normal(COUNT))
    second = replace(first, alpha=alpha, benchmark=cap / cap.sum())
    return (first, past), (second, drifted / drifted.sum())


@pytest.mark.parametrize("name", SETTINGS)
def test_from_the_prices_of_last_week_the_same_optimum_is_found(weeks, name, monkeypatch):
    one, ((first, past), (second, drifted)) = SETTINGS[name], weeks
    start = one.solve(first, past).prices
    sizes, solve = [], columns.solve_whole
    monkeypatch.setattr(columns, "solve_whole", lambda p: (sizes.append(len(p.past)), solve(p))[1])
    found = one.solve(second, drifted, start)
    assert 0 < max(sizes) < COUNT / 2, "all names were solved at once: nothing was reduced"
    assert found.status == "optimal"
    whole = solve(program_of(one, second, drifted))[0]
    best = program_of(one, second, drifted).value(whole.weights)
    assert found.objective == pytest.approx(best, rel=1e-7)
    assert found.residuals.violators == 0
    assert found.residuals.primal <= 1e-8
    assert found.residuals.gap <= 1e-6 * found.residuals.scale


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrongly_reduced_problem_is_detected(weeks, name):
    """Half of the names that should move are left out: the reduced optimum is none of the whole."""
    one, ((first, past), _) = SETTINGS[name], weeks
    program = program_of(one, first, past)
    whole = columns.solve_whole(program)[0]
    honest, _ = certify(program, whole)
    assert honest.violators == 0
    assert honest.gap <= 1e-6
    moved = np.flatnonzero(np.abs(whole.weights - past) > 1e-5)
    rng = np.random.default_rng(1)
    chosen = np.sort(rng.choice(COUNT, COUNT // 2, replace=False))
    assert len(np.setdiff1d(moved, chosen)) > 10, "nothing that matters was left out"
    lower, upper, _ = program.box()
    still = np.clip(past, lower, upper)
    part = columns.solve_whole(program.only(chosen, still))[0]
    assert part is not None
    weights = still.copy()
    weights[chosen] = part.weights
    found, adds = certify(program, Answer(weights, part.duals, part.cone_duals, 0))
    lost = program.value(whole.weights) - program.value(weights)
    assert found.primal <= 1e-8, "the reduced optimum is feasible: only its prices tell"
    assert lost > 1e-3
    assert found.gap >= lost - 1e-9
    assert found.violators > 0
    assert adds[chosen].max() <= 1e-8 * found.scale


def test_useless_prices_cost_time_and_nothing_else(weeks):
    one, ((first, past), _) = SETTINGS["cone"], weeks
    good = one.solve(first, past)
    silly = Prices({name: -row for name, row in good.prices.rows.items()}, {})
    again = one.solve(first, past, silly)
    assert again.objective == pytest.approx(good.objective, rel=1e-7)
    assert again.residuals.violators == 0


def test_prices_do_not_change_what_is_infeasible(weeks, world):
    one, ((first, past), _) = SETTINGS["tight cone"], weeks
    start = one.solve(first, past).prices
    far = np.where(first.member, 0.0, 1.0)
    far /= far.sum()
    cold, hot = one.solve(first, far), one.solve(first, far, start)
    assert cold.relaxed == hot.relaxed
    assert cold.relaxed
    assert hot.objective == pytest.approx(cold.objective, rel=1e-6)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_problem_in_terms_of_cvxpy(world, name):
    import cvxpy as cp

    snapshot, past = world(7, count=60)
    snapshot, wide = with_risk(snapshot), (StockDeviation(0.05), StyleBand("s0", 0.3))
    risk = TrackingError(0.2) if "cone" in name else IndustryBand(0.3)
    one = Problem(SETTINGS[name].maximise, (FullyInvested(), *wide, risk, Turnover(0.3), Blocked()))
    ours = one.solve(snapshot, past)
    w, objective, constraints = as_cvxpy(one, snapshot, past)
    theirs = cp.Problem(cp.Maximize(objective), constraints)
    theirs.solve(solver=cp.CLARABEL)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs.value, rel=1e-6)
    # A wish of one's own: no name may be a large part of the sum of squares.
    even = cp.Problem(cp.Maximize(objective - cp.sum_squares(10 * w)), constraints)
    even.solve(solver=cp.CLARABEL)
    assert np.square(w.value).sum() < np.square(ours.exact).sum()
