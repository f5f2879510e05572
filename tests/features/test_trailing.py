"""Window sums against NumPy on explicit windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.features.trailing import trailing_mean, trailing_sum


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4))
def test_windows_equal_numpy(seed, length, least):
    rng = np.random.default_rng(seed)
    values, counted = rng.normal(5, 1, (12, 3)), rng.random((12, 3)) < 0.6
    values[~counted] = np.nan
    mean = trailing_mean(values, counted, length, least)
    assert mean.shape == (13 - length, 3)
    for row in range(len(mean)):
        for a in range(3):
            inside = values[row : row + length, a][counted[row : row + length, a]]
            known = len(inside) >= least
            assert mean[row, a] == pytest.approx(inside.mean()) if known else np.isnan(mean[row, a])


def test_a_sum_forgets_what_has_left_the_window():
    tail = np.full((5, 1), 0.1)
    calm = trailing_sum(np.concatenate([np.full((5, 1), 0.1), tail]), 5)
    wild = trailing_sum(np.concatenate([np.full((5, 1), 1e16), tail]), 5)
    assert calm[-1, 0] == wild[-1, 0]
