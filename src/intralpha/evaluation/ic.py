"""How well a score orders what follows: IC, RankIC, rank-factor IC, their decay and summary."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_count
from intralpha.base.compiling import RAISING
from intralpha.base.cross_section import FLAT
from intralpha.evaluation.days import over_days
from intralpha.evaluation.order import ordering
from intralpha.evaluation.rank_pairs import MIN_STOCKS, rank_correlation
from intralpha.evaluation.ranks import as_mask, ranks_of_day


@dataclass(frozen=True)
class ICSummary:
    """Mean, spread and sign of a series of information coefficients.

    Parameters
    ----------
    mean : float
    std : float
        Sample standard deviation over dates, ddof 1.
    icir : float
        mean / std, not annualised.
    positive_share : float
        Share of the dates with a coefficient above zero.
    n : int
        Number of dates with a coefficient.
    """

    mean: float
    std: float
    icir: float
    positive_share: float
    n: int


def ic(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D"]:
    r"""Pearson correlation of score and forward return across each day's universe.

    Parameters
    ----------
    score_DA : ndarray of float
        Known at the close of each day. What is not finite is absent.
    fwd_ret_DA : ndarray of float
        Return earned afterwards (simple). What is not finite is absent.
    mask_DA : ndarray of bool, optional
        Universe of each day; default: every stock that has both values.
    min_stocks : int
        Days with fewer pairs are NaN.

    Returns
    -------
    ndarray of float64
        One coefficient a day, known when the return has been earned. NaN also where score or
        return do not vary (standard deviation at most 1e-10 of the mean's size). Spec 17.1.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    return _pearson(score_DA, fwd_ret_DA, mask_DA, min_stocks, lag=0)


def rank_ic(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D"]:
    r"""Spearman correlation of score and forward return, average ranks on ties.

    .. math:: \rho_t = \operatorname{Pearson}(\operatorname{rank} f_{t}, \operatorname{rank} y_{t})

    Ranks are taken among the stocks that have both values. All sums of ranks are exact in
    float64, so the order of the assets does not change a single bit of the result.

    Parameters
    ----------
    score_DA : ndarray of float
        Known at the close of each day. What is not finite is absent.
    fwd_ret_DA : ndarray of float
        Return earned afterwards (simple). What is not finite is absent.
    mask_DA : ndarray of bool, optional
        Universe of each day; default: every stock that has both values.
    min_stocks : int
        Days with fewer pairs are NaN.

    Returns
    -------
    ndarray of float64
        One coefficient a day, known when the return has been earned; NaN where all scores or all
        returns are equal. Spec 17.1.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.

    Examples
    --------
    >>> score = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> fwd = np.array([[0.1, 0.3, 0.2, 0.4]])
    >>> rank_ic(score, fwd, min_stocks=2).round(3).tolist()
    [0.8]
    """
    check_arrays(score_DA=score_DA, fwd_ret_DA=fwd_ret_DA)
    return rank_correlation(
        ordering(score_DA), ordering(fwd_ret_DA), as_mask(mask_DA, score_DA), min_stocks
    )


def rank_factor_ic(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D"]:
    """Pearson correlation of the score's rank with the raw forward return.

    The rank is taken among the stocks that have both values. Spec 17.1.

    Parameters
    ----------
    score_DA, fwd_ret_DA : ndarray of float
        As in :func:`ic`.
    mask_DA : ndarray of bool, optional
        Universe of each day; default: every stock that has both values.
    min_stocks : int
        Days with fewer pairs are NaN.

    Returns
    -------
    ndarray of float64
        One coefficient a day, known when the return has been earned; NaN where all scores or all
        returns are equal.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    check_arrays(score_DA=score_DA, fwd_ret_DA=fwd_ret_DA)
    check_count("min_stocks", min_stocks, 0)
    sorted_ = ordering(score_DA)
    mask = as_mask(mask_DA, score_DA)
    fwd = np.ascontiguousarray(fwd_ret_DA, dtype=np.float64)
    out = np.empty(len(score_DA))

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop)
        _rank_value_days(
            sorted_.value[rows],
            sorted_.order[rows],
            sorted_.count[rows],
            fwd[rows],
            mask[rows],
            min_stocks,
            out[rows],
        )

    over_days(work, *_size(score_DA))
    return out


def decay(
    score_DA: Float[ndarray, "D A"],
    fwd_ret_DA: Float[ndarray, "D A"],
    lags: tuple[int, ...] = (0, 1, 2, 3, 4),
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D H"]:
    """RankIC of the score of ``lag`` rows ago with today's forward return.

    Parameters
    ----------
    score_DA, fwd_ret_DA : ndarray of float
        As in :func:`rank_ic`.
    lags : tuple of int
        Rows, not sessions: on a five-day grid ``(0, 1, 2)`` means 0, 5 and 10 sessions.
    mask_DA : ndarray of bool, optional
        The universe of the date of the return, not of the date of the old score.
    min_stocks : int
        Days with fewer pairs are NaN.

    Returns
    -------
    ndarray of float64, shape [D, H]
        Column h is the lag ``lags[h]``; its first ``lags[h]`` rows are NaN. A row is known when
        its return has been earned. Spec 17.1.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    check_arrays(score_DA=score_DA, fwd_ret_DA=fwd_ret_DA)
    score, fwd = ordering(score_DA), ordering(fwd_ret_DA)
    mask = as_mask(mask_DA, score_DA)
    out = np.empty((len(mask), len(lags)))
    for h, lag in enumerate(lags):
        out[:, h] = rank_correlation(score, fwd, mask, min_stocks, lag)
    return out


def autocorrelation(
    score_DA: Float[ndarray, "D A"],
    lag: int = 1,
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D"]:
    """Pearson correlation of the score with itself ``lag`` rows earlier.

    Parameters
    ----------
    score_DA : ndarray of float
        What is not finite is absent.
    lag : int
        Rows, not sessions.
    mask_DA : ndarray of bool, optional
        The universe of the later of the two dates.
    min_stocks : int
        Days with fewer pairs are NaN.

    Returns
    -------
    ndarray of float64
        The first ``lag`` days are NaN; a row is known when its score is. Its mean over dates is
        the figure reports print. Spec 17.1.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    return _pearson(score_DA, score_DA, mask_DA, min_stocks, lag)


def rank_autocorrelation(
    score_DA: Float[ndarray, "D A"],
    lag: int = 1,
    mask_DA: Bool[ndarray, "D A"] | None = None,
    min_stocks: int = MIN_STOCKS,
) -> Float[ndarray, "D"]:
    """Spearman counterpart of :func:`autocorrelation`.

    Ranks are taken among the stocks present on both dates. (alphalens ranks each date on its own
    and correlates what both dates share; the two agree when the names do not change.)

    Parameters
    ----------
    score_DA, lag, mask_DA, min_stocks : as in :func:`autocorrelation`

    Returns
    -------
    ndarray of float64
        The first ``lag`` days are NaN; a row is known when its score is.

    Raises
    ------
    ArrayFormError, MaskShapeError, CountError
        Arrays that do not fit each other; a negative lag or number of stocks.
    """
    sorted_ = ordering(score_DA)
    return rank_correlation(sorted_, sorted_, as_mask(mask_DA, score_DA), min_stocks, lag)


def summarise(ic_D: Float[ndarray, "D"]) -> ICSummary:
    """Mean, standard deviation (ddof 1), ICIR and positive share of the dates that have a value.

    Spec 17.1. Fewer than two dates give a NaN standard deviation, none a NaN mean.

    Examples
    --------
    >>> summarise(np.array([0.02, np.nan, 0.06, -0.02]))
    ICSummary(mean=0.02, std=0.04, icir=0.5, positive_share=0.6666666666666666, n=3)
    """
    kept = ic_D[np.isfinite(ic_D)].astype(np.float64)
    n = len(kept)
    mean = float(kept.mean()) if n else np.nan
    std = float(kept.std(ddof=1)) if n > 1 else np.nan
    positive = float((kept > 0).mean()) if n else np.nan
    return ICSummary(mean, std, mean / std if std > 0 else np.nan, positive, n)


def _pearson(
    x_DA: Float[ndarray, "D A"],
    y_DA: Float[ndarray, "D A"],
    mask_DA: Bool[ndarray, "D A"] | None,
    min_stocks: int,
    lag: int,
) -> Float[ndarray, "D"]:
    """Pearson correlation of ``x[t - lag]`` and ``y[t]``, float64 inside."""
    check_arrays(score_DA=x_DA, fwd_ret_DA=y_DA)
    check_count("min_stocks", min_stocks, 0)
    check_count("lag", lag, 0)
    mask = as_mask(mask_DA, x_DA)
    x = np.ascontiguousarray(x_DA, dtype=np.float64)
    y = x if y_DA is x_DA else np.ascontiguousarray(y_DA, dtype=np.float64)
    out = np.empty(len(x))

    def work(start: int, stop: int) -> None:
        _pearson_days(x, y, mask, (min_stocks, lag, start, stop), out)

    over_days(work, *_size(mask))
    return out


def _size(value_DA: ndarray) -> tuple[int, int]:
    return len(value_DA), value_DA.size


@njit(**RAISING)
@no_type_check
def _pearson_days(x, y, mask, settings, out):
    min_stocks, lag, start, stop = settings
    assets = x.shape[1]
    a, b = np.empty(assets), np.empty(assets)
    for d in range(start, stop):
        out[d] = np.nan
        if d < lag:
            continue
        n = 0
        for i in range(assets):
            left, right = x[d - lag, i], y[d, i]
            if mask[d, i] and np.isfinite(left) and np.isfinite(right):
                a[n], b[n] = left, right
                n += 1
        if n >= max(min_stocks, 2):
            out[d] = _correlation(a[:n], b[:n])


@njit(**RAISING)
@no_type_check
def _correlation(a, b):
    n = len(a)
    mean_a, mean_b = a.mean(), b.mean()
    aa, bb, ab = 0.0, 0.0, 0.0
    for i in range(n):
        u, v = a[i] - mean_a, b[i] - mean_b
        aa += u * u
        bb += v * v
        ab += u * v
    flat_a = np.sqrt(aa / n) <= FLAT * max(abs(mean_a), FLAT)
    flat_b = np.sqrt(bb / n) <= FLAT * max(abs(mean_b), FLAT)
    if flat_a or flat_b:
        return np.nan
    return ab / (np.sqrt(aa) * np.sqrt(bb))


@njit(**RAISING)
@no_type_check
def _rank_value_days(value, order, count, fwd, mask, min_stocks, out):
    days, assets = value.shape
    rank, keep = np.empty(assets), np.empty(assets, np.bool_)
    a, b = np.empty(assets), np.empty(assets)
    for d in range(days):
        out[d] = np.nan
        for i in range(assets):
            keep[i] = mask[d, i] and np.isfinite(fwd[d, i]) and np.isfinite(value[d, i])
        ranks_of_day(value[d], order[d], count[d], keep, rank)
        n = 0
        for i in range(assets):
            if keep[i]:
                a[n], b[n] = rank[i], fwd[d, i]
                n += 1
        if n >= max(min_stocks, 2):
            out[d] = _correlation(a[:n], b[:n])
