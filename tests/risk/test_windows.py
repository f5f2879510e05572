"""Trailing windows by hand."""

import numpy as np
import pytest

from intralpha.risk.windows import lag_weights, weighted_fit, weighted_mean, window_matrix

NAN = np.nan


def test_window_matrix_by_hand():
    found = window_matrix(np.array([0, 2]), 4, np.array([1.0, 0.5, 0.25]))
    assert found.tolist() == [[1.0, 0, 0, 0], [0.25, 0.5, 1.0, 0]]


def test_skipped_lags_have_no_weight():
    assert lag_weights(2, None, skip=2).tolist() == [0, 0, 1, 1]
    found = window_matrix(np.array([3]), 4, lag_weights(2, None, skip=1))
    assert found.tolist() == [[0, 1, 1, 0]]


def test_missing_values_are_left_out_of_the_mean():
    window = window_matrix(np.array([2]), 3, np.array([1.0, 2.0, 5.0]))
    values = np.array([[10.0, NAN], [NAN, NAN], [1.0, 4.0]])
    # Column 0: (5 * 10 + 1 * 1) / 6; column 1: one value, which is not two.
    found = weighted_mean(window, values, 2)
    assert found[0, 0] == pytest.approx(8.5)
    assert np.isnan(found[0, 1])
    assert weighted_mean(window, values, 1)[0, 1] == pytest.approx(4.0)


def test_a_perfect_line_has_its_slope_and_no_residual():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    window = window_matrix(np.array([3]), 4, np.ones(4))
    slope, left = weighted_fit(window, (2 + 3 * x)[:, None], x, 3)
    assert slope[0, 0] == pytest.approx(3.0)
    assert left[0, 0] == pytest.approx(0.0, abs=1e-7)


def test_a_market_that_stands_still_gives_no_slope():
    window = window_matrix(np.array([3]), 4, np.ones(4))
    slope, left = weighted_fit(window, np.arange(4.0)[:, None], np.ones(4), 3)
    assert np.isnan(slope[0, 0])
    assert np.isnan(left[0, 0])
