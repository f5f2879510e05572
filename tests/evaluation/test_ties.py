"""Equal scores: no figure depends on where a stock stands on the axis."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.base import Panel
from intralpha.evaluation import (
    FactorTestSpec,
    quantile_groups,
    quantile_returns,
    run_factor_test,
    top_weights,
)


def test_a_tie_across_a_border_is_shared_by_hand() -> None:
    # Positions 0 1 | 2 3 | 4 5: the four 2s fill 1..4, a quarter of each in group 1, a half in 2.
    score = np.array([[2.0, 1.0, 2.0, 3.0, 2.0, 2.0]])
    fwd = np.array([[0.04, 0.10, 0.08, 0.20, 0.00, 0.12]])
    mean = (0.04 + 0.08 + 0.00 + 0.12) / 4
    expected = [(0.10 + mean) / 2, mean, (0.20 + mean) / 2]
    np.testing.assert_allclose(quantile_returns(score, fwd, 3)[0], expected, atol=1e-15)
    # Two places of six: 3 takes one, the four 2s share the other.
    np.testing.assert_allclose(top_weights(score, 1 / 3)[0], [0.125, 0, 0.125, 0.5, 0.125, 0.125])
    # Middle of positions 1..4 of 6 is 2.5: group 2 of 3.
    assert quantile_groups(score, 3).tolist() == [[2, 1, 2, 3, 2, 2]]


def test_sharing_is_the_mean_over_all_ways_of_breaking_the_tie() -> None:
    score = np.array([[1.0, 2.0, 2.0, 2.0, 3.0]])
    fwd = np.array([[0.1, 0.2, -0.3, 0.5, 0.4]])
    groups, weights = [], []
    for order in permutations([0.0, 0.1, 0.2]):
        broken = score + np.array([[0.0, *order, 0.0]])
        groups.append(quantile_returns(broken, fwd, 5))
        weights.append(top_weights(broken, 0.4))
    # With one stock a group, the mean of the group's return is the return of the mean holding.
    np.testing.assert_allclose(quantile_returns(score, fwd, 5), np.mean(groups, 0), atol=1e-15)
    np.testing.assert_allclose(top_weights(score, 0.4), np.mean(weights, 0), atol=1e-15)


@given(st.integers(0, 10**6), st.integers(2, 7), st.floats(0.05, 1.0))
def test_the_order_of_the_axis_does_not_matter(seed: int, n_groups: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 4, (3, 25)).astype(float)
    score[rng.random(score.shape) < 0.1] = np.nan
    fwd, mask = rng.standard_normal(score.shape), rng.random(score.shape) < 0.9
    order = rng.permutation(25)
    moved, there, inside = score[:, order], fwd[:, order], mask[:, order]
    np.testing.assert_allclose(
        quantile_returns(moved, there, n_groups, inside),
        quantile_returns(score, fwd, n_groups, mask),
        atol=1e-12,
    )
    weights = top_weights(score, share, mask)
    np.testing.assert_allclose(top_weights(moved, share, inside), weights[:, order], atol=1e-15)
    groups = quantile_groups(score, n_groups, mask)
    np.testing.assert_array_equal(quantile_groups(moved, n_groups, inside), groups[:, order])
    held = np.isfinite(weights).all(axis=1)
    np.testing.assert_allclose(weights[held].sum(axis=1), 1.0)


def test_a_random_discrete_score_has_no_spread() -> None:
    """Returns that rise along the axis are not found by a score that is 0 for most."""
    rng = np.random.default_rng(0)
    score = np.where(rng.random((200, 60)) < 0.8, 0.0, np.sign(rng.normal(size=(200, 60))))
    fwd = np.tile(np.linspace(-0.01, 0.01, 60), (200, 1))
    spread = np.ptp(quantile_returns(score, fwd, 5).mean(axis=0))
    assert spread < 0.001, "a tenth of what sorting by the axis would give"
    assert np.ptp(quantile_returns(fwd, fwd, 5).mean(axis=0)) > 0.01


def test_a_constant_score_earns_nothing() -> None:
    rng = np.random.default_rng(1)
    days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]")
    assets = np.array([f"{i:06d}.SZ" for i in range(40)])
    flat = Panel(np.ones((6, 40, 1)), days, assets, ("score",))
    fwd = Panel(0.02 * rng.normal(size=(6, 40, 1)), days, assets, ("fwd_1_6",))
    summary = run_factor_test(flat, fwd, spec=FactorTestSpec(n_groups=5)).summary
    assert np.isnan(summary["rank_ic"])
    assert summary["top_excess"] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(summary["top_ir"])
