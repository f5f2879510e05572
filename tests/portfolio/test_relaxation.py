"""What happens when nothing is feasible: the declared order, then an error with facts."""

import logging

import numpy as np
import pytest

from intralpha.base import SolverError
from intralpha.portfolio import (
    DECLARED_ORDER,
    ActiveReturn,
    Blocked,
    FullyInvested,
    IndustryBand,
    InfeasibleError,
    MemberShare,
    Problem,
    StockDeviation,
    StyleBand,
    Turnover,
)

FAR = np.array([0.1, 0.2, 0.3, 0.4])  # |a| <= 0.1 needs A +0.2 and D -0.2: 0.2 one-sided
CORE = (FullyInvested(), StockDeviation(0.1))
TURNOVER_STEPS = ("turnover x1.5", "turnover x2", "turnover x4", "turnover off")


def test_the_declared_order_is_that_of_the_specification():
    assert tuple(map(str, DECLARED_ORDER)) == (*TURNOVER_STEPS, "style x1.5", "industry x2")


@pytest.mark.parametrize(
    ("cap", "steps"),
    [(0.2, 0), (0.19, 1), (0.12, 2), (0.06, 3), (0.04, 4)],
)
def test_turnover_is_loosened_just_enough(four, caplog, cap, steps):
    with caplog.at_level(logging.WARNING, logger="intralpha.portfolio"):
        solution = Problem(ActiveReturn(), (*CORE, Turnover(cap))).solve(four(), FAR)
    assert solution.relaxed == TURNOVER_STEPS[:steps]
    assert solution.status == ("relaxed" if steps else "optimal")
    assert [r.getMessage().partition("relaxing: ")[2] for r in caplog.records] == list(
        TURNOVER_STEPS[:steps]
    )


# D is held at 0.4 and cannot be sold: the only weights are A 0.3, B 0.2, C 0.1, D 0.4, whose
# active size exposure is 0.3 and whose industry {A, D} is 0.2 too heavy.
STUCK = {"can_sell": np.array([True, True, True, False])}


def test_style_is_loosened_after_turnover(four):
    problem = Problem(ActiveReturn(), (*CORE, StyleBand("size", 0.25), Turnover(0.04), Blocked()))
    solution = problem.solve(four(**STUCK), FAR)
    assert solution.relaxed == (*TURNOVER_STEPS, "style x1.5")
    np.testing.assert_allclose(solution.weights, [0.3, 0.2, 0.1, 0.4], atol=1e-9)


def test_industry_is_loosened_last(four):
    problem = Problem(
        ActiveReturn(), (*CORE, StyleBand("size", 0.4), IndustryBand(0.15), Blocked())
    )
    solution = problem.solve(four(**STUCK), FAR)
    assert solution.relaxed == ("style x1.5", "industry x2")


def test_steps_without_effect_are_passed_over(four):
    # No turnover constraint, and twice a strict neutrality is still strict.
    problem = Problem(ActiveReturn(), (*CORE, IndustryBand(0.0), Blocked()))
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(four(**STUCK), FAR)
    assert caught.value.relaxed == ()
    assert "nothing" in str(caught.value)


def test_the_first_rebalance_does_not_pretend_to_loosen_turnover(four):
    problem = Problem(ActiveReturn(), (*CORE, MemberShare(1.5), Turnover(0.1)))
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(four())
    assert caught.value.relaxed == ()


def test_the_error_names_the_smallest_violation(four):
    # 0.1 x 1.5 = 0.15 is allowed and 0.3 is forced: missed by 0.15.
    problem = Problem(ActiveReturn(), (*CORE, StyleBand("size", 0.1), Turnover(0.5), Blocked()))
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(four(**STUCK), FAR)
    error = caught.value
    assert isinstance(error, SolverError)
    assert error.relaxed == (*TURNOVER_STEPS, "style x1.5")
    (violation,) = error.violations
    assert violation.name == "style size"
    assert violation.by == pytest.approx(0.15, abs=1e-9)
    assert "style size" in error.conflicting
    assert error.date == np.datetime64("2024-01-05", "D")
    for fact in ("2024-01-05", "turnover off", "style size would miss", "by 0.15"):
        assert fact in str(error)


def test_the_error_tells_that_there_is_not_enough_to_buy(four):
    # Only A may be bought and nothing is held: at most 0.5 of 1.
    snapshot = four(can_buy=np.array([True, False, False, False]))
    with pytest.raises(InfeasibleError) as caught:
        Problem(ActiveReturn(), (*CORE, Blocked())).solve(snapshot)
    (violation,) = caught.value.violations
    assert (violation.name, violation.by) == ("fully invested", pytest.approx(0.5, abs=1e-9))
    assert caught.value.box == pytest.approx((0.3, 0.5), abs=1e-9)


def test_two_rows_that_exclude_each_other_are_both_named(four):
    snapshot = four(member=np.array([True, True, False, False]))
    problem = Problem(
        ActiveReturn(), (FullyInvested(), MemberShare(0.9), StyleBand("size", 0.1, 0.05))
    )
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(snapshot)
    # Size is 1 for D only: D >= 0.1 + 0.05, after loosening 0.1 + 0.075; 0.9 in A and B leaves 0.1.
    assert set(caught.value.conflicting) == {"fully invested", "member share", "style size"}
    assert sum(v.by for v in caught.value.violations) == pytest.approx(0.075, abs=1e-9)
