"""Premia: least squares as others do them, planted ones found again, the future without effect."""

import numpy as np
import pytest
from pydantic import ValidationError
from statsmodels.api import OLS, add_constant

from intralpha.base import Panel
from intralpha.combination import (
    FactorNamesError,
    FactorPremiaSpec,
    MissingHistoryError,
    RankICHistory,
    combine,
    mean_premia,
    premia,
)

D, A, K = 40, 60, 3
DAYS = np.datetime64("2022-01-03") + 7 * np.arange(D)
ASSETS = np.array([f"{600000 + i}.SH" for i in range(A)])
PLANTED = np.array([0.004, -0.002, 0.0])
SPEC = FactorPremiaSpec(observations=20, min_observations=5)


def world(seed: int = 0, noise: float = 0.02) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Factors with gaps, returns that they explain, and a universe."""
    rng = np.random.default_rng(seed)
    scores = [3.0 * rng.standard_normal((D, A)) + k for k in range(K)]
    ret = sum(b * (s - k) / 3.0 for k, (b, s) in enumerate(zip(PLANTED, scores, strict=True)))
    ret = ret + noise * rng.standard_normal((D, A)) + 0.01 * rng.standard_normal((D, 1))
    for score in scores:
        score[rng.random((D, A)) < 0.05] = np.nan
    ret[rng.random((D, A)) < 0.05] = np.nan
    return scores, ret, rng.random((D, A)) < 0.9


def history_of(scores: list[np.ndarray], ret: np.ndarray, mask: np.ndarray) -> RankICHistory:
    """Each premium is known a week after its date."""
    return RankICHistory(("a", "b", "c"), DAYS + 7, premia(scores, ret, mask))


def test_a_premium_is_the_coefficient_of_statsmodels() -> None:
    scores, ret, mask = world()
    found = premia(scores, ret, mask)
    for d in (0, 7, D - 1):
        stacked = np.stack([s[d] for s in scores], axis=1)
        kept = mask[d] & np.isfinite(ret[d]) & np.isfinite(stacked).any(axis=1)
        x = stacked[kept]
        z = np.nan_to_num((x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0))
        expected = OLS(ret[d, kept], add_constant(z)).fit().params[1:]
        np.testing.assert_allclose(found[d], expected, rtol=1e-9, atol=1e-13)


def test_planted_premia_are_found() -> None:
    error = 0.02 / np.sqrt(A * D)
    found = premia(*world(1)).mean(axis=0)
    assert np.abs(found - PLANTED).max() < 4 * error
    exact = premia(*world(2, noise=0.0))
    assert np.abs(exact.mean(axis=0) - PLANTED).max() < 2e-4  # absent exposures count as 0


def test_what_cannot_be_regressed_has_no_premium() -> None:
    scores, ret, mask = world(3)
    scores[1][4] = np.nan
    scores[2][5] = 1.0
    mask[6] = False
    mask[6, : K + 9] = True
    found = premia(scores, ret, mask)
    assert np.isnan(found[[4, 5], [1, 2]]).all()
    assert np.isfinite(found[[4, 4, 5, 5], [0, 2, 0, 1]]).all()
    assert np.isnan(found[6]).all()
    twice = premia([scores[0], scores[0]], ret, mask)
    once = premia([scores[0]], ret, mask)
    np.testing.assert_allclose(twice[0], once[0, 0] / 2, rtol=1e-9)


def test_the_mean_of_what_is_over_by_hand() -> None:
    values = np.array([[1.0, np.nan], [2.0, 4.0], [6.0, np.nan], [9.0, 8.0]])
    history = RankICHistory(("a", "b"), DAYS[1:5], values)
    found = mean_premia(history, DAYS[:6], observations=3, min_observations=2)
    expected = [[0, 0], [0, 0], [1.5, 0], [3, 0], [17 / 3, 6], [17 / 3, 6]]
    np.testing.assert_allclose(found, expected)


def test_the_score_is_the_sum_of_premium_times_exposure() -> None:
    scores, ret, mask = world(4)
    history = history_of(scores, ret, mask)
    panels = {
        n: Panel(s[:, :, None], DAYS, ASSETS, (n,)) for n, s in zip("abc", scores, strict=True)
    }
    got = combine(panels, SPEC, mask, history)["score"]
    assert np.isnan(got[:5]).all()  # premia of four dates are over then
    assert np.isnan(got[~mask]).all()
    weights = SPEC.weigh(("c", "a", "b"), DAYS, history)
    np.testing.assert_array_equal(weights[:, [1, 2, 0]], SPEC.weigh(("a", "b", "c"), DAYS, history))
    d = D - 1
    by_hand = np.zeros(A)
    for score, weight in zip(scores, history.rank_ic_WK[d - 20 : d].mean(axis=0), strict=True):
        inside = np.where(mask[d], score[d], np.nan)
        by_hand += weight * np.nan_to_num((inside - np.nanmean(inside)) / np.nanstd(inside))
    np.testing.assert_allclose(got[d, mask[d]], by_hand[mask[d]], rtol=2e-5, atol=1e-8)
    assert (weights < 0).any()


def test_nothing_later_changes_a_score() -> None:
    """Scores and returns after a date are made noise: no score up to it moves by a bit."""
    scores, ret, mask = world(5)
    at, rng = 25, np.random.default_rng(6)

    def score_of(scores: list[np.ndarray], ret: np.ndarray) -> np.ndarray:
        history = history_of(scores, ret, mask)
        panels = {n: Panel(s[:, :, None], DAYS, ASSETS, (n,)) for n, s in zip("abc", scores)}  # noqa: B905
        return combine(panels, SPEC, mask, history)["score"]

    later = [np.where(np.arange(D)[:, None] > at, rng.random((D, A)), s) for s in scores]
    noise = np.where(np.arange(D)[:, None] >= at, rng.random((D, A)), ret)  # of `at` over at + 1
    honest, changed = score_of(scores, ret), score_of(later, noise)
    assert np.isfinite(honest[: at + 1]).sum() > 500, "nothing was compared"
    np.testing.assert_array_equal(honest[: at + 1], changed[: at + 1])
    early = ret.copy()
    early[at - 1] = rng.random(A)  # over by `at`: this one must count
    assert (score_of(scores, early)[at] != honest[at]).any()


def test_refused() -> None:
    with pytest.raises(MissingHistoryError, match="factor_premia needs"):
        SPEC.weigh(("a",), DAYS)
    with pytest.raises(FactorNamesError):
        SPEC.weigh(("a", "b", "x"), DAYS, history_of(*world()))
    for bad in ({"horizon": (6, 1)}, {"observations": 3, "min_observations": 4}):
        with pytest.raises(ValidationError):
            FactorPremiaSpec(**bad)
