"""What earlier sessions leave behind: a mean of those before, whoever was there."""

import numpy as np
import pytest

from intralpha.features.earlier_sessions import EarlierSessions

FIRST = np.array([0])


def test_the_mean_is_of_the_sessions_before():
    history = EarlierSessions(3, 1, 1)
    for session, amount in {3: 9.0, 4: 1.0, 5: 2.0, 6: np.nan}.items():
        history.add(session, np.array([[amount]]), FIRST)
    assert history.mean_before(7)[0, 0] == pytest.approx(1.5)  # 4, 5, 6: two of three known
    history.add(7, np.array([[6.0]]), FIRST)
    assert history.mean_before(8)[0, 0] == pytest.approx(4.0)  # 5, 6, 7
    assert np.isnan(history.mean_before(9)[0, 0])  # 6, 7 and one that never came
    assert np.isnan(EarlierSessions(3, 1, 1).mean_before(2)[0, 0])


def test_who_is_not_there_has_no_number():
    history = EarlierSessions(2, 2, 3)
    history.add(0, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2, 0]))
    history.add(1, np.array([[5.0], [7.0]]), np.array([2]))
    want = np.array([[2.0, np.nan, 3.0], [4.0, np.nan, 5.0]])
    np.testing.assert_array_equal(history.mean_before(2), want)
