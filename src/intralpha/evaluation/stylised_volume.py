"""Stylised facts of the session: volume curve, spread estimates, volume and volatility."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base.arrays import check_arrays
from intralpha.evaluation.stylised_returns import MIN_PAIRS


def volume_shares(volume_TA: Float[ndarray, "T A"]) -> Float[ndarray, "T A"]:
    """Share of the session's shares that each bar trades.

    Parameters
    ----------
    volume_TA : shares; NaN = absent

    Returns
    -------
    ndarray of float64
        Fractions that sum to 1 over the session; NaN for an asset that does not trade on the day
        or lacks a bar.

    Examples
    --------
    >>> volume_shares(np.array([[3.0, 0.0], [1.0, 0.0]])).tolist()
    [[0.75, nan], [0.25, nan]]
    """
    total = volume_TA.sum(axis=0)
    return volume_TA / np.where(total > 0, total, np.nan)


class RunningMean:
    """Mean of arrays of one shape that come one by one; NaN is left out cell by cell."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sum, self._count = np.zeros(shape), np.zeros(shape)

    def add(self, values: Float[ndarray, "..."]) -> None:
        """Count one array."""
        known = np.isfinite(values)
        self._sum += np.where(known, values, 0.0)
        self._count += known

    def mean(self) -> Float[ndarray, "..."]:
        """Mean of every cell; NaN where none came."""
        return np.where(self._count > 0, self._sum / np.maximum(self._count, 1), np.nan)

    def mean_over(self, axis: int) -> Float[ndarray, "..."]:
        """Mean along one axis, every value counted once; NaN where none came."""
        total, count = self._sum.sum(axis=axis), self._count.sum(axis=axis)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def roll_spread(lag1_covariance_A: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
    r"""Roll's estimate of the effective bid-ask spread.

    .. math:: S = 2 \sqrt{-\operatorname{Cov}(r_t, r_{t-1})}

    Trades that alternate between bid and ask make neighbouring returns correlate negatively.

    Parameters
    ----------
    lag1_covariance_A : autocovariance of log returns at lag 1

    Returns
    -------
    ndarray of float64
        Fraction of the price. 0 where the covariance is positive, as Roll's model then has no
        answer (Goyenko, Holden and Trzcinka 2009 do the same); NaN stays.

    Notes
    -----
    Trends inside the session and slow quotes bias it down, reversals that are no bounce bias it
    up; the longer the bars the worse. The shortest bars a lake has are the ones to use.

    References
    ----------
    Roll (1984), "A simple implicit measure of the effective bid-ask spread in an efficient
    market", Journal of Finance 39.
    """
    return 2.0 * np.sqrt(np.where(lag1_covariance_A > 0, 0.0, -lag1_covariance_A))


def corwin_schultz_spread(
    high_DA: Float[ndarray, "D A"], low_DA: Float[ndarray, "D A"], close_DA: Float[ndarray, "D A"]
) -> Float[ndarray, "E A"]:
    r"""Corwin and Schultz's estimate of the bid-ask spread from highs and lows of two days.

    .. math::

        \beta = \ln^2 \tfrac{H_t}{L_t} + \ln^2 \tfrac{H_{t+1}}{L_{t+1}}, \quad
        \gamma = \ln^2 \tfrac{\max(H_t, H_{t+1})}{\min(L_t, L_{t+1})}

        \alpha = \frac{\sqrt{2\beta} - \sqrt\beta}{3 - 2\sqrt2}
                 - \sqrt{\frac{\gamma}{3 - 2\sqrt2}}, \quad
        S = \frac{2 (e^\alpha - 1)}{1 + e^\alpha}

    The range of two days holds twice the variance of one but the same spread. If the next day's
    range does not reach the close, it is moved there first (the paper's overnight adjustment).

    Parameters
    ----------
    high_DA, low_DA, close_DA : adjusted prices, CNY; NaN = no trade

    Returns
    -------
    ndarray of float64, shape [D - 1, A]
        Fraction of the price, one value a pair of neighbouring days, negative ones set to 0. NaN
        where a day of the pair is NaN.

    Raises
    ------
    ArrayFormError
        Prices that do not have one shape.

    References
    ----------
    Corwin and Schultz (2012), "A simple way to estimate bid-ask spreads from daily high and low
    prices", Journal of Finance 67.
    """
    check_arrays(high_DA=high_DA, low_DA=low_DA, close_DA=close_DA)
    above = np.maximum(low_DA[1:] - close_DA[:-1], 0.0)
    below = np.minimum(high_DA[1:] - close_DA[:-1], 0.0)
    high2, low2 = high_DA[1:] - above - below, low_DA[1:] - above - below
    low2 = np.where(low2 > 0, low2, np.nan)
    beta = np.log(high_DA[:-1] / low_DA[:-1]) ** 2 + np.log(high2 / low2) ** 2
    gamma = np.log(np.maximum(high_DA[:-1], high2) / np.minimum(low_DA[:-1], low2)) ** 2
    constant = 3.0 - 2.0 * np.sqrt(2.0)
    alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / constant - np.sqrt(gamma / constant)
    return np.maximum(2.0 * np.expm1(alpha) / (1.0 + np.exp(alpha)), 0.0)


def paired_correlation(
    x_DA: Float[ndarray, "D A"], y_DA: Float[ndarray, "D A"]
) -> Float[ndarray, "A"]:
    """Pearson correlation over time of two series of every asset.

    Returns
    -------
    ndarray of float64
        Over the days on which both are finite; NaN below 10 such days or where one does not vary.

    Raises
    ------
    ArrayFormError
        Series that do not have one shape.
    """
    check_arrays(x_DA=x_DA, y_DA=y_DA)
    both = np.isfinite(x_DA) & np.isfinite(y_DA)
    count = np.where(both.sum(axis=0) >= MIN_PAIRS, both.sum(axis=0), np.nan)
    x, y = (np.where(both, v, 0.0) for v in (x_DA, y_DA))
    x, y = (np.where(both, v - v.sum(axis=0) / count, 0.0) for v in (x, y))
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    return (x * y).sum(axis=0) / np.where(size > 1e-20, size, np.nan)
