"""What happens when nothing is feasible: the declared order, then an error with facts."""

import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from intralpha.base import SolverError
from intralpha.portfolio import (
    DECLARED_ORDER,
    ActiveReturn,
    Blocked,
    Bound,
    Constraint,
    FullyInvested,
    IndustryBand,
    InfeasibleError,
    LinearProgram,
    MemberShare,
    Problem,
    Relaxation,
    Snapshot,
    StockDeviation,
    StyleBand,
    Turnover,
)

FAR = np.array([0.1, 0.2, 0.3, 0.4])  # |a| <= 0.1 needs A +0.2 and D -0.2: 0.2 one-sided
CORE = (FullyInvested(), StockDeviation(0.1))
TURNOVER_STEPS = ("turnover x1.5", "turnover x2", "turnover x4", "turnover off")


@dataclass(frozen=True)
class Box(Constraint):
    """Bounds of each of the four weights, from a user's file."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    kind: ClassVar[str] = "acme.box"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        program.tighten(np.array(self.low), np.array(self.high))

    def scaled(self, factor: float) -> "Box":
        return Box(self.low, tuple(h * factor for h in self.high))


NONE, ALL = (0.0,) * 4, (1.0,) * 4


def test_the_declared_order_is_that_of_the_specification():
    assert tuple(map(str, DECLARED_ORDER)) == (
        *TURNOVER_STEPS, "tracking error x1.25", "style x1.5", "industry x2"
    )  # fmt: skip


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


@pytest.mark.parametrize("past", [None, FAR])
def test_bounds_of_a_name_that_leave_nothing_are_named_with_their_constraints(four, past):
    # The band of B is [0.2, 0.4]; the user wants at least 0.5 of it, 0.1 too much. What is held
    # may lie between: nothing would have to move, and yet no weight fits.
    problem = Problem(ActiveReturn(), (*CORE, Box((0, 0.5, 0, 0), ALL)))
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(four(), past)
    error = caught.value
    (violation,) = error.violations
    assert (violation.name, violation.by) == ("weight of B", pytest.approx(0.1, abs=1e-12))
    assert (violation.lower, violation.upper) == (0.5, pytest.approx(0.4))
    assert set(error.bounds) == {
        Bound("acme.box", "at least", ("B",)),
        Bound("stock deviation", "at most", ("B",)),
    }
    assert set(error.conflicting) == {"acme.box", "stock deviation"}
    for fact in ("weight of B would miss [0.5, 0.4] by 0.1", "acme.box, at least, on 1 (B)"):
        assert fact in str(error)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ((0, 0.5, 0, 0), (1, 0.3, 1, 1)),
        (NONE, (1, -0.1, 1, 1)),
        (NONE, (1, np.nan, 1, 1)),
    ],
)
@pytest.mark.parametrize("past", [None, FAR, np.array([0.3, 0.4, 0.2, 0.1])])
def test_one_constraint_may_leave_a_name_nothing_by_itself(four, low, high, past):
    # 0.4 of B lies between 0.3 and 0.5: neither sold nor bought, and still outside both.
    with pytest.raises(InfeasibleError) as caught:
        Problem(ActiveReturn(), (FullyInvested(), Box(low, high))).solve(four(), past)
    assert [v.name for v in caught.value.violations] == ["weight of B"]
    assert caught.value.conflicting == ("acme.box",)
    assert caught.value.bounds[-1] == Bound("acme.box", "at most", ("B",))


def test_a_constraint_that_leaves_a_name_nothing_may_be_loosened(four):
    low, high = (0.0, 0.5, 0.0, 0.0), (1.0, 0.3, 1.0, 1.0)
    order = (Relaxation("acme.box", 1.5), Relaxation("acme.box", 2.0))
    solution = Problem(ActiveReturn(), (FullyInvested(), Box(low, high)), order).solve(four())
    assert solution.relaxed == ("acme.box x1.5", "acme.box x2")
    # Never more of B than 0.6, of A than 2: alpha is highest for A, B is at least 0.5.
    np.testing.assert_allclose(solution.weights, [0.5, 0.5, 0, 0], atol=1e-9)


def test_bounds_that_cross_by_rounding_are_one_number(four):
    low, high = np.nextafter(0.3, 1), 0.3
    box = Box((0.0, low, 0.0, 0.0), (1.0, high, 1.0, 1.0))
    for past in (None, FAR):
        solution = Problem(ActiveReturn(), (FullyInvested(), box)).solve(four(), past)
        np.testing.assert_allclose(solution.weights, [0.7, 0.3, 0, 0], atol=1e-9)


def test_caps_that_leave_room_for_less_than_everything_are_named(four):
    # 0.2 + 0.1 + 0.2 + 0.1 = 0.6 of 1; C and D cannot be bought and nothing is held.
    box = Box(NONE, (0.2, 0.1, 0.9, 0.9))
    snapshot = four(can_buy=np.array([True, True, False, False]))
    with pytest.raises(InfeasibleError) as caught:
        Problem(ActiveReturn(), (FullyInvested(), box, Blocked())).solve(snapshot)
    error = caught.value
    (violation,) = error.violations
    assert (violation.name, violation.by) == ("fully invested", pytest.approx(0.7, abs=1e-9))
    assert error.bounds == (
        Bound("acme.box", "at most", ("A", "B")),
        Bound("blocked", "at most", ("C", "D")),
    )
    assert "acme.box, at most, on 2 (A, B); blocked, at most, on 2 (C, D)" in str(error)


def test_floors_above_everything_are_named(four):
    # 0.5 + 0.5 + 0.2 = 1.2; D may still be sold to nothing and is in nobody's way.
    box = Box((0.5, 0.5, 0.2, 0.0), ALL)
    for past in (None, FAR):
        with pytest.raises(InfeasibleError) as caught:
            Problem(ActiveReturn(), (FullyInvested(), box)).solve(four(), past)
        (violation,) = caught.value.violations
        assert (violation.name, violation.by) == ("fully invested", pytest.approx(0.2, abs=1e-9))
        assert caught.value.bounds == (Bound("acme.box", "at least", ("A", "B", "C")),)


def test_a_floor_that_costs_more_turnover_than_allowed_is_named(four):
    # A must rise from 0.1 to 0.5: 0.4 bought and 0.4 sold, of 0.25 one-sided that are allowed.
    box = Box((0.5, 0, 0, 0), ALL)
    problem = Problem(ActiveReturn(), (FullyInvested(), box, Turnover(0.25)), relax=())
    with pytest.raises(InfeasibleError) as caught:
        problem.solve(four(), FAR)
    assert {"turnover"} <= set(caught.value.conflicting)
    assert caught.value.bounds == (Bound("acme.box", "at least", ("A",)),)
