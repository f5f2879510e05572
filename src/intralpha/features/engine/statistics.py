"""Statistics: kernels from the rows of a segment to one number, summed in float64 [Spec 1].

Loops count in int32 and add what was made 0 beforehand, or the compiler makes no vectors of them.
NaN is no observation. Moments are taken around the mean in a second pass; what follows from them
is worked out for all segments at once. Sums may be reordered by the compiler; nothing else is
assumed about the numbers.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.bits import of_rank, rank_of
from intralpha.features.engine.compiling import INNER

FLAT, TINY = 1e-10, 1e-10
SAME = 1e-13  # what the rounding of a sum may put between a mean and numbers that are all alike
FAST = {"reassoc", "contract", "nsz"}


@njit(fastmath=FAST, **INNER)
@no_type_check
def _count_sum(x):
    """Number of observations and their sum."""
    n, total = np.int32(0), 0.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        value = x[i] if seen else x.dtype.type(0)
        n += np.int32(1) if seen else np.int32(0)
        total += np.float64(value)
    return n, total


@njit(**INNER)
@no_type_check
def sums(x, spans, out):
    """Number of observations and their sum, of every segment.

    Parameters
    ----------
    x : float32 or float64 [N]; NaN is no observation
    spans : int64 [S, 2], first row of each segment and the row behind its last
    out : float64 [5, S]; the first two rows are written
    """
    for s in range(len(spans)):
        out[0, s], out[1, s] = _count_sum(x[spans[s, 0] : spans[s, 1]])


@njit(fastmath=FAST, **INNER)
@no_type_check
def _powers(x, mean):
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
def _first_pair(x, y):
    """First row that has both; the length if there is none."""
    i = 0
    while i < len(x) and not (x[i] == x[i] and y[i] == y[i]):
        i += 1
    return i


@njit(**INNER)
@no_type_check
def powers(x, spans, out):
    """Sums of powers of the distances from the mean, of every segment.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    out : float64 [5, S], which holds the sums; second, third and fourth powers are written
    """
    for s in range(len(spans)):
        part = x[spans[s, 0] : spans[s, 1]]
        mean, first = out[1, s] / out[0, s], _first_pair(part, part)
        if first < len(part) and abs(part[first] - mean) <= SAME * abs(mean):
            mean = np.float64(part[first])  # the deviation of what never moves is nothing at all
        out[2, s], out[3, s], out[4, s] = _powers(part, mean)


@njit(**INNER)
@no_type_check
def is_flat(std, mean):
    """Whether a standard deviation counts as zero [Spec 1]."""
    return not std > FLAT * max(abs(mean), TINY)


@njit(**INNER)
@no_type_check
def counted(known, kind, least, out):
    """Count (kind 0), sum (1) or mean (2) from the sums of every segment.

    Parameters
    ----------
    known : float64 [5, S], see :func:`sums`
    kind : 0, 1 or 2
    least : fewest observations; NaN below
    out : float64 [S], written; the mean of no observation is NaN
    """
    n, total = known[0], known[1]
    if kind == 2:
        for s in range(len(out)):
            out[s] = total[s] / n[s] if n[s] >= max(least, 1) else np.nan
    else:
        for s in range(len(out)):
            value = total[s] if kind == 1 else n[s]
            out[s] = value if n[s] >= least else np.nan


@njit(**INNER)
@no_type_check
def spread(known, least, out):
    """Population standard deviation of every segment [Spec 1].

    Parameters
    ----------
    known : float64 [5, S], see :func:`powers`
    least : fewest observations
    out : float64 [S], written; NaN below ``least`` and without an observation
    """
    n, two = known[0], known[2]
    for s in range(len(out)):
        out[s] = np.sqrt(two[s] / n[s]) if n[s] >= max(least, 1) else np.nan


@njit(**INNER)
@no_type_check
def shape(known, least, fourth, out):
    """Skewness, or excess kurtosis, of every segment [Spec 1].

    Parameters
    ----------
    known : float64 [5, S], see :func:`powers`
    least : fewest observations
    fourth : bool, kurtosis less 3; else skewness
    out : float64 [S], written
        Of population moments; NaN below ``least``, without an observation, and where the
        standard deviation counts as zero.
    """
    n, total, two, three, four = known[0], known[1], known[2], known[3], known[4]
    for s in range(len(out)):
        variance = two[s] / n[s]
        flat = is_flat(np.sqrt(variance), total[s] / n[s])
        if fourth:
            value = four[s] / n[s] / (variance * variance) - 3.0
        else:
            value = three[s] / n[s] / (variance * np.sqrt(variance))
        out[s] = value if (n[s] >= max(least, 1)) & (not flat) else np.nan


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
def correlation(x, y, spans, least, work, out):
    """Pearson over the rows that have both, of every segment [Spec 1].

    Parameters
    ----------
    x, y : float32 or float64 [N]; NaN is no observation
    spans : int64 [S, 2], rows of each segment
    least : fewest rows with both
    work : float64 [6, S], written over
    out : float64 [S], written
        In [-1, 1]; NaN below ``least``, without a pair, and where the standard deviation of
        either counts as zero.

    Notes
    -----
    One pass. Distances are from the first pair: no observation is further than sqrt(n) standard
    deviations from the mean, so what cancels costs a factor n of the last bit and no more.
    """
    for s in range(len(spans)):
        a, b = x[spans[s, 0] : spans[s, 1]], y[spans[s, 0] : spans[s, 1]]
        first = _first_pair(a, b)
        if first == len(a):
            work[0, s] = 0.0
            continue
        x0, y0 = np.float64(a[first]), np.float64(b[first])
        n, sx, sy, xx, yy, xy = _pair_sums(a, b, a[first], b[first])
        work[0, s], work[1, s], work[2, s] = n, sx + n * x0, sy + n * y0
        work[3, s], work[4, s], work[5, s] = n * xx - sx * sx, n * yy - sy * sy, n * xy - sx * sy
    _rho(work, least, out)


@njit(**INNER)
@no_type_check
def _rho(work, least, out):
    """Correlations of all segments from counts, sums, and n n times variances and covariance."""
    n, of_x, of_y = work[0], work[1], work[2]
    for s in range(len(out)):
        xx, yy = max(work[3, s], 0.0), max(work[4, s], 0.0)
        rho = work[5, s] / (np.sqrt(xx) * np.sqrt(yy))
        rho = min(max(rho, -1.0), 1.0)
        moves = _moves(xx, of_x[s], n[s]) & _moves(yy, of_y[s], n[s])
        out[s] = rho if (n[s] >= max(least, 1)) & moves else np.nan


@njit(**INNER)
@no_type_check
def _moves(spread, total, n):
    """Not :func:`is_flat`, for n n times the variance, without a root or a division."""
    floor = FLAT * max(abs(total), n * TINY)
    return spread > floor * floor


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
def _largest(x):
    """Number of observations and the largest; minus infinity of none."""
    n, best = np.int32(0), rank_of(x.dtype.type(-np.inf))
    for i in range(len(x)):
        seen = x[i] == x[i]
        n += np.int32(1) if seen else np.int32(0)
        best = max(best, rank_of(x[i] if seen else x.dtype.type(-np.inf)))
    return n, of_rank(best)


@njit(**INNER)
@no_type_check
def _smallest(x):
    """Number of observations and the smallest; infinity of none."""
    n, best = np.int32(0), rank_of(x.dtype.type(np.inf))
    for i in range(len(x)):
        seen = x[i] == x[i]
        n += np.int32(1) if seen else np.int32(0)
        best = min(best, rank_of(x[i] if seen else x.dtype.type(np.inf)))
    return n, of_rank(best)


@njit(**INNER)
@no_type_check
def extremes(x, spans, least, largest, out):
    """Largest or smallest value of every segment.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    least : fewest observations
    largest : bool, else smallest
    out : float64 [S], written; NaN below ``least`` and without an observation
    """
    for s in range(len(spans)):
        part = x[spans[s, 0] : spans[s, 1]]
        n, value = _largest(part) if largest else _smallest(part)
        out[s] = value if n >= max(least, 1) else np.nan


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
