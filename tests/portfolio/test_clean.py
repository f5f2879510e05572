"""Dust positions are removed without touching blocked names."""

import numpy as np
import pytest

from intralpha.portfolio import (
    ActiveReturn,
    Blocked,
    FullyInvested,
    IndustryBand,
    Problem,
    StockDeviation,
    Turnover,
)

CORE = (FullyInvested(), StockDeviation(0.1), IndustryBand(0.0))


def test_dust_is_dropped_and_the_rest_scaled(four):
    # Turnover one-sided 0.09995 leaves D with 0.00005. A + B + C share it: x 1 / 0.99995.
    solution = Problem(ActiveReturn(), (*CORE, Turnover(0.09995))).solve(
        four(), np.array([0.4, 0.3, 0.2, 0.1])
    )
    np.testing.assert_allclose(solution.exact, [0.49995, 0.3, 0.2, 0.00005], atol=1e-9)
    expected = np.array([0.49995, 0.3, 0.2, 0.0]) / 0.99995
    np.testing.assert_allclose(solution.weights, expected, atol=1e-9)
    assert solution.dropped_weight == pytest.approx(0.00005, abs=1e-9)


def test_blocked_names_keep_their_weight_to_the_last_bit(four):
    # B is suspended with 0.00007, C at limit-up: only A and D take the dust of nobody else.
    past = np.array([0.45, 0.00007, 0.39993, 0.15])
    snapshot = four(
        benchmark=np.array([0.4, 0.00006, 0.44994, 0.15]),
        can_buy=np.array([True, False, False, True]),
        can_sell=np.array([True, False, True, True]),
        alpha=np.array([4.0, 3.0, 3.5, 1.0]),
    )
    problem = Problem(
        ActiveReturn(),
        (FullyInvested(), StockDeviation(0.2), Turnover(0.14996), Blocked()),
    )
    solution = problem.solve(snapshot, past)
    assert solution.exact[3] == pytest.approx(0.00004, abs=1e-9)
    assert solution.weights[1] == past[1]
    assert solution.weights[2] == solution.exact[2]
    assert solution.weights[3] == 0.0
    assert solution.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert solution.dropped_weight == pytest.approx(0.00004, abs=1e-9)


def test_without_anybody_to_scale_nothing_is_dropped(four):
    snapshot = four(can_buy=np.zeros(4, dtype=bool))
    past = np.array([0.4, 0.3, 0.29995, 0.00005])
    solution = Problem(ActiveReturn(), (FullyInvested(), Blocked())).solve(snapshot, past)
    np.testing.assert_allclose(solution.weights, past, atol=1e-12)
    assert solution.dropped_weight == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_bounds_are_exceeded_by_no_more_than_stated(world, seed):
    """The size of the harm: w * dropped / scaled for a name, the dropped weight for a sum."""
    snapshot, past = world(seed, count=200)
    past = np.where(past < 0.002, past * 0.04, past)  # many holdings near 1e-4
    deviation, band, one_sided = 0.03, 0.05, 0.1
    problem = Problem(
        ActiveReturn(),
        (
            FullyInvested(),
            StockDeviation(deviation),
            IndustryBand(band),
            Turnover(one_sided),
            Blocked(),
        ),
    )
    solution = problem.solve(snapshot, past)
    w, exact, dropped = solution.weights, solution.exact, solution.dropped_weight
    assert dropped > 0, "nothing was dropped: the test shows nothing"
    assert w.sum() == pytest.approx(exact.sum(), abs=1e-12)
    assert not ((w > 0) & (w < 1e-4) & snapshot.can_sell).any()
    stuck = ~snapshot.can_buy & ~snapshot.can_sell
    assert np.array_equal(w[stuck], past[stuck])
    assert (w[~snapshot.can_buy] <= past[~snapshot.can_buy]).all()
    assert (w[~snapshot.can_sell] >= past[~snapshot.can_sell]).all()
    grown = w > exact
    assert (w[grown] / exact[grown] - 1).max() <= dropped / exact[grown].sum() + 1e-12
    kept = w > 0
    upper = np.where(snapshot.member, snapshot.benchmark + deviation, deviation)
    fair = kept & ~np.isin(snapshot.assets, solution.forced)
    assert (w[fair] - upper[fair]).max() <= (w[fair] * dropped / exact[grown].sum()).max() + 1e-9
    before = np.bincount(snapshot.industry, weights=exact)
    after = np.bincount(snapshot.industry, weights=w)
    assert np.abs(after - before).max() <= dropped + 1e-12
    assert np.abs(w - past).sum() <= np.abs(exact - past).sum() + 2 * dropped + 1e-12


def test_the_limit_is_a_setting(four):
    problem = Problem(ActiveReturn(), (*CORE, Turnover(0.09995)), min_weight=0.0)
    solution = problem.solve(four(), np.array([0.4, 0.3, 0.2, 0.1]))
    assert np.array_equal(solution.weights, solution.exact)
