"""Premia: what a unit of each factor earned on a date, by a regression across the stocks."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped
from numpy import ndarray

from intralpha.base.cross_section import zscore
from intralpha.base.panel import as_days
from intralpha.combination.icir import RankICHistory

SPARE_STOCKS = 10  # stocks that a regression needs beyond its factors


def premia(
    scores: Sequence[Real[ndarray, "D A"]],
    matured_ret_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"],
) -> Float[ndarray, "D K"]:
    r"""Coefficients of the factors in a regression of returns across stocks, a date a row.

    .. math:: r_i = a + \sum_k b_k z_{i,k} + e_i

    by least squares with equal weights [Spec 18.3], with z the z-score over the stocks of the
    regression.

    Parameters
    ----------
    scores : K arrays of shape [D, A], known at the close of each date; what is not finite counts
        with the mean, 0
    matured_ret_DA : returns that followed each date, simple; a stock without one is left out
    mask_DA : stocks that count

    Returns
    -------
    ndarray of float64, shape [D, K]
        Return per standard deviation of the factor, known when the returns are over. NaN for a
        factor that no stock has or that does not vary on a date, and for all of them where fewer
        than K + 10 stocks have a factor and a return. Factors that say the same share a premium.
    """
    out = np.full((len(mask_DA), len(scores)), np.nan)
    for d in range(len(mask_DA)):
        known = np.isfinite([score[d] for score in scores])
        kept = mask_DA[d] & np.isfinite(matured_ret_DA[d]) & known.any(axis=0)
        z_KA = [zscore(score[d, kept].astype(np.float64)) for score in scores]
        there = np.flatnonzero([np.isfinite(z).any() for z in z_KA])
        if kept.sum() < len(scores) + SPARE_STOCKS or not len(there):
            continue
        columns = [np.nan_to_num(z_KA[k]) for k in there]
        design = np.stack([np.ones(int(kept.sum())), *columns], axis=1)
        out[d, there] = np.linalg.lstsq(design, matured_ret_DA[d, kept], rcond=None)[0][1:]
    return out


def mean_premia(
    history: RankICHistory,
    dates: Shaped[ndarray, "D"],
    observations: int = 52,
    min_observations: int = 24,
) -> Float[ndarray, "D K"]:
    """Mean of the latest premia that were over by each date.

    Parameters
    ----------
    history : premia, and the sessions since when each was known
    dates : sessions for which means are wanted
    observations : latest dates of premia that count
    min_observations : a factor with fewer finite ones among them has a mean of 0

    Returns
    -------
    ndarray, shape [D, K]
        Known at the close of each date.
    """
    complete = np.searchsorted(as_days(history.known_dates), as_days(dates), side="right")
    out = np.zeros((len(dates), len(history.names)))
    for stop in np.unique(complete).tolist():
        past = history.rank_ic_WK[max(stop - observations, 0) : stop]
        seen = np.isfinite(past)
        count = seen.sum(axis=0)
        mean = np.where(seen, past, 0.0).sum(axis=0) / np.maximum(count, 1)
        out[complete == stop] = np.where(count >= min_observations, mean, 0.0)
    return out
