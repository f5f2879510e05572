"""The pass over the days says what its parts say one by one, for days of every kind."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from intralpha.evaluation import (
    CountError,
    GroupCountError,
    autocorrelation,
    decay,
    ic,
    quantile_returns,
    rank_ic,
    sweep,
    top_weights,
    turnover,
    universe_return,
    weighted_return,
)
from intralpha.evaluation.order import ordering

DAYS, STOCKS = 70, 90


def market(kind: str) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(3)
    score = np.cumsum(rng.standard_normal((DAYS, STOCKS)), axis=0)
    one = 0.02 * rng.standard_normal((DAYS, STOCKS)) + 0.001 * score
    two = one + 0.02 * rng.standard_normal((DAYS, STOCKS))
    mask = rng.random((DAYS, STOCKS)) < 0.9
    if kind == "ties":
        score, two = np.round(score), np.round(two, 2)
    if kind == "gaps":
        score[rng.random(score.shape) < 0.2] = np.nan
        one[rng.random(score.shape) < 0.2] = np.nan
        two[rng.random(score.shape) < 0.01] = np.inf
        score[5:8], one[20:22], mask[30:32] = np.nan, np.nan, False
        score[40, 1:], mask[41, 3:] = np.nan, False  # one stock, and three
        score[42] = 1.0
    return score, {"1_6": one, "1_11": two}, mask


@pytest.mark.parametrize("kind", ["plain", "ties", "gaps"])
def test_the_parts_of_a_sweep(kind: str) -> None:
    score, rets, mask = market(kind)
    lead, lags = rets["1_6"], (0, 3, 10)
    found = sweep(score, rets, mask, n_groups=7, share=0.15, lags=lags, pearson=True, min_stocks=9)
    for name, fwd in rets.items():
        np.testing.assert_array_equal(found.rank_ic[name], rank_ic(score, fwd, mask, 9))
    near = {"rtol": 1e-12, "atol": 1e-15}
    groups = quantile_returns(score, lead, 7, mask)
    np.testing.assert_allclose(found.groups_DG, groups, **near)
    np.testing.assert_allclose(found.universe_D, universe_return(lead, mask), **near)
    for leg, signed in ((found.top, score), (found.bottom, -score)):
        weights = top_weights(signed, 0.15, mask)
        np.testing.assert_allclose(leg.ret_D, weighted_return(weights, lead), **near)
        np.testing.assert_allclose(leg.turnover_D, turnover(weights), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(found.decay_DL, decay(score, lead, lags, mask, 9))
    np.testing.assert_array_equal(found.ic_D, ic(score, lead, mask, 9))
    np.testing.assert_array_equal(found.autocorrelation_D, autocorrelation(score, 1, mask, 9))
    inside = mask & np.isfinite(score)
    np.testing.assert_array_equal(found.members_D, inside.sum(axis=1))
    np.testing.assert_array_equal(found.pairs_D, (inside & np.isfinite(lead)).sum(axis=1))
    assert np.isfinite(found.rank_ic["1_6"]).sum() > 55, "nothing was compared"


def test_a_sort_of_the_returns_is_shared() -> None:
    score, rets, mask = market("gaps")
    after = ordering(rets["1_6"])
    for held in ("1_6", "1_11"):
        alone = sweep(score, rets, mask, lags=(0, 2), held=held)
        shared = sweep(score, rets, mask, lags=(0, 2), held=held, after=after)
        for name in rets:
            np.testing.assert_array_equal(shared.rank_ic[name], alone.rank_ic[name])
        np.testing.assert_array_equal(shared.decay_DL, alone.decay_DL)
        np.testing.assert_array_equal(shared.top.ret_D, alone.top.ret_D)
        groups = quantile_returns(score, rets[held], 10, mask)
        np.testing.assert_allclose(shared.groups_DG, groups, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", ["plain", "ties", "gaps"])
def test_rank_ic_is_that_of_scipy(kind: str) -> None:
    score, rets, mask = market(kind)
    found = sweep(score, rets, mask, min_stocks=3).rank_ic["1_11"]
    both = mask & np.isfinite(score) & np.isfinite(rets["1_11"])
    days = [d for d in range(DAYS) if both[d].sum() > 2 and np.ptp(score[d, both[d]]) > 0]
    expected = [spearmanr(score[d, both[d]], rets["1_11"][d, both[d]])[0] for d in days]
    np.testing.assert_allclose(found[days], expected, atol=1e-9)
    assert np.isnan(np.delete(found, days)).all()


def test_later_days_change_no_earlier_row() -> None:
    score, rets, mask = market("ties")
    before = sweep(score, rets, mask, lags=(0, 5), pearson=True)
    rng = np.random.default_rng(1)
    late = [np.concatenate([x[:40], rng.permuted(x[40:], axis=1)]) for x in (score, *rets.values())]
    after = sweep(late[0], dict(zip(rets, late[1:], strict=True)), mask, lags=(0, 5), pearson=True)
    for name in ("groups_DG", "universe_D", "decay_DL", "ic_D", "autocorrelation_D"):
        old, new = getattr(before, name), getattr(after, name)
        np.testing.assert_array_equal(new[:40], old[:40])
        assert not np.array_equal(new[41:], old[41:], equal_nan=True), name
    np.testing.assert_array_equal(after.top.turnover_D[:40], before.top.turnover_D[:40])


def test_what_cannot_be_swept_is_refused() -> None:
    score, rets, mask = market("plain")
    with pytest.raises(CountError, match="horizons"):
        sweep(score, {}, mask)
    with pytest.raises(GroupCountError):
        sweep(score, rets, mask, n_groups=1)
