"""Statistics: kernels from the rows of a segment to one number, summed in float64 [Spec 1].

Segments may be short, so sums go through them by lanes (see ``lanes``). Where the compiler makes
the vectors, loops count in int32 and add what was made neutral beforehand, or it makes none.
NaN is no observation. Moments are taken around the mean in a second pass; what follows from them
is worked out for all segments at once. Sums may be reordered by the compiler; nothing else is
assumed about the numbers.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine import lanes as v
from intralpha.features.engine.compiling import BARE_INNER

FLAT, TINY = 1e-10, 1e-10
SAME = 1e-13  # what the rounding of a sum may put between a mean and numbers that are all alike
FAST = {"reassoc", "contract", "nsz"}


@njit(**BARE_INNER)
@no_type_check
def _count_sum(x):
    """Number of observations and their sum."""
    n, total, origin = 0, v.zeros(), v.zeros()
    for i in range(0, len(x), v.LANES):
        a = v.lanes(x, i)
        n += v.seen(a, a)
        total = v.plus(total, v.away(a, a, origin))
    return n, v.total(total)


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def _powers(x, mean):
    """Sums of the second, third and fourth powers of the distances from the mean."""
    two, three, four, origin = v.zeros(), v.zeros(), v.zeros(), v.every(mean)
    for i in range(0, len(x), v.LANES):
        a = v.lanes(x, i)
        d = v.away(a, a, origin)
        s = v.times(d, d)
        two = v.plus(two, s)
        three = v.plus(three, v.times(s, d))
        four = v.plus(four, v.times(s, s))
    return v.total(two), v.total(three), v.total(four)


@njit(**BARE_INNER)
@no_type_check
def _first_pair(x, y):
    """First row that has both; the length if there is none."""
    i = 0
    while i < len(x) and not (x[i] == x[i] and y[i] == y[i]):
        i += 1
    return i


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def is_flat(std, mean):
    """Whether a standard deviation counts as zero [Spec 1]."""
    return not std > FLAT * max(abs(mean), TINY)


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def _pair_sums(x, y, x0, y0):
    """Count, sums, squares and products of the distances from a pair that is among them."""
    n, left, right = 0, v.every(x0), v.every(y0)
    sx, sy, xx, yy, xy = v.zeros(), v.zeros(), v.zeros(), v.zeros(), v.zeros()
    for i in range(0, len(x), v.LANES):
        a, b = v.lanes(x, i), v.lanes(y, i)
        n += v.seen(a, b)
        dx, dy = v.away(a, b, left), v.away(b, a, right)
        sx, sy = v.plus(sx, dx), v.plus(sy, dy)
        xx, yy = v.plus(xx, v.times(dx, dx)), v.plus(yy, v.times(dy, dy))
        xy = v.plus(xy, v.times(dx, dy))
    return np.float64(n), v.total(sx), v.total(sy), v.total(xx), v.total(yy), v.total(xy)


@njit(**BARE_INNER)
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
        n, sx, sy, xx, yy, xy = _pair_sums(a, b, x0, y0)
        work[0, s], work[1, s], work[2, s] = n, sx + n * x0, sy + n * y0
        work[3, s], work[4, s], work[5, s] = n * xx - sx * sx, n * yy - sy * sy, n * xy - sx * sy
    _rho(work, least, out)


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def _moves(spread, total, n):
    """Not :func:`is_flat`, for n n times the variance, without a root or a division."""
    floor = FLAT * max(abs(total), n * TINY)
    return spread > floor * floor


@njit(fastmath=FAST, **BARE_INNER)
@no_type_check
def _product(x, plus):
    n, total = np.int32(0), 1.0
    for i in range(len(x)):
        seen = x[i] == x[i]
        value = np.float64(x[i]) if seen else 1.0 - plus
        n += np.int32(1) if seen else np.int32(0)
        total *= value + plus
    return n, total


@njit(**BARE_INNER)
@no_type_check
def products(x, spans, least, plus, out):
    """Product of x + plus, of every segment.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    least : fewest observations
    plus : float, 1 for the growth that returns make
    out : float64 [S], written
        1 of no observation, if ``least`` is 0; NaN below ``least``.
    """
    for s in range(len(spans)):
        n, value = _product(x[spans[s, 0] : spans[s, 1]], plus)
        out[s] = value if n >= least else np.nan


@njit(**BARE_INNER)
@no_type_check
def _largest(x):
    """Number of observations and the largest; minus infinity of none."""
    n, best, none = 0, v.every(-np.inf), v.every(-np.inf)
    for i in range(0, len(x), v.LANES):
        a = v.lanes(x, i)
        n += v.seen(a, a)
        best = v.larger(v.filled(a, none), best)
    return n, v.largest(best)


@njit(**BARE_INNER)
@no_type_check
def _smallest(x):
    """Number of observations and the smallest; infinity of none."""
    n, best, none = 0, v.every(np.inf), v.every(np.inf)
    for i in range(0, len(x), v.LANES):
        a = v.lanes(x, i)
        n += v.seen(a, a)
        best = v.smaller(v.filled(a, none), best)
    return n, v.smallest(best)


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def ends(x, spans, least, step, out):
    """First observation (step 1) or last (step -1) of every segment.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    least : fewest observations
    step : 1 or -1
    out : float64 [S], written; NaN below ``least`` and without an observation
    """
    least = max(least, 1)
    for s in range(len(spans)):
        part, value = x[spans[s, 0] : spans[s, 1]], np.nan
        if _has(part, least):
            i = 0 if step > 0 else len(part) - 1
            while part[i] != part[i]:
                i += step
            value = np.float64(part[i])
        out[s] = value


@njit(**BARE_INNER)
@no_type_check
def _has(x, least):
    """Whether there are so many observations."""
    n, i = 0, 0
    while n < least and i < len(x):
        a = v.lanes(x, i)
        n += v.seen(a, a)
        i += v.LANES
    return n >= least


@njit(**BARE_INNER)
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


@njit(**BARE_INNER)
@no_type_check
def medians(x, spans, least, kept, out):
    """Median of every segment; the mean of the middle two of an even number.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    least : fewest observations
    kept : [N] of the type of x, written over
    out : float64 [S], written; NaN below ``least`` and without an observation
    """
    for s in range(len(spans)):
        n = 0
        for i in range(spans[s, 0], spans[s, 1]):
            if x[i] == x[i]:
                kept[n] = x[i]
                n += 1
        _shell_sort(kept, n)
        left, right = max(n - 1, 0) // 2, n // 2
        middle = 0.5 * (np.float64(kept[left]) + np.float64(kept[right]))
        out[s] = middle if n >= max(least, 1) else np.nan


@njit(**BARE_INNER)
@no_type_check
def drawdowns(x, spans, least, out):
    """Largest fall from the highest value so far, as a share of it, of every segment.

    Parameters
    ----------
    x, spans : as for :func:`sums`
    least : fewest observations
    out : float64 [S], written; NaN below ``least`` and without an observation
    """
    for s in range(len(spans)):
        n, best, worst = 0, -np.inf, 0.0
        for i in range(spans[s, 0], spans[s, 1]):
            if x[i] == x[i]:
                n += 1
                best = max(best, np.float64(x[i]))
                worst = max(worst, 1.0 - x[i] / best)
        out[s] = worst if n >= max(least, 1) else np.nan
