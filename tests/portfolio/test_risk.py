"""Tracking error and risk aversion: answers on paper, relaxation, refusals, residuals.

Four stocks without factors and of equal specific variance v, signal 4, 3, 2, 1. Fully invested and
otherwise free, the best active weights are a multiple of the signal less its mean, (1.5, 0.5, -0.5,
-1.5), whose squares sum to 5. An optimum on a cone is flat: weights are known to a few millionths,
the objective to 1e-7 and better.
"""

import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    FullyInvested,
    IndustryBand,
    InfeasibleError,
    NoRiskError,
    NotConcaveError,
    PortfolioSpec,
    Problem,
    RiskAversion,
    SolverFailedError,
    StyleBand,
    TrackingError,
    Turnover,
)
from intralpha.portfolio.answer import Answer
from intralpha.portfolio.snapshot import SnapshotError
from intralpha.risk import RiskEstimate

VAR, YEAR = 1e-4, 244
BEST = 0.04 * np.array([1.5, 0.5, -0.5, -1.5])
TE = np.sqrt(YEAR * VAR * 5) * 0.04
BENCHMARK = np.array([0.4, 0.3, 0.2, 0.1])


def estimate(symbols=("A", "B", "C", "D"), loadings=None, cov=None, var=VAR):
    count = len(symbols)
    x = np.zeros((count, 0)) if loadings is None else loadings
    names = tuple(f"f{k}" for k in range(x.shape[1]))
    f = np.zeros((0, 0)) if cov is None else cov
    return RiskEstimate(np.array(symbols), names, x, f, np.full(count, var))


@pytest.fixture
def risky(four):
    return lambda **changes: four(**{"risk": estimate(), **changes})


def test_the_cone_stops_at_the_tracking_error(risky):
    # a = 0.04 (1.5, 0.5, -0.5, -1.5): the objective is 0.04 * 5, and a unit of tracking error is
    # worth 0.2 / TE.
    solution = Problem(ActiveReturn(), (FullyInvested(), TrackingError(TE))).solve(risky())
    np.testing.assert_allclose(solution.exact, BENCHMARK + BEST, atol=5e-6)
    assert solution.objective == pytest.approx(0.2, rel=1e-7)
    (row,) = [r for r in solution.rows if r.name == "tracking error"]
    assert (row.value, row.upper) == (pytest.approx(TE, rel=1e-7), TE)
    assert row.dual == pytest.approx(0.2 / TE, rel=1e-5)
    assert "tracking error" in solution.active


def test_factors_count_by_their_covariance(risky):
    # One factor, loading 1 on A and -1 on D: moving A up and D down is charged for both.
    # With a = (p, q, -q, -p): variance (2p)^2 f + 2 (p^2 + q^2) v. Specific only for q.
    f = 3e-4
    risk = estimate(loadings=np.array([[1.0], [0], [0], [-1.0]]), cov=np.array([[f]]))
    direction = np.array([3 / (4 * f + 2 * VAR), 1 / (2 * VAR)])  # gains 3 p + q
    sd = np.sqrt(YEAR * (direction**2 @ [4 * f + 2 * VAR, 2 * VAR]))
    p, q = direction * TE / sd
    solution = Problem(ActiveReturn(), (FullyInvested(), TrackingError(TE))).solve(risky(risk=risk))
    np.testing.assert_allclose(solution.exact - BENCHMARK, [p, q, -q, -p], atol=5e-6)


def test_variance_is_weighed_against_the_signal(risky):
    # max 5 t - k v 5 t^2 over a = t (1.5, 0.5, -0.5, -1.5): t = 1 / (2 k v) = 0.04.
    problem = Problem(ActiveReturn() - 12.5 / VAR * RiskAversion(), (FullyInvested(),))
    solution = problem.solve(risky())
    np.testing.assert_allclose(solution.exact, BENCHMARK + BEST, atol=5e-6)
    assert solution.objective == pytest.approx(0.1, rel=1e-6)


def test_cone_and_penalty_stand_together(risky):
    loose = Problem(
        ActiveReturn() - 12.5 / VAR * RiskAversion(), (FullyInvested(), TrackingError(2 * TE))
    ).solve(risky())
    tight = Problem(
        ActiveReturn() - 12.5 / VAR * RiskAversion(), (FullyInvested(), TrackingError(TE / 2))
    ).solve(risky())
    np.testing.assert_allclose(loose.exact, BENCHMARK + BEST, atol=5e-6)
    np.testing.assert_allclose(tight.exact, BENCHMARK + BEST / 2, atol=5e-6)


def test_names_that_cannot_be_traded_keep_their_part_of_the_risk(risky):
    # D stays at 0.16: an active weight of 0.06. The rest of the variance is left to A, B and C.
    past = np.array([0.4, 0.3, 0.14, 0.16])
    snapshot = risky(can_buy=np.array([1, 1, 1, 0], bool), can_sell=np.array([1, 1, 1, 0], bool))
    te = np.sqrt(YEAR * VAR) * 0.1
    solution = Problem(ActiveReturn(), (FullyInvested(), TrackingError(te), Blocked())).solve(
        snapshot, past
    )
    active = solution.exact - BENCHMARK
    # a_D = 0.06, sum -0.06 over A, B, C: -0.02 each plus t (1, 0, -1), squares sum to 0.0064.
    t = np.sqrt((0.1**2 - 0.06**2 - 3 * 0.02**2) / 2)
    np.testing.assert_allclose(active, [t - 0.02, -0.02, -t - 0.02, 0.06], atol=5e-6)


def test_turnover_is_loosened_before_the_tracking_error(risky):
    # From far away a turnover of 0.2 one-sided is as little as TE / 100 can be reached with ...
    past = np.array([0.2, 0.3, 0.2, 0.3])
    problem = Problem(
        ActiveReturn(),
        (FullyInvested(), TrackingError(TE / 100), Turnover(0.12), StyleBand("size", 1.0)),
    )
    solution = problem.solve(risky(), past)
    assert solution.relaxed == ("turnover x1.5", "turnover x2")


def test_the_tracking_error_is_loosened_before_the_style(risky):
    # D is stuck 0.1 above the benchmark; the others give way evenly: 0.1^2 + 3 (0.1 / 3)^2.
    past = np.array([0.35, 0.3, 0.15, 0.2])
    least = np.sqrt(YEAR * VAR * (0.1**2 + 0.1**2 / 3))
    stuck = risky(can_sell=np.array([1, 1, 1, 0], bool))
    parts = (FullyInvested(), StyleBand("size", 1.0), IndustryBand(1.0), Blocked())
    solution = Problem(ActiveReturn(), (*parts, TrackingError(0.9 * least))).solve(stuck, past)
    assert solution.relaxed == ("tracking error x1.25",)
    with pytest.raises(InfeasibleError) as caught:
        Problem(ActiveReturn(), (*parts, TrackingError(0.5 * least))).solve(stuck, past)
    (violation,) = caught.value.violations
    assert violation.name == "tracking error"
    assert violation.by == pytest.approx(least - 1.25 * 0.5 * least, rel=1e-5)
    assert caught.value.relaxed[0] == "tracking error x1.25"


def test_what_cannot_be_used_is_refused(four, risky):
    for part in (TrackingError(0.05),):
        with pytest.raises(NoRiskError, match="tracking error"):
            Problem(ActiveReturn(), (FullyInvested(), part)).solve(four())
    with pytest.raises(NoRiskError, match="risk aversion"):
        Problem(ActiveReturn() - RiskAversion(), (FullyInvested(),)).solve(four())
    with pytest.raises(NotConcaveError, match="factor 2"):
        Problem(ActiveReturn() + 2 * RiskAversion(), (FullyInvested(),)).solve(risky())
    with pytest.raises(SnapshotError, match="other assets"):
        four(risk=estimate(("A", "B", "D", "C")))


def test_the_preset_has_a_tracking_error_and_a_two_sided_turnover(risky):
    spec = PortfolioSpec(
        stock_deviation=1, industry_deviation=None, tracking_error=TE, turnover_two_sided=0.08
    )
    problem = spec.make()
    kinds = [c.kind for c in problem.subject_to]
    assert kinds == ["fully invested", "stock deviation", "tracking error", "turnover", "blocked"]
    # 0.08 traded: 0.04 from D to A, worth 3 each.
    solution = problem.solve(risky(), BENCHMARK)
    assert solution.objective == pytest.approx(0.12, rel=1e-6)
    assert PortfolioSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_every_solution_says_what_it_misses(risky):
    for parts in ((FullyInvested(), TrackingError(TE)), (FullyInvested(), IndustryBand(0.1))):
        found = Problem(ActiveReturn(), parts).solve(risky()).residuals
        assert found.primal <= 1e-8
        assert found.gap <= 1e-6
        assert found.violators == 0
        assert found.scale == 4.0


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([0.4, 0.3, 0.2, 0.2], "missed by 0.1"),  # sums to 1.1
        ([0.4, 0.3, 0.2, 0.1], "names would still gain"),  # not the best
    ],
)
def test_an_answer_that_does_not_hold_is_rejected(four, monkeypatch, weights, words):
    wrong = Answer(np.array(weights), np.zeros(1), np.zeros(0), 1)
    monkeypatch.setattr("intralpha.portfolio.problem.solve_program", lambda *_: (wrong, 1))
    with pytest.raises(SolverFailedError, match=words):
        Problem(ActiveReturn(), (FullyInvested(),)).solve(four())
