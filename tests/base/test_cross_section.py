"""The z-score of the package against SciPy, and the mean of several z-scores by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from intralpha.base.cross_section import (
    MaskShapeError,
    check_mask,
    mean_zscore,
    moments,
    sum_in_turn,
    zscore,
)

NAN = np.nan


@given(st.integers(0, 10**6), st.sampled_from([0, 1]), st.sampled_from([np.float32, np.float64]))
def test_against_scipy(seed: int, ddof: int, kind: type) -> None:
    rng = np.random.default_rng(seed)
    values = (100 + rng.standard_normal((5, 30))).astype(kind)
    values[rng.random(values.shape) < 0.2] = NAN
    mask = rng.random(values.shape) < 0.8
    found = zscore(values, mask, ddof=ddof)
    assert found.dtype == kind
    known = mask & np.isfinite(values)
    assert np.isnan(found[~known]).all()
    for d in range(5):
        expected = stats.zscore(values[d, known[d]].astype(np.float64), ddof=ddof)
        np.testing.assert_allclose(found[d, known[d]], expected, rtol=1e-6, atol=1e-9)


def test_stocks_may_lie_on_any_axis() -> None:
    block = np.random.default_rng(0).standard_normal((4, 7, 3))
    np.testing.assert_array_equal(
        zscore(block, axis=-2), np.moveaxis(zscore(np.moveaxis(block, 1, 2).copy()), 2, 1)
    )
    np.testing.assert_allclose(zscore(block, axis=0), stats.zscore(block, axis=0), atol=1e-12)


def test_rows_that_do_not_vary() -> None:
    rows = np.array([[2.0, 2.0, NAN], [1e8, 1e8 + 1e-6, 1e8], [5.0, NAN, NAN], [NAN, NAN, NAN]])
    assert np.isnan(zscore(rows)).all()
    assert np.array_equal(
        zscore(rows, flat="zero"), np.where(np.isnan(rows), NAN, 0.0), equal_nan=True
    )
    # One value has no sample deviation, two have.
    assert np.isnan(zscore(np.array([[1.0, NAN]]), ddof=1)).all()
    two = zscore(np.array([[1.0, 3.0]]), ddof=1)[0]
    assert two.tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5])


def test_infinite_values_are_absent_and_clipping_comes_last() -> None:
    row = np.array([[1.0, np.inf, 3.0, -np.inf]])
    assert np.array_equal(zscore(row), [[-1.0, NAN, 1.0, NAN]], equal_nan=True)
    wide = np.array([[0.0] * 99 + [1.0]])
    assert zscore(wide, clip=2.0).max() == 2.0
    assert zscore(wide).max() == pytest.approx(99**0.5)


def test_many_rows_are_the_rows_one_by_one() -> None:
    """Work in blocks changes nothing: more cells than one block holds."""
    values = np.random.default_rng(1).standard_normal((1100, 1000))
    found = zscore(values)
    for d in (0, 1047, 1048, 1049, 1099):
        np.testing.assert_array_equal(found[d], zscore(values[d : d + 1])[0])


def test_moments_by_hand() -> None:
    mean, std = moments(np.array([[1.0, 3.0, 99.0]]), np.array([[True, True, False]]))
    assert (mean.tolist(), std.tolist()) == ([[2.0]], [[1.0]])


def test_mean_of_zscores_by_hand() -> None:
    a, b = np.array([[1.0, 3.0, NAN]]), np.array([[4.0, NAN, 0.0]])
    assert np.array_equal(mean_zscore([a, b]), [[0.0, 1.0, -1.0]])
    weighted = mean_zscore([a, b], np.array([[1.0, 3.0]]))
    assert weighted.tolist() == [[(-1 + 3) / 4, 1.0, -1.0]]
    only = mean_zscore([a, b], np.array([[1.0, 0.0]]))
    assert np.array_equal(only, [[-1.0, 1.0, NAN]], equal_nan=True)


def test_a_seed_that_says_nothing_leaves_the_others_alone() -> None:
    alive, flat = np.array([[1.0, 2.0, 6.0]]), np.full((1, 3), 7.0)
    np.testing.assert_array_equal(mean_zscore([alive, flat]), zscore(alive))


def test_masks_that_do_not_fit() -> None:
    values = np.zeros((2, 3))
    with pytest.raises(MaskShapeError, match=r"of shape \(1, 3\); expected .* \(2, 3\)"):
        check_mask(np.ones((1, 3), bool), values.shape)
    with pytest.raises(MaskShapeError, match="of type float64"):
        check_mask(np.ones((2, 3)), values.shape)


def test_the_mean_of_seeds_equals_that_of_another_program() -> None:
    rows = np.array([[1.0, 2.0, 6.0], [30.0, 10.0, 20.0]], dtype=np.float32)
    expected = (stats.zscore(rows[0]) + stats.zscore(rows[1])) / 2
    np.testing.assert_allclose(mean_zscore([rows[:1], rows[1:]])[0], expected, rtol=1e-6)


def test_a_sum_in_turn_does_not_know_the_stocks_without_a_value() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 2000))
    wide = np.zeros((3, 3000))
    wide[:, np.sort(rng.permutation(3000)[:2000])] = values
    np.testing.assert_array_equal(sum_in_turn(wide), sum_in_turn(values))
    np.testing.assert_allclose(sum_in_turn(values), values.sum(axis=1), rtol=1e-12, atol=1e-12)
    assert (wide.sum(axis=1) != values.sum(axis=1)).any(), "a sum in blocks would do"
    assert sum_in_turn(np.zeros((2, 0))).tolist() == [0.0, 0.0]


def test_stocks_without_a_value_change_no_bit_of_a_zscore() -> None:
    """Those that are listed later stand on the axis of a whole period, and not on that of a day."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((3, 700, 1))
    wide = np.full((3, 1000, 1), np.nan)
    there = np.sort(rng.permutation(1000)[:700])
    wide[:, there] = values
    np.testing.assert_array_equal(zscore(wide, axis=1)[:, there], zscore(values, axis=1))
    flat = wide[:, :, 0]
    np.testing.assert_array_equal(zscore(flat)[:, there], zscore(values[:, :, 0]))
