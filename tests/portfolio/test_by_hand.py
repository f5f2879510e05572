"""Four stocks whose best weights can be found on paper.

Strict industry neutrality leaves two swaps: out of D into A (gains 4 - 1 = 3 a unit) and out of C
into B (gains 3 - 2 = 1 a unit). |a_i| <= 0.1 caps each swap at 0.1.
"""

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

BASE = (FullyInvested(), StockDeviation(0.1), IndustryBand(0.0))
BENCHMARK = np.array([0.4, 0.3, 0.2, 0.1])


def solve(snapshot, *more, maximise=None, past=BENCHMARK):
    return Problem(maximise or ActiveReturn(), (*BASE, *more)).solve(snapshot, past)


def test_both_swaps_are_made_in_full(four):
    # 0.1 x 3 + 0.1 x 1 = 0.4
    solution = solve(four())
    np.testing.assert_allclose(solution.weights, [0.5, 0.4, 0.1, 0.0], atol=1e-9)
    assert solution.objective == pytest.approx(0.4, abs=1e-9)
    assert (solution.status, solution.relaxed, solution.forced) == ("optimal", (), ())


def test_turnover_buys_the_better_swap_first(four):
    # one-sided 0.12: 0.1 for A-D, the remaining 0.02 for B-C; 0.3 + 0.02 = 0.32.
    # One unit of two-sided turnover is half a swap B-C: its price is 0.5.
    solution = solve(four(), Turnover(0.12))
    np.testing.assert_allclose(solution.weights, [0.5, 0.32, 0.18, 0.0], atol=1e-9)
    assert solution.objective == pytest.approx(0.32, abs=1e-9)
    (row,) = [r for r in solution.rows if r.name == "turnover"]
    assert row.value == pytest.approx(0.24, abs=1e-9)
    assert row.dual == pytest.approx(0.5, abs=1e-9)
    assert "turnover" in solution.active


def test_turnover_is_off_at_the_first_rebalance(four):
    for nothing in (None, np.zeros(4)):
        solution = solve(four(), Turnover(0.01), past=nothing)
        np.testing.assert_allclose(solution.weights, [0.5, 0.4, 0.1, 0.0], atol=1e-9)
        assert solution.relaxed == ()


def test_a_swap_that_costs_more_than_it_gains_is_not_made(four):
    # A swap costs 0.001 + 0.002 a unit; 400 x 0.003 = 1.2: B-C (1) is not worth it, A-D keeps 1.8.
    costly = ActiveReturn() - 400 * TradingCost(CostSpec(buy_bps=10, sell_bps=20))
    solution = solve(four(), maximise=costly)
    np.testing.assert_allclose(solution.weights, [0.5, 0.3, 0.2, 0.0], atol=1e-9)
    assert solution.objective == pytest.approx(0.18, abs=1e-9)


def test_the_style_bound_limits_a_swap(four):
    # size is 1 for D only: active D >= -0.03, so A-D is 0.03: 0.09 + 0.1 = 0.19.
    solution = solve(four(), StyleBand("size", 0.03))
    np.testing.assert_allclose(solution.weights, [0.43, 0.4, 0.1, 0.07], atol=1e-9)
    one_sided = solve(four(), StyleBand("size", at_most=0.03, at_least=-0.05))
    np.testing.assert_allclose(one_sided.weights, [0.45, 0.4, 0.1, 0.05], atol=1e-9)


def test_members_hold_their_share(four):
    # Only A and C are members. Without the industry bands: every weight at its band, A 0.5, B 0.1
    # (non-member: w <= d, and at least 0.2 by |a| <= 0.1, so 0.2), C 0.3, D 0.
    snapshot = four(member=np.array([True, False, True, False]))
    problem = Problem(ActiveReturn(), (FullyInvested(), StockDeviation(0.1), MemberShare(0.8)))
    solution = problem.solve(snapshot)
    np.testing.assert_allclose(solution.weights, [0.5, 0.2, 0.3, 0.0], atol=1e-9)


@pytest.mark.parametrize(
    ("can_buy", "can_sell", "expected"),
    [
        ([0, 1, 1, 1], [1, 1, 1, 1], [0.4, 0.4, 0.1, 0.1]),  # A at limit-up
        ([1, 1, 1, 1], [1, 1, 1, 0], [0.4, 0.4, 0.1, 0.1]),  # D at limit-down
        ([1, 1, 0, 1], [1, 1, 0, 1], [0.5, 0.3, 0.2, 0.0]),  # C suspended
    ],
)
def test_blocked_names_are_not_traded(four, can_buy, can_sell, expected):
    snapshot = four(can_buy=np.array(can_buy, bool), can_sell=np.array(can_sell, bool))
    solution = solve(snapshot, Blocked())
    np.testing.assert_allclose(solution.weights, expected, atol=1e-9)


def test_a_suspended_name_may_stand_outside_its_band(four):
    # D drifted to 0.3 and cannot be sold: band 0 .. 0.2 gives way. Neutrality between {A, D} and
    # {B, C} cannot hold either, so the industries are left out here.
    past = np.array([0.3, 0.25, 0.15, 0.3])
    snapshot = four(can_sell=np.array([True, True, True, False]))
    problem = Problem(ActiveReturn(), (FullyInvested(), StockDeviation(0.1), Blocked()))
    solution = problem.solve(snapshot, past)
    assert solution.forced == ("D",)
    # A + B + C = 0.7 with A <= 0.5, B >= 0.2, C >= 0.1: the best is A 0.4, B 0.2, C 0.1.
    np.testing.assert_allclose(solution.weights, [0.4, 0.2, 0.1, 0.3], atol=1e-9)


def test_a_name_without_alpha_is_not_bought(four):
    # alpha of A is absent: it counts 2, the mean of 3, 2, 1, and A must not grow. A-D would gain 1.
    snapshot = four(alpha=np.array([np.nan, 3.0, 2.0, 1.0]))
    np.testing.assert_allclose(solve(snapshot).weights, [0.4, 0.4, 0.1, 0.1], atol=1e-9)


def test_a_name_without_alpha_is_bought_up_to_its_band(four):
    # Nothing is held; A must reach 0.3 (0.4 - 0.1), not more, so D takes 0.2 of their 0.5.
    snapshot = four(alpha=np.array([np.nan, 3.0, 2.0, 1.0]))
    solution = solve(snapshot, past=None)
    np.testing.assert_allclose(solution.weights, [0.3, 0.4, 0.1, 0.2], atol=1e-9)


def test_the_scale_of_alpha_does_not_change_the_weights(four):
    tiny = four(alpha=1e-6 * np.array([4.0, 3.0, 2.0, 1.0]))
    np.testing.assert_allclose(solve(tiny).weights, [0.5, 0.4, 0.1, 0.0], atol=1e-9)
