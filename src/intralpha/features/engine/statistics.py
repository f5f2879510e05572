"""Statistics: kernels from the rows of a segment to one number, summed in float64 [Spec 1].

Loops count in int32 and add what was made 0 beforehand, or the compiler makes no vectors of them.
NaN is no observation. Moments are taken around the mean in a second pass. Sums may be reordered by
the compiler; nothing else is assumed about the numbers.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.compiling import INNER

FLAT, TINY = 1e-10, 1e-10
FAST = {"reassoc", "contract", "nsz"}


@njit(fastmath=FAST, **INNER)
@no_type_check
def count_sum(x):
    """Number of observations and their sum."""
    n, total = np.int32(0), 0.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        value = x[i] if seen else x.dtype.type(0)
        n += np.int32(1) if seen else np.int32(0)
        total += np.float64(value)
    return n, total


@njit(fastmath=FAST, **INNER)
@no_type_check
def powers(x, mean):
    """Sums of the second, third and fourth powers of the distances from the mean."""
    two, three, four = 0.0, 0.0, 0.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        d = np.float64(x[i]) - mean if seen else 0.0
        s = d * d
        two += s
        three += s * d
        four += s * s
    return two, three, four


@njit(**INNER)
@no_type_check
def is_flat(std, mean):
    """Whether a standard deviation counts as zero [Spec 1]."""
    return not std > FLAT * max(abs(mean), TINY)


@njit(fastmath=FAST, **INNER)
@no_type_check
def _distances(x, x0):
    """Count, and sum and squares of the distances from a number that is among them."""
    n, total, squares = np.int32(0), 0.0, 0.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        d = np.float64(x[i] if seen else x0) - np.float64(x0)
        n += np.int32(1) if seen else np.int32(0)
        total += d
        squares += d * d
    return n, total, squares


@njit(**INNER)
@no_type_check
def spread(x, least):
    """Population standard deviation; one pass, as :func:`correlation`."""
    first = _first_pair(x, x)
    if first == len(x):
        return np.nan
    n, total, squares = _distances(x, x[first])
    if n < least:
        return np.nan
    return np.sqrt(max(n * squares - total * total, 0.0)) / n


@njit(**INNER)
@no_type_check
def shape(x, least, fourth):
    """Skewness, or excess kurtosis [Spec 1].

    Parameters
    ----------
    x : float32 or float64 [N]; NaN is no observation
    least : fewest observations
    fourth : bool, kurtosis less 3; else skewness

    Returns
    -------
    float64
        Of population moments; NaN below ``least``, without an observation, and where the
        standard deviation counts as zero.
    """
    n, total = count_sum(x)
    if n < max(least, 1):
        return np.nan
    mean = total / n
    two, three, four = powers(x, mean)
    std = np.sqrt(two / n)
    if is_flat(std, mean):
        return np.nan
    if fourth:
        return four / n / (std * std * std * std) - 3.0
    return three / n / (std * std * std)


@njit(**INNER)
@no_type_check
def _first_pair(x, y):
    """First row that has both; the length if there is none."""
    i = 0
    while i < len(x) and not (x[i] == x[i] and y[i] == y[i]):
        i += 1
    return i


@njit(fastmath=FAST, **INNER)
@no_type_check
def _pair_sums(x, y, x0, y0):
    """Count, sums, squares and products of the distances from a pair that is among them."""
    n, sx, sy, xx, yy, xy = np.int32(0), 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        seen = (x[i] == x[i]) & (y[i] == y[i])
        dx = np.float64(x[i] if seen else x0) - np.float64(x0)
        dy = np.float64(y[i] if seen else y0) - np.float64(y0)
        n += np.int32(1) if seen else np.int32(0)
        sx += dx
        sy += dy
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
    return n, sx, sy, xx, yy, xy


@njit(**INNER)
@no_type_check
def correlation(x, y, least):
    """Pearson over the rows that have both [Spec 1].

    Parameters
    ----------
    x, y : float32 or float64 [N]; NaN is no observation
    least : fewest rows with both

    Returns
    -------
    float64
        In [-1, 1]; NaN below ``least``, without a pair, and where the standard deviation of
        either counts as zero.

    Notes
    -----
    One pass. Distances are from the first pair: no observation is further than sqrt(n) standard
    deviations from the mean, so what cancels costs a factor n of the last bit and no more.
    """
    first = _first_pair(x, y)
    if first == len(x):
        return np.nan
    n, sx, sy, xx, yy, xy = _pair_sums(x, y, x[first], y[first])
    if n < max(least, 1):
        return np.nan
    x_spread, y_spread = max(n * xx - sx * sx, 0.0), max(n * yy - sy * sy, 0.0)  # n n var
    if _is_still(x_spread, sx + n * x[first], n) or _is_still(y_spread, sy + n * y[first], n):
        return np.nan
    rho = (n * xy - sx * sy) / (np.sqrt(x_spread) * np.sqrt(y_spread))
    return min(max(rho, -1.0), 1.0)


@njit(**INNER)
@no_type_check
def _is_still(spread, total, n):
    """:func:`is_flat` for n times n times the variance, without a root or a division."""
    floor = FLAT * max(abs(total), n * TINY)
    return not spread > floor * floor


@njit(fastmath=FAST, **INNER)
@no_type_check
def _product(x, plus):
    n, total = np.int32(0), 1.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        value = np.float64(x[i]) if seen else 1.0 - plus
        n += np.int32(1) if seen else np.int32(0)
        total *= value + plus
    return n, total


@njit(**INNER)
@no_type_check
def product(x, least, plus):
    """Product of x + plus.

    Parameters
    ----------
    x : float32 or float64 [N]; NaN is no observation
    least : fewest observations
    plus : float, 1 for the growth that returns make

    Returns
    -------
    float64
        1 of no observation, if ``least`` is 0; NaN below ``least``.
    """
    n, total = _product(x, plus)
    return total if n >= least else np.nan


@njit(**INNER)
@no_type_check
def extreme(x, least, sign):
    """Largest value (sign 1) or smallest (sign -1).

    Parameters
    ----------
    x : float32 or float64 [N]; NaN is no observation
    least : fewest observations
    sign : 1 or -1

    Returns
    -------
    float64
        NaN below ``least`` and without an observation.
    """
    n, best = 0, -np.inf
    for i in range(len(x)):
        if x[i] == x[i]:
            n += 1
            best = max(best, sign * x[i])
    return sign * best if n >= max(least, 1) else np.nan


@njit(**INNER)
@no_type_check
def end(x, least, step):
    """First observation (step 1) or last (step -1).

    Parameters
    ----------
    x : float32 or float64 [N]; NaN is no observation
    least : fewest observations
    step : 1 or -1

    Returns
    -------
    float64
        NaN below ``least`` and without an observation.
    """
    n, found = 0, np.nan
    i = 0 if step > 0 else len(x) - 1
    while 0 <= i < len(x):
        if x[i] == x[i]:
            if n == 0:
                found = np.float64(x[i])
            n += 1
            if n >= least:
                return found
        i += step
    return np.nan


@njit(**INNER)
@no_type_check
def _shell_sort(x, n):
    """Sort the first ``n`` in place; short, so that it compiles in no time."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            value, j = x[i], i
            while j >= gap and x[j - gap] > value:
                x[j] = x[j - gap]
                j -= gap
            x[j] = value
        gap //= 2


@njit(**INNER)
@no_type_check
def median(x, least):
    """Median; the mean of the middle two of an even number."""
    kept = np.empty(len(x), np.float64)
    n = 0
    for i in range(len(x)):
        if x[i] == x[i]:
            kept[n] = x[i]
            n += 1
    if n < max(least, 1):
        return np.nan
    _shell_sort(kept, n)
    return 0.5 * (kept[(n - 1) // 2] + kept[n // 2])


@njit(**INNER)
@no_type_check
def drawdown(x, least):
    """Largest fall from the highest value so far, as a share of it."""
    n, best, worst = 0, -np.inf, 0.0
    for i in range(len(x)):
        if x[i] == x[i]:
            n += 1
            best = max(best, np.float64(x[i]))
            worst = max(worst, 1.0 - x[i] / best)
    return worst if n >= max(least, 1) else np.nan
