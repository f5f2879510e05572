"""Any solved problem: every constraint holds, and no small trade improves the objective."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    CostSpec,
    FullyInvested,
    IndustryBand,
    InfeasibleError,
    LinearProgram,
    MemberShare,
    Problem,
    StockDeviation,
    StyleBand,
    TradingCost,
    Turnover,
)

D, H = 0.03, 0.05


def problem_for(snapshot, one_sided=0.3):
    return Problem(
        ActiveReturn() - 30 * TradingCost(CostSpec()),
        [
            FullyInvested(),
            StockDeviation(D),
            *(StyleBand(name, 0.3) for name in snapshot.exposure_names),
            IndustryBand(H),
            MemberShare(0.75),
            Turnover(one_sided),
            Blocked(),
        ],
    )


def solved(problem, snapshot, past):
    """Its solution; a world that has none is passed over, if another program says so, too."""
    try:
        return problem.solve(snapshot, past)
    except InfeasibleError:
        assert has_no_weights(snapshot, past)
        assume(False)


def has_no_weights(snapshot, past):
    """Whether nothing meets the constraints after every step of relaxation."""
    buy, sell, benchmark = snapshot.can_buy, snapshot.can_sell, snapshot.benchmark
    lower, upper = np.maximum(benchmark - D, 0), benchmark + D
    lower = np.where(buy, lower, np.minimum(lower, past))
    upper = np.where(sell, upper, np.maximum(upper, past))
    lower = np.where(sell, lower, np.maximum(lower, past))
    upper = np.where(buy, upper, np.minimum(upper, past))
    industries = (snapshot.industry == np.arange(5)[:, None]).astype(float)
    bands = np.concatenate([snapshot.exposures.T, industries])
    width = np.repeat([1.5 * 0.3, 2 * H], [len(snapshot.exposure_names), 5])
    at = bands @ benchmark
    found = linprog(
        np.zeros(len(past)),
        A_ub=np.concatenate([bands, -bands, [-1.0 * snapshot.member]]),
        b_ub=np.concatenate([at + width, width - at, [-0.75]]),
        A_eq=np.ones((1, len(past))),
        b_eq=[1.0],
        bounds=np.stack([lower, upper], axis=1),
    )
    return found.status == 2


def test_a_world_without_weights_is_known_by_another_program(world):
    snapshot, past = world(936920)
    with pytest.raises(InfeasibleError, match="industry 2 would miss"):
        problem_for(snapshot, 0.1).solve(snapshot, past)
    assert has_no_weights(snapshot, past)
    assert not has_no_weights(*world(1))


@given(seed=st.integers(0, 10**6), one_sided=st.sampled_from([0.1, 0.2, 0.5]))
def test_solved_weights_meet_every_constraint(world, seed, one_sided):
    snapshot, past = world(seed)
    solution = solved(problem_for(snapshot, one_sided), snapshot, past)
    w, eps = solution.exact, 1e-9
    wider = {"turnover": 1.0, "style": 1.0, "industry": 1.0}
    for step in solution.relaxed:
        kind, _, factor = step.partition(" ")
        wider[kind] = np.inf if factor == "off" else float(factor[1:])
    active = w - snapshot.benchmark
    assert abs(w.sum() - 1) < eps
    assert w.min() >= 0
    assert np.abs(snapshot.exposures.T @ active).max() <= 0.3 * wider["style"] + eps
    by_industry = np.bincount(snapshot.industry, weights=active)
    assert np.abs(by_industry).max() <= H * wider["industry"] + eps
    assert w[snapshot.member].sum() >= 0.75 - eps
    assert np.abs(w - past).sum() <= 2 * one_sided * wider["turnover"] + eps
    assert (w[~snapshot.can_buy] <= past[~snapshot.can_buy]).all()
    assert (w[~snapshot.can_sell] >= past[~snapshot.can_sell]).all()
    forced = np.isin(snapshot.assets, solution.forced)
    assert (np.abs(active[~forced]) <= D + eps).all()
    assert (w[~forced & ~snapshot.member] <= D + eps).all()
    assert not (forced & snapshot.can_buy & snapshot.can_sell).any()


@given(seed=st.integers(0, 10**6))
def test_no_direction_improves_the_objective(world, seed):
    """The Karush-Kuhn-Tucker conditions, from the reported duals of the rows."""
    snapshot, past = world(seed)
    problem = problem_for(snapshot)
    solution = solved(problem, snapshot, past)
    assume(solution.status == "optimal")
    program = LinearProgram(past)
    problem.maximise.contribute(program, snapshot)
    for constraint in problem.subject_to:
        constraint.contribute(program, snapshot)
    duals = np.array([row.dual for row in solution.rows])
    for row in solution.rows:
        scale = 1e-6 * max(1.0, abs(row.dual))
        assert row.dual <= scale or row.upper - row.value < 1e-8, row
        assert row.dual >= -scale or row.value - row.lower < 1e-8, row
    on_weights = [r.on == "weights" for r in program.rows]
    matrix = np.array([r.coefficients for r in program.rows])
    gain = program.gain - duals[on_weights] @ matrix[on_weights]
    friction = duals[~np.array(on_weights)].sum()
    buy, sell = gain - program.buy_cost - friction, gain + program.sell_cost + friction
    lower, upper, _ = program.box()
    w, tiny = solution.exact, 1e-9
    more = np.where(w >= past - tiny, buy, sell)
    less = np.where(w > past + tiny, buy, sell)
    assert more[w < upper - tiny].max(initial=-1.0) <= 1e-6
    assert less[w > lower + tiny].min(initial=1.0) >= -1e-6


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_assets_does_not_matter(world, shuffled, seed):
    snapshot, past = world(seed)
    order = np.random.default_rng(seed).permutation(len(past))
    problem = problem_for(snapshot)
    one = solved(problem, snapshot, past)
    other = problem.solve(shuffled(snapshot, order), past[order])
    np.testing.assert_allclose(other.exact, one.exact[order], atol=1e-8)
    assert other.relaxed == one.relaxed


def test_solving_again_or_after_another_problem_gives_the_same_bits(world):
    snapshot, past = world(1)
    other, other_past = world(2)
    problem = problem_for(snapshot)
    first = problem.solve(snapshot, past)
    problem.solve(other, other_past)
    again = problem.solve(snapshot, past)
    assert np.array_equal(first.exact, again.exact)
    assert first.n_iterations == again.n_iterations > 0


def test_a_tighter_bound_never_helps(world):
    snapshot, past = world(3)
    values = [
        problem_for(snapshot, cap).solve(snapshot, past).objective for cap in (0.15, 0.2, 0.3, 0.6)
    ]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_all_names_blocked_keeps_the_portfolio(world):
    snapshot, past = world(4)
    nothing = np.zeros(len(past), dtype=bool)
    frozen = replace(snapshot, can_buy=nothing, can_sell=nothing)
    held = past / past.sum()
    problem = Problem(ActiveReturn(), [FullyInvested(), Blocked()])
    solution = problem.solve(frozen, held)
    assert solution.weights == pytest.approx(held, abs=1e-12)
