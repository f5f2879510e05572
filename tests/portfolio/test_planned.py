"""Plans as decisions: signals by hand, one trade is the problem, and what gives way."""

from dataclasses import replace

import numpy as np
import pytest

from intralpha.backtest import EnhancementSpec
from intralpha.base import Panel
from intralpha.portfolio import (
    ActiveReturn,
    FullyInvested,
    InfeasibleError,
    NoSequenceError,
    PlanError,
    Planned,
    PlanSpec,
    Problem,
    Relaxation,
    Snapshot,
    StockDeviation,
    StyleBand,
    Turnover,
)

DAY = np.array(["2024-01-05"], dtype="datetime64[D]")


def universe(inside: list[float]) -> Panel:
    assets = np.array(["A", "B", "C", "D"])
    return Panel(np.array(inside, dtype=np.float64)[None, :, None], DAY, assets, ("universe",))


def sequence(*columns: list[float]) -> Panel:
    names = tuple(f"h{k:02d}" for k in range(1, len(columns) + 1))
    assets = np.array(["A", "B", "C", "D"])
    return Panel(np.array(columns).T[None].astype(np.float32), DAY, assets, names)


def test_signals_by_hand() -> None:
    """Totals of A, B, C are 4, 2, 0: deviation sqrt(8/3). D is outside and counts nowhere."""
    given = sequence([1, 0, 0, 9], [1, 1, 0, 9], [1, 1, 1, 9], [1, 0, -1, 9], [7, 7, 7, 7])
    found = PlanSpec(trades=2, sessions=2).signals(given, universe([1, 1, 1, 0]), DAY)
    unit = (8 / 3) ** 0.5
    np.testing.assert_allclose(found[0, 0], np.array([2, 1, 0, np.nan]) / unit, rtol=1e-6)
    np.testing.assert_allclose(found[1, 0], np.array([2, 1, 0, np.nan]) / unit, rtol=1e-6)
    lacking = PlanSpec(trades=1, sessions=1).signals(
        sequence([3, np.nan, 1, 5]), universe([1, 1, 1, 1]), DAY
    )
    assert np.isnan(lacking[0, 0]).tolist() == [False, True, False, False]
    assert np.nanstd(lacking) == pytest.approx(1.0)


def test_a_sequence_that_is_missing_or_too_short() -> None:
    plan = PlanSpec(trades=1, sessions=2)
    with pytest.raises(NoSequenceError, match="h01, h02 are not given"):
        plan.signals(None, universe([1, 1, 1, 1]), DAY)
    with pytest.raises(NoSequenceError, match="returns; h02 are not given"):
        plan.signals(sequence([1, 2, 3, 4]), universe([1, 1, 1, 1]), DAY)


def ahead(snapshot: Snapshot, *signals: list[float]) -> Snapshot:
    return replace(snapshot, ahead=np.array(signals, dtype=np.float64))


@pytest.mark.parametrize("seed", range(3))
def test_one_trade_is_the_problem(world, seed: int) -> None:
    snapshot, past = world(seed)
    bands = [StyleBand(name, 0.2) for name in snapshot.exposure_names]
    one = Problem(ActiveReturn(), [FullyInvested(), StockDeviation(0.03), *bands, Turnover(0.3)])
    found = Planned(one).solve(replace(snapshot, ahead=snapshot.alpha[None]), past)
    solved = one.solve(snapshot, past)
    np.testing.assert_allclose(found.weights, solved.weights, atol=1e-9)
    assert [row.name for row in found.rows] == [row.name for row in solved.rows]
    np.testing.assert_allclose(
        [row.dual for row in found.rows], [row.dual for row in solved.rows], atol=1e-6
    )
    assert (found.forced, found.status, found.relaxed) == (solved.forced, "optimal", ())


@pytest.mark.parametrize("seed", range(3))
def test_another_order_of_assets_plans_the_same(world, shuffled, seed: int) -> None:
    snapshot, past = world(seed)
    rng = np.random.default_rng(seed)
    order, signals = rng.permutation(len(past)), rng.standard_normal((3, len(past)))
    given = replace(snapshot, ahead=signals)
    plan = Planned(Problem(ActiveReturn(), [FullyInvested(), StockDeviation(0.03), Turnover(0.2)]))
    plain, other = plan.solve(given, past), plan.solve(shuffled(given, order), past[order])
    assert other.objective == pytest.approx(plain.objective, abs=1e-8)
    np.testing.assert_allclose(other.weights, plain.weights[order], atol=1e-8)


def test_constraints_give_way_in_the_declared_order(four) -> None:
    """A is 10 % below its band: 10 % one-sided are needed, 5 % allowed, twice that after a step."""
    past = np.array([0.2, 0.4, 0.3, 0.1])
    order = (Relaxation("turnover", 1.5), Relaxation("turnover", 2.0), Relaxation("style", 2.0))
    parts = [FullyInvested(), StockDeviation(0.1), Turnover(0.05)]
    narrow = Planned(Problem(ActiveReturn(), parts, order))
    found = narrow.solve(ahead(four(), [0, 0, 0, 0], [1, 0, 0, 0]), past)
    assert found.status == "relaxed"
    assert found.relaxed == ("turnover x1.5", "turnover x2")
    assert found.weights[0] == pytest.approx(0.3)
    assert found.objective == pytest.approx(0, abs=1e-9)  # of the plan: A at 0.4 after two trades
    stuck = Planned(Problem(ActiveReturn(), parts, order[:1]))
    with pytest.raises(InfeasibleError, match=r"relaxing: turnover x1\.5"):
        stuck.solve(ahead(four(), [0, 0, 0, 0], [1, 0, 0, 0]), past)
    with pytest.raises(PlanError, match="no signals ahead"):
        stuck.solve(four(), past)


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"constraints": [{"kind": "cardinality", "at_most": 50}]}, "plan: cardinality of"),
        ({"constraints": [{"kind": "minimum_position", "at_least": 0.001}]}, "minimum_position"),
    ],
)
def test_what_cannot_be_planned_is_told_before_anything_runs(problem: dict, said: str) -> None:
    given = {"problem": problem}
    assert EnhancementSpec.model_validate(given).faults() == ()
    (fault,) = EnhancementSpec.model_validate({**given, "plan": {}}).faults()
    assert said in fault


@pytest.mark.parametrize(
    ("traded", "said"),
    [
        ({"a": 10, "b": 10}, "the signal is made of a, b; expected one factor"),
        ({"a": 0}, "a predicts no sequence of returns"),
        ({"a": 9}, "2 trades of 5 sessions each need 10 predicted returns; a predicts 9"),
    ],
)
def test_factors_without_the_sequence(traded: dict[str, int], said: str) -> None:
    assert list(PlanSpec().faults({"a": 10})) == []
    (fault,) = PlanSpec().faults(traded)
    assert fault.startswith(said)
