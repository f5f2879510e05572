"""Weights from past RankICs, by hand and without a look ahead."""

import numpy as np
import pytest

from intralpha.combination import HistoryShapeError, RankICHistory, icir_weights

NAN = np.nan


def weekly(n: int) -> np.ndarray:
    return np.datetime64("2023-01-06") + 7 * np.arange(n)


def test_by_hand():
    # a: 0.1 0.3, mean 0.2, std 0.1414: ICIR 1.4142. b: 0.1 0.5, mean 0.3, std 0.2828: 1.0607.
    # c is negative: 0. Shares 1.4142 / 2.4749 and 1.0607 / 2.4749.
    ic = np.array([[0.1, 0.1, -0.2], [0.3, 0.5, -0.1]])
    history = RankICHistory(("a", "b", "c"), weekly(2), ic)
    found = icir_weights(history, weekly(2)[-1:], 52, 2)
    assert found[0] == pytest.approx([4 / 7, 3 / 7, 0.0])


def test_only_the_latest_observations_count():
    ic = np.concatenate([np.full((50, 1), -9.0), [[0.1], [0.3], [0.2]]])
    both = np.concatenate([ic, np.tile([[0.1], [0.2]], (27, 1))[:53]], axis=1)
    history = RankICHistory(("a", "b"), weekly(53), both)
    assert icir_weights(history, weekly(53)[-1:], 3, 3)[0, 0] > 0.2
    assert icir_weights(history, weekly(53)[-1:], 4, 3)[0, 0] == 0


def test_too_few_observations_give_no_weight():
    ic = np.random.default_rng(0).normal(0.1, 0.02, (30, 2))
    ic[:10, 1] = NAN
    history = RankICHistory(("a", "b"), weekly(30), ic)
    found = icir_weights(history, weekly(30))
    assert (found[:23] == 0).all()
    assert (found[23:, 0] == 1).all()
    assert icir_weights(history, weekly(30), 52, 20)[-1, 1] > 0


def test_what_matures_after_the_date_is_not_used():
    rng = np.random.default_rng(1)
    ic = rng.normal(0.05, 0.1, (120, 3))
    history = RankICHistory(("a", "b", "c"), weekly(120), ic)
    dates = weekly(120)[60] + np.arange(-3, 4)
    before = icir_weights(history, dates)
    assert before.sum() > 0, "nothing was compared"
    later = ic.copy()
    later[60:] = rng.normal(0, 5, later[60:].shape)
    changed = icir_weights(RankICHistory(history.names, weekly(120), later), dates)
    assert np.array_equal(changed[:3], before[:3])
    # On the day the observation is complete it counts.
    assert not np.array_equal(changed[3], before[3])


def test_a_constant_rank_ic_has_no_icir():
    history = RankICHistory(("a",), weekly(30), np.full((30, 1), 0.1))
    assert icir_weights(history, weekly(30)[-1:]).tolist() == [[0.0]]


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(HistoryShapeError, match="expected"):
        RankICHistory(("a",), weekly(3), np.zeros((3, 2)))
    with pytest.raises(HistoryShapeError, match="ascending"):
        RankICHistory(("a",), weekly(3)[::-1], np.zeros((3, 1)))
