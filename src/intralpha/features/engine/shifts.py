"""Shifts: kernels that look along the rows of a segment, or beside it at numbers of the day."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.compiling import INNER
from intralpha.features.engine.statistics import count_sum, squares

HALF_TICK = 0.005
SMALL_STEP = 1e-30


@njit(**INNER)
@no_type_check
def shift(a, bounds, k, lunch, out):
    """The row ``k`` before (after, if negative), absent across the ends of a segment and lunch."""
    n = len(out)
    if k > 0:
        for i in range(n - k):
            out[i + k] = a[i]
    else:
        for i in range(n + k):
            out[i] = a[i - k]
    for s in range(len(bounds) - 1):
        lo, hi = bounds[s], bounds[s + 1]
        _absent(out, lo, hi, k)
        if 0 < lunch < hi - lo:
            if k > 0:
                _absent(out, lo + lunch, hi, k)
            else:
                _absent(out, lo, lo + lunch, k)


@njit(**INNER)
@no_type_check
def _absent(out, lo, hi, k):
    """The first ``k`` rows, or the last ones."""
    first, last = (lo, min(lo + k, hi)) if k > 0 else (max(hi + k, lo), hi)
    for i in range(first, last):
        out[i] = np.nan


@njit(**INNER)
@no_type_check
def previous(a, first, bounds, day_rows, out):
    """The row before, across lunch and bars; in the first row of a day the other series."""
    for i in range(1, len(out)):
        out[i] = a[i - 1]
    if day_rows > 0:
        for i in range(0, len(out), day_rows):
            out[i] = first[i]
    else:
        for s in range(len(bounds) - 1):
            if bounds[s] < bounds[s + 1]:
                out[bounds[s]] = first[bounds[s]]


@njit(**INNER)
@no_type_check
def crop(a, bounds, lo, hi, outside, out):
    """Rows outside ``lo`` to ``hi`` of each segment become ``outside``."""
    for s in range(len(bounds) - 1):
        first, last = bounds[s], bounds[s + 1]
        start, stop = min(first + lo, last), min(first + hi, last)
        out[first:start] = outside
        for i in range(start, stop):
            out[i] = a[i]
        out[stop:last] = outside


@njit(**INNER)
@no_type_check
def expand(day, bounds, out):
    """A number of each segment in all its rows."""
    for s in range(len(bounds) - 1):
        out[bounds[s] : bounds[s + 1]] = day[s]


@njit(**INNER)
@no_type_check
def row_number(bounds, from_end, out):
    """1, 2, ... in each segment; or how many rows follow."""
    one = out.dtype.type(1)
    for s in range(len(bounds) - 1):
        lo, hi = bounds[s], bounds[s + 1]
        step = -one if from_end else one
        value = out.dtype.type(hi - lo - 1) if from_end else one
        for i in range(lo, hi):
            out[i] = value
            value += step


@njit(**INNER)
@no_type_check
def locked(high, low, up, down, bounds, out):
    """1 where the row has one price and it is a limit of the day [Spec 2.2]."""
    kind = out.dtype.type
    one, zero = kind(1), kind(0)
    for s in range(len(bounds) - 1):
        a, b = kind(up[s] - HALF_TICK), kind(up[s] + HALF_TICK)
        c, d = kind(down[s] - HALF_TICK), kind(down[s] + HALF_TICK)
        first, last = bounds[s], bounds[s + 1]
        tops, bottoms, marks = high[first:last], low[first:last], out[first:last]
        for i in range(len(marks)):
            x = tops[i]
            at_up = (one if x >= a else zero) * (one if x <= b else zero)
            at_down = (one if x >= c else zero) * (one if x <= d else zero)
            marks[i] = (one if x == bottoms[i] else zero) * max(at_up, at_down)


@njit(**INNER)
@no_type_check
def continuous(closing, bounds, last, day_rows, out):
    """1 in rows of continuous trading: the first ``last`` of a day with a closing auction."""
    for i in range(len(out)):
        out[i] = 1
    if last < 0:
        return
    for s in range(len(bounds) - 1):
        if closing[s] != 0:
            start = bounds[s] % day_rows if day_rows > 0 else 0
            for i in range(max(bounds[s] + last - start, bounds[s]), bounds[s + 1]):
                out[i] = 0


@njit(**INNER)
@no_type_check
def top(a, bounds, share, least, out):
    """1 in the ceil(share n) rows with the largest values; the earlier of equal ones first.

    None where there are fewer than ``least`` values.
    """
    keys = np.empty(len(a), a.dtype.type)
    for s in range(len(bounds) - 1):
        lo, hi = bounds[s], bounds[s + 1]
        _top(a[lo:hi], share, least, keys[lo:hi], out[lo:hi])


@njit(**INNER)
@no_type_check
def _top(a, share, least, keys, out):
    n, total = count_sum(a)
    out[:] = 0
    if n < max(least, 1):
        return
    kind = a.dtype.type
    nothing, most = kind(-np.inf), kind(np.finfo(a.dtype).max)
    for i in range(len(a)):
        keys[i] = min(max(a[i], -most), most) if a[i] == a[i] else nothing
    wanted = int(np.ceil(share * n - 1e-9))
    mean = total / n
    std = np.sqrt(squares(a, mean) / n)
    if not abs(mean) + std < np.inf:
        mean, std = 0.0, 1.0
    floor, ceiling = _threshold(keys, mean, std, wanted)
    chosen = _at_least(keys, ceiling)
    for i in range(len(keys)):
        out[i] = 1 if keys[i] >= ceiling else 0
    for i in range(len(keys)):
        if chosen >= wanted:
            break
        if floor <= keys[i] < ceiling:
            out[i] = 1
            chosen += 1


@njit(**INNER)
@no_type_check
def _threshold(keys, mean, std, wanted):
    """Bounds such that values from the upper one on are chosen, and of those between, the first.

    From the mean outwards in growing steps until the wanted count lies between, then by halves.
    """
    kind = keys.dtype.type
    low = high = kind(mean)
    step = max(std, 1e-6 * abs(mean), SMALL_STEP)
    count = _at_least(keys, low)
    while count >= wanted and high < np.inf:
        low, high = high, kind(high + step)
        count, step = _at_least(keys, high), 2 * step
    while count < wanted and low >= high:
        high, low = low, max(kind(low - step), -kind(np.finfo(keys.dtype).max))
        count, step = _at_least(keys, low), 2 * step
        if count < wanted:
            high = low
    return _halve(keys, low, high, wanted)


@njit(**INNER)
@no_type_check
def _halve(keys, low, high, wanted):
    """Values from ``low`` on are enough, from ``high`` on too few; the two come together."""
    kind = keys.dtype.type
    while True:
        middle = kind(low + (high - low) / 2) if high < np.inf else kind(2 * abs(low) + 1)
        if not low < middle < high:
            return low, high
        count = _at_least(keys, middle)
        if count == wanted:
            return middle, middle
        if count > wanted:
            low = middle
        else:
            high = middle


@njit(**INNER)
@no_type_check
def _at_least(keys, value):
    count = np.int32(0)
    for i in range(len(keys)):
        count += np.int32(1) if keys[i] >= value else np.int32(0)
    return count
