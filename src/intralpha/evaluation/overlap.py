"""Is a mean more than luck: t-statistics of a series whose neighbours share returns."""

from math import ceil

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import check_count
from intralpha.evaluation.spacing import median_spacing


def newey_west_t(series_D: Float[ndarray, "D"], lags: int | None = None) -> float:
    r"""Mean over its standard error, autocorrelation allowed for with falling weights.

    .. math:: t = \bar x \Big/ \sqrt{\tfrac1n \big(\gamma_0 + 2 \sum_{l=1}^{L} (1 - \tfrac{l}{L+1})
              \gamma_l\big)}, \qquad \gamma_l = \tfrac1n \sum_t e_t e_{t-l}

    Parameters
    ----------
    series_D : a value a date; NaN is left out
    lags : L; default: :func:`usual_lags`

    Returns
    -------
    float
        NaN for fewer than two values, or equal ones. statsmodels' HAC without correction of small
        samples gives the same [Newey and West 1987].

    Examples
    --------
    >>> round(newey_west_t(np.array([1.0, 2.0, 3.0, 2.0]), lags=1), 4)
    5.6569
    """
    known = series_D[np.isfinite(series_D)].astype(np.float64)
    return _t_of(known, _falling(usual_lags(len(known)) if lags is None else lags))


def newey_west_error(series_D: Float[ndarray, "D"], lags: int | None = None) -> float:
    """Standard error of the mean that :func:`newey_west_t` divides by.

    Parameters
    ----------
    series_D : a value a date; NaN is left out
    lags : default: :func:`usual_lags`

    Examples
    --------
    >>> round(newey_west_error(np.array([1.0, 2.0, 3.0, 2.0]), lags=1), 6)
    0.353553
    """
    known = series_D[np.isfinite(series_D)].astype(np.float64)
    return _error_of(known, _falling(usual_lags(len(known)) if lags is None else lags))


def overlap_t(series_D: Float[ndarray, "D"], overlap: int) -> float:
    """Mean over its standard error for values that each span several dates, all weighed alike.

    Parameters
    ----------
    series_D : a value a date; NaN is left out
    overlap : dates that one value's return spans; 1 gives the plain t-statistic (deviation with
        ddof 0)

    Returns
    -------
    float
        NaN as of :func:`newey_west_t`, and where the estimated variance is not above zero, which
        even weights allow [Hansen and Hodrick 1980].

    Raises
    ------
    CountError
        An overlap below 1.
    """
    check_count("overlap", overlap, 1)
    known = series_D[np.isfinite(series_D)].astype(np.float64)
    return _t_of(known, [1.0] * (overlap - 1))


def usual_lags(dates: int) -> int:
    """Lags that Newey and West (1994) take for a number of dates: floor(4 (n / 100)^(2/9))."""
    return int(4 * (dates / 100) ** (2 / 9))


def overlap_of(dates: Shaped[ndarray, "D"], sessions: int) -> int:
    """Dates of a grid that a return over some sessions spans, at least 1.

    Parameters
    ----------
    dates : datetime64[D], ascending
    sessions : of the return; a grid's spacing is the median in weekdays

    Examples
    --------
    >>> mondays = np.arange("2024-01-01", "2024-03-01", 7, dtype="datetime64[D]")
    >>> overlap_of(mondays, 5), overlap_of(mondays, 10), overlap_of(mondays, 1)
    (1, 2, 1)
    """
    return max(ceil(sessions / median_spacing(dates) - 1e-9), 1)


def _falling(lags: int) -> list[float]:
    """Weights of the autocovariances, from lag 1."""
    check_count("lags", lags, 0)
    return [1.0 - lag / (lags + 1.0) for lag in range(1, lags + 1)]


def _t_of(known: Float[ndarray, "n"], weights: list[float]) -> float:
    error = _error_of(known, weights)
    return float(known.mean() / error) if np.isfinite(error) else np.nan


def _error_of(known: Float[ndarray, "n"], weights: list[float]) -> float:
    if len(known) < 2 or np.ptp(known) == 0:
        return np.nan
    left = known - known.mean()
    total = float(left @ left)
    for lag, weight in enumerate(weights[: len(known) - 1], start=1):
        total += 2.0 * weight * float(left[lag:] @ left[:-lag])
    error = total / len(known) ** 2
    return float(np.sqrt(error)) if error > 0 else np.nan
