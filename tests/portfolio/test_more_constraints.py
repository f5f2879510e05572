"""Further constraints: answers on paper, all choices tried, refusals."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import linprog

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    Cardinality,
    ConstraintSpec,
    CurvedAndCountedError,
    ExposureError,
    FullyInvested,
    IndustryBand,
    InfeasibleError,
    MinimumPosition,
    NoAmountError,
    Participation,
    PortfolioSpec,
    Problem,
    RiskAversion,
    StockDeviation,
    StockMultiple,
    StyleBands,
    Turnover,
    TurnoverTwoSidedSpec,
)
from intralpha.risk import RiskEstimate

BENCHMARK = np.array([0.4, 0.3, 0.2, 0.1])


def solve(snapshot, *parts, past=BENCHMARK):
    return Problem(ActiveReturn(), (FullyInvested(), *parts)).solve(snapshot, past)


def test_two_sided_turnover_is_twice_one_sided():
    assert TurnoverTwoSidedSpec(two_sided=0.3).make() == Turnover(0.15)


def test_a_band_in_multiples_of_the_index_weight(four):
    # Half of each weight may be lost or gained: A +0.2, D -0.05, C -0.1, and B the last -0.05.
    np.testing.assert_allclose(solve(four(), StockMultiple(0.5)).exact, [0.6, 0.25, 0.1, 0.05])
    # Only members have the band: D, outside, may be sold out.
    outside = four(member=np.array([1, 1, 1, 0], bool))
    found = solve(outside, StockMultiple(0.5), StockDeviation(1.0))
    np.testing.assert_allclose(found.exact, [0.6, 0.3, 0.1, 0.0], atol=1e-12)


def test_no_order_is_more_than_its_share_of_the_market(four):
    # 10 % of 200,000 a day of a capital of 1,000,000: 0.02 of D; of A 0.03, of B 0.05, of C 0.
    # D gives its 0.02 to A, B gives A the other 0.01.
    amounts = np.array([3e5, 5e5, np.nan, 2e5])
    snapshot = four(amount_yuan=amounts, capital_yuan=1e6)
    found = solve(snapshot, StockDeviation(0.1), Participation(0.1))
    np.testing.assert_allclose(found.exact, [0.43, 0.29, 0.2, 0.08], atol=1e-12)


def test_participation_wins_over_the_band_and_says_so(four):
    # D was held at 0.3; its band ends at 0.15, but only 0.02 can be sold.
    past = np.array([0.3, 0.2, 0.2, 0.3])
    snapshot = four(amount_yuan=np.full(4, 2e5), capital_yuan=1e6)
    found = solve(snapshot, StockDeviation(0.15), Participation(0.1), past=past)
    assert found.exact[3] == pytest.approx(0.28)
    assert found.forced == ("D",)
    assert np.abs(found.exact - past).max() <= 0.02 + 1e-12


def test_participation_needs_amounts_and_capital(four):
    with pytest.raises(NoAmountError, match="amount_yuan"):
        solve(four(), Participation(0.1))
    with pytest.raises(NoAmountError, match="capital_yuan"):
        solve(four(amount_yuan=np.ones(4)), Participation(0.1))


def test_styles_of_a_kind_share_a_band(four):
    # hf_a is 1 for A: at most 0.05 more, at least 0.2 less. low is 1 for D: no less than -0.01.
    exposures = np.zeros((4, 3))
    exposures[0, 0], exposures[3, 1], exposures[1, 2] = 1.0, 1.0, 1.0
    snapshot = four(exposures=exposures, exposure_names=("hf_a", "low", "hf_own"))
    bands = StyleBands(("hf_*",), at_most=0.05, at_least=-0.2, but=("hf_own",))
    found = solve(snapshot, StockDeviation(0.1), bands, StyleBands(("low",), 0.5, -0.01))
    # A +0.05, D -0.01, so B takes what C gives: C -0.1, B +0.06.
    np.testing.assert_allclose(found.exact, [0.45, 0.36, 0.1, 0.09], atol=1e-12)
    assert [r.name for r in found.rows[1:]] == ["style hf_a", "style low"]
    assert bands.scaled(1.5) == StyleBands(("hf_*",), 0.05 * 1.5, -0.2 * 1.5, ("hf_own",))
    with pytest.raises(ExposureError, match="mid_"):
        solve(snapshot, StyleBands(("mid_*",), 1.0))


def best_choice(snapshot, least, most, deviation):
    """Every choice of names, each with a linear program of its own."""
    count, best = len(snapshot.assets), -np.inf
    low = np.maximum(snapshot.benchmark - deviation, 0)
    high = snapshot.benchmark + deviation
    for size in range(1, most + 1):
        for held in combinations(range(count), size):
            inside = np.isin(np.arange(count), held)
            lower = np.where(inside, np.maximum(low, least), low)
            upper = np.where(inside, high, 0.0)
            if (lower > upper).any():
                continue
            found = linprog(
                -snapshot.alpha, A_eq=np.ones((1, count)), b_eq=[1.0],
                bounds=np.stack([lower, upper], axis=1),
            )  # fmt: skip
            if found.status == 0:
                best = max(best, -found.fun - snapshot.alpha @ snapshot.benchmark)
    return best


@pytest.mark.slow
@pytest.mark.one_in(4)
@pytest.mark.parametrize("seed", range(4))
def test_the_best_names_are_held(world, seed):
    snapshot, _ = world(seed, count=9)
    every = np.ones(9, bool)
    snapshot = type(snapshot)(**{**vars(snapshot), "can_buy": every, "can_sell": every,
                                 "member": every, "benchmark": np.full(9, 1 / 9)})  # fmt: skip
    problem = Problem(
        ActiveReturn(),
        (FullyInvested(), StockDeviation(0.2), MinimumPosition(0.15), Cardinality(5)),
    )
    found = problem.solve(snapshot)
    assert found.objective == pytest.approx(best_choice(snapshot, 0.15, 5, 0.2), rel=1e-6)
    held = found.exact > 0
    assert held.sum() <= 5
    assert found.exact[held].min() >= 0.15 - 1e-9
    assert 0 <= found.residuals.choice_gap <= 1e-5
    free = Problem(ActiveReturn(), problem.subject_to[:2]).solve(snapshot)
    assert free.objective > found.objective, "the names were not scarce"


def test_a_name_that_cannot_be_sold_is_exempt_and_counts(four):
    past = np.array([0.5, 0.3, 0.17, 0.03])
    stuck = four(can_buy=np.array([1, 1, 1, 0], bool), can_sell=np.array([1, 1, 1, 0], bool))
    found = solve(stuck, MinimumPosition(0.2), Cardinality(2), Blocked(), past=past)
    np.testing.assert_allclose(found.exact, [0.97, 0, 0, 0.03], atol=1e-9)


def test_too_few_names_have_no_solution(four):
    # Two names hold at most 0.5 + 0.4.
    with pytest.raises(InfeasibleError, match="cardinality"):
        solve(four(benchmark=BENCHMARK), StockDeviation(0.1), Cardinality(2), IndustryBand(1.0))


def test_counting_and_variance_are_refused_together(four):
    risk = RiskEstimate(np.array(list("ABCD")), (), np.zeros((4, 0)), np.zeros((0, 0)), np.ones(4))
    problem = Problem(ActiveReturn() - RiskAversion(), (FullyInvested(), Cardinality(2)))
    with pytest.raises(CurvedAndCountedError, match="cardinality"):
        problem.solve(four(risk=risk))


def test_recipes_can_name_them_all():
    written = [
        {"kind": "turnover_two_sided", "two_sided": 0.3},
        {"kind": "stock_multiple", "at_most": 1.0},
        {"kind": "participation", "at_most": 0.1},
        {"kind": "style_bands", "styles": ["hf_*"], "at_most": 2.0},
        {"kind": "minimum_position", "at_least": 0.001},
        {"kind": "cardinality", "at_most": 200},
        {"kind": "tracking_error", "at_most": 0.05},
    ]
    spec = PortfolioSpec.model_validate(
        {"constraints": written, "terms": [{"kind": "risk_aversion", "factor": -2.0}]}
    )
    assert {w["kind"] for w in written} <= set(ConstraintSpec.kinds())
    made = spec.make()
    assert [c.kind for c in made.subject_to[4:-1]] == [
        "turnover", "stock multiple", "participation", "style", "minimum position", "cardinality",
        "tracking error",
    ]  # fmt: skip
    assert made.maximise.parts[-1] == (-2.0, RiskAversion())
