"""Window sums against NumPy on explicit windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.features.slot_history import SlotHistory
from intralpha.features.trailing import trailing_mean, trailing_std, trailing_sum


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 4), st.integers(0, 1))
def test_windows_equal_numpy(seed, length, least, ddof):
    rng = np.random.default_rng(seed)
    values, counted = rng.normal(5, 1, (12, 3)), rng.random((12, 3)) < 0.6
    values[~counted] = np.nan
    mean = trailing_mean(values, counted, length, least)
    std = trailing_std(values, counted, length, least, ddof)
    assert mean.shape == std.shape == (13 - length, 3)
    for row in range(len(mean)):
        for a in range(3):
            inside = values[row : row + length, a][counted[row : row + length, a]]
            known = len(inside) >= least
            assert mean[row, a] == pytest.approx(inside.mean()) if known else np.isnan(mean[row, a])
            known &= len(inside) > ddof
            expected = np.std(inside, ddof=ddof) if known else np.nan
            assert std[row, a] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_a_sum_forgets_what_has_left_the_window():
    tail = np.full((5, 1), 0.1)
    calm = trailing_sum(np.concatenate([np.full((5, 1), 0.1), tail]), 5)
    wild = trailing_sum(np.concatenate([np.full((5, 1), 1e16), tail]), 5)
    assert calm[-1, 0] == wild[-1, 0]


def test_slot_history_is_a_mean_of_the_sessions_before():
    history = SlotHistory(3, 1, 1)
    for session, amount in {3: 9.0, 4: 1.0, 5: 2.0, 6: np.nan}.items():
        history.add(session, np.array([[amount]]))
    assert history.mean_before(7)[0, 0] == pytest.approx(1.5)  # 4, 5, 6: two of three known
    history.add(7, np.array([[6.0]]))
    assert history.mean_before(8)[0, 0] == pytest.approx(4.0)  # 5, 6, 7
    assert np.isnan(history.mean_before(9)[0, 0])  # 6, 7 and one that never came
    assert np.isnan(SlotHistory(3, 1, 1).mean_before(2)[0, 0])
