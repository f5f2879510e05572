"""Raw descriptors of the styles, before any standardising [Spec 9.1].

Every function returns [D, A] for the rows asked for, NaN where less than ``min_share`` of its
window is there. A window that reaches before the first session uses what exists, if that is
enough. Days without trading are left out of means and of sums, never counted as zero.
"""

from math import ceil

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.risk.history import History
from intralpha.risk.spec import StyleWindows
from intralpha.risk.windows import (
    lag_weights,
    weighted_fit,
    weighted_mean,
    weighted_std,
    window_matrix,
)

AMOUNT_DAYS = 60


def size(history: History, rows: Int[ndarray, "D"]) -> Float[ndarray, "D A"]:
    """Log of the capitalisation.

    Returns
    -------
    ndarray of float64, shape [D, A]
        ln CNY. NaN where the window holds too few days. Known at the close of each date.

    Notes
    -----
    On dates on which the capitalisation of most stocks is unknown, the mean amount of the last 60
    sessions takes its place.
    """
    size = history.size_HA[rows]
    unknown = ~np.isfinite(size).any(axis=1)
    window = window_matrix(rows[unknown], len(history.dates), lag_weights(AMOUNT_DAYS))
    size[unknown] = weighted_mean(window, history.amount_HA, 1)
    return _log(size)


def beta(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> tuple[Float[ndarray, "D A"], Float[ndarray, "D A"]]:
    """Slope of the return on the market's, and the std of what is left (HSIGMA).

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    (beta, hsigma) : ndarrays of float64, shape [D, A]
        NaN where the window holds too few days. Known at the close of each date.
    """
    weights = lag_weights(spec.beta_days, spec.beta_half_life_days)
    window = window_matrix(rows, len(history.dates), weights)
    enough = ceil(spec.min_share * spec.beta_days)
    return weighted_fit(window, history.ret_HA, history.market_H, enough)


def momentum(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> Float[ndarray, "D A"]:
    """Weighted mean of log returns, the latest days left out (RSTR).

    The printed sum over the window is this mean times the sum of the weights, so with a full
    window both order stocks alike; with a shorter one the mean stays comparable.

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    ndarray of float64, shape [D, A]
        Log return. NaN where the window holds too few days. Known at the close of each date.
    """
    weights = lag_weights(spec.momentum_days, spec.momentum_half_life_days, spec.momentum_skip_days)
    window = window_matrix(rows, len(history.dates), weights)
    enough = ceil(spec.min_share * spec.momentum_days)
    return weighted_mean(window, np.log1p(history.ret_HA), enough)


def daily_volatility(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> Float[ndarray, "D A"]:
    """Weighted std of daily returns (DASTD).

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    ndarray of float64, shape [D, A]
        A day. NaN where the window holds too few days. Known at the close of each date.
    """
    weights = lag_weights(spec.volatility_days, spec.volatility_half_life_days)
    window = window_matrix(rows, len(history.dates), weights)
    enough = ceil(spec.min_share * spec.volatility_days)
    return weighted_std(window, history.ret_HA, enough)


def cumulative_range(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> Float[ndarray, "D A"]:
    """Range of the log return cumulated over 1, 2, ... 12 months (CMRA).

    ln(1 + Z_max) - ln(1 + Z_min), or Z_max - Z_min where 1 + Z_min is not positive.

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    ndarray of float64, shape [D, A]
        Log return. NaN where the window holds too few days. Known at the close of each date.
    """
    days = spec.month_days * spec.year_months
    finite = np.isfinite(history.ret_HA)
    logret = np.log1p(np.where(finite, history.ret_HA, 0.0))
    z = np.zeros((len(rows), logret.shape[1]))
    top, bottom = np.full(z.shape, -np.inf), np.full(z.shape, np.inf)
    for lag in range(days):
        there = rows >= lag
        z[there] += logret[rows[there] - lag]
        if (lag + 1) % spec.month_days == 0:
            top, bottom = np.maximum(top, z), np.minimum(bottom, z)
    window = window_matrix(rows, len(history.dates), lag_weights(days))
    enough = window @ finite.astype(np.float64) >= ceil(spec.min_share * days) - 0.5
    positive = bottom > -1 + 1e-12
    ratio = np.log1p(np.where(positive, top, 0.0)) - np.log1p(np.where(positive, bottom, 0.0))
    return np.where(enough, np.where(positive, ratio, top - bottom), np.nan)


def turnovers(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> tuple[Float[ndarray, "D A"], Float[ndarray, "D A"], Float[ndarray, "D A"]]:
    """Log turnover of a month, of the mean month of 3 and of 12 (STOM, STOQ, STOA).

    Where share counts are unknown to most stocks on a date, the amount in CNY takes the place of
    the turnover rate on that date.

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    (stom, stoq, stoa) : ndarrays of float64, shape [D, A]
        NaN where the window holds too few days. Known at the close of each date.
    """
    counted = history.counted_H[rows]
    out = []
    for months in (1, 3, spec.year_months):
        days = months * spec.month_days
        window = window_matrix(rows, len(history.dates), lag_weights(days))
        enough = ceil(spec.min_share * days)
        mean = weighted_mean(window, history.turnover_HA, enough)
        if not counted.all():
            mean[~counted] = weighted_mean(window, history.amount_HA, enough)[~counted]
        out.append(_log(spec.month_days * mean))
    return out[0], out[1], out[2]


def reversal(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> Float[ndarray, "D A"]:
    """Log return of the last month, not turned round: large means it has risen.

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    ndarray of float64, shape [D, A]
        Log return. NaN where the window holds too few days. Known at the close of each date.
    """
    window = window_matrix(rows, len(history.dates), lag_weights(spec.reversal_days))
    traded = window @ np.isfinite(history.ret_HA).astype(np.float64)
    begin = rows - spec.reversal_days
    now, then = history.price_HA[rows], history.price_HA[np.maximum(begin, 0)]
    known = (begin >= 0)[:, None] & np.isfinite(then) & np.isfinite(now)
    known &= traded >= ceil(spec.min_share * spec.reversal_days) - 0.5
    ratio = np.divide(now, then, out=np.full(now.shape, np.nan), where=known)
    return _log(ratio)


def illiquidity(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> Float[ndarray, "D A"]:
    """Log of the mean absolute return per 100 million CNY of amount (lnamihud, Spec 8).

    Parameters
    ----------
    history : past sessions [H, A] of all assets
    rows : positions of the D dates in the history
    spec : windows

    Returns
    -------
    ndarray of float64, shape [D, A]
        Log. NaN where the window holds too few days. Known at the close of each date.
    """
    known = np.isfinite(history.ret_HA) & (np.nan_to_num(history.amount_HA) > 0)
    impact = np.full(known.shape, np.nan)
    np.divide(np.abs(history.ret_HA), history.amount_HA, out=impact, where=known)
    window = window_matrix(rows, len(history.dates), lag_weights(spec.amihud_days))
    return _log(1e8 * weighted_mean(window, impact, spec.amihud_min_days))


def _log(values: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """Logarithm, NaN where the value is not positive."""
    known = np.nan_to_num(values, nan=0.0) > 0
    return np.log(values, out=np.full(values.shape, np.nan), where=known)
