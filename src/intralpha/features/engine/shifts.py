"""Shifts: kernels that look along the rows of a segment, or beside it at numbers of the day."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.compiling import BARE_INNER
from intralpha.features.engine.statistics import FAST
from intralpha.market.limits import HALF_TICK_YUAN

GUESSES = 8


@njit(**BARE_INNER)
@no_type_check
def shift(a, bounds, k, lunch, out):
    """The row ``k`` before (after, if negative), absent across the ends of a segment and lunch.

    Parameters
    ----------
    a : float [N], rows of the segments, one segment after another
    bounds : int64 [S + 1], where segments begin; the last is N
    k : rows to go back, or ahead if negative
    lunch : int64 [S], row of a segment that begins the afternoon; 0 for none
    out : float [N], written, not ``a``; NaN where the other row is absent
    """
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
        if 0 < lunch[s] < hi - lo:
            if k > 0:
                _absent(out, lo + lunch[s], hi, k)
            else:
                _absent(out, lo, lo + lunch[s], k)


@njit(**BARE_INNER)
@no_type_check
def _absent(out, lo, hi, k):
    """The first ``k`` rows, or the last ones."""
    first, last = (lo, min(lo + k, hi)) if k > 0 else (max(hi + k, lo), hi)
    for i in range(first, last):
        out[i] = np.nan


@njit(**BARE_INNER)
@no_type_check
def previous(a, first, bounds, day_rows, out):
    """The row before, across lunch and bars; in the first row of a day the other series.

    Parameters
    ----------
    a : float [N], rows of whole days
    first : float [N], read in the first row of each day
    bounds : int64 [S + 1], where segments begin; the last is N
    day_rows : rows of a day, of which segments may be parts; 0: each segment is a day
    out : float [N], written, not ``a``
    """
    for i in range(1, len(out)):
        out[i] = a[i - 1]
    if day_rows > 0:
        for i in range(0, len(out), day_rows):
            out[i] = first[i]
    else:
        for s in range(len(bounds) - 1):
            if bounds[s] < bounds[s + 1]:
                out[bounds[s]] = first[bounds[s]]


@njit(**BARE_INNER)
@no_type_check
def crop(a, bounds, lo, hi, outside, out):
    """Rows outside ``lo`` to ``hi`` of each segment become ``outside``.

    Parameters
    ----------
    a : float [N]
    bounds : int64 [S + 1], where segments begin; the last is N
    lo, hi : rows of a segment that are kept, from 0 on, ``hi`` not included
    outside : NaN for a series, 0 for a mask
    out : float [N], written
    """
    for s in range(len(bounds) - 1):
        first, last = bounds[s], bounds[s + 1]
        start, stop = min(first + lo, last), min(first + hi, last)
        out[first:start] = outside
        for i in range(start, stop):
            out[i] = a[i]
        out[stop:last] = outside


@njit(**BARE_INNER)
@no_type_check
def expand(day, bounds, out):
    """A number of each segment in all its rows.

    Parameters
    ----------
    day : float64 [S]
    bounds : int64 [S + 1], where segments begin; the last is N
    out : float [N], written
    """
    for s in range(len(bounds) - 1):
        out[bounds[s] : bounds[s + 1]] = day[s]


@njit(**BARE_INNER)
@no_type_check
def row_number(bounds, from_end, out):
    """1, 2, ... in each segment; or how many rows follow.

    Parameters
    ----------
    bounds : int64 [S + 1], where segments begin; the last is N
    from_end : bool, count the rows that follow: the last one has 0
    out : float [N], written
    """
    for s in range(len(bounds) - 1):
        rows = out[bounds[s] : bounds[s + 1]]
        for i in range(len(rows)):
            rows[i] = np.int32(len(rows) - 1 - i if from_end else i + 1)


@njit(**BARE_INNER)
@no_type_check
def locked(high, low, up, down, bounds, out):
    """1 where the row has one price and it is a limit of the day [Spec 2.2].

    Parameters
    ----------
    high, low : float [N], CNY
    up, down : float64 [S], limit prices of the day, CNY, met within half a tick; NaN: no limit
    bounds : int64 [S + 1], where segments begin; the last is N
    out : float [N], written; 1 or 0, 0 where a price is NaN
    """
    kind = out.dtype.type
    one, zero = kind(1), kind(0)
    s = 0
    while s < len(bounds) - 1:
        end = s + 1  # bars of one day have the same limits, and are gone through at once
        while end < len(bounds) - 1 and up[end] == up[s] and down[end] == down[s]:
            end += 1
        a, b = kind(up[s] - HALF_TICK_YUAN), kind(up[s] + HALF_TICK_YUAN)
        c, d = kind(down[s] - HALF_TICK_YUAN), kind(down[s] + HALF_TICK_YUAN)
        first, last = bounds[s], bounds[end]
        tops, bottoms, marks = high[first:last], low[first:last], out[first:last]
        for i in range(len(marks)):
            x = tops[i]
            at_up = (one if x >= a else zero) * (one if x <= b else zero)
            at_down = (one if x >= c else zero) * (one if x <= d else zero)
            marks[i] = (one if x == bottoms[i] else zero) * max(at_up, at_down)
        s = end


@njit(**BARE_INNER)
@no_type_check
def continuous(closing, bounds, last, day_rows, out):
    """1 in rows of continuous trading: the first ``last`` of a day with a closing auction.

    Parameters
    ----------
    closing : float64 [S], not 0 where the day of the segment ends with a closing auction
    bounds : int64 [S + 1], where segments begin; the last is N
    last : rows before the auction; negative: all rows of all days count
    day_rows : rows of a day, of which segments may be parts; 0: each segment is a day
    out : float [N], written; 1 or 0
    """
    for i in range(len(out)):
        out[i] = 1
    if last < 0:
        return
    for s in range(len(bounds) - 1):
        if closing[s] != 0:
            start = bounds[s] % day_rows if day_rows > 0 else 0
            for i in range(max(bounds[s] + last - start, bounds[s]), bounds[s + 1]):
                out[i] = 0


@njit(**BARE_INNER)
@no_type_check
def top(a, bounds, share, least, keys, out):
    """1 in the ceil(share n) rows with the largest values; the earlier of equal ones first.

    Parameters
    ----------
    a : float [N]; NaN is no value
    bounds : int64 [S + 1], where segments begin; the last is N
    share : of the n values of a segment, above 0 and at most 1
    least : a segment with fewer values, or none, has no 1
    keys : [N] of the type of a, written over
    out : float [N], written; 1 or 0
    """
    for s in range(len(bounds) - 1):
        lo, hi = bounds[s], bounds[s + 1]
        _top(a[lo:hi], share, least, keys[lo:hi], out[lo:hi])


@njit(**BARE_INNER)
@no_type_check
def _top(a, share, least, keys, out):
    n, total = _fill_keys(a, keys)
    out[:] = 0
    if n < max(least, 1):
        return
    wanted = int(np.ceil(share * n - 1e-9))
    mean = total / n
    floor, ceiling, chosen = _threshold(keys, mean if abs(mean) < np.inf else 0.0, n, wanted)
    for i in range(len(keys)):
        out[i] = 1 if keys[i] >= ceiling else 0
    for i in range(len(keys)):
        if chosen >= wanted:
            break
        if floor <= keys[i] < ceiling:
            out[i] = 1
            chosen += 1


@njit(fastmath=FAST, **BARE_INNER)
@no_type_check
def _fill_keys(a, keys):
    """Finite numbers in the order of the values, minus infinity for none; how many, their sum."""
    kind = a.dtype.type
    nothing, most = kind(-np.inf), kind(np.finfo(a.dtype).max)
    n, total = np.int32(0), kind(0)
    for i in range(len(a)):
        seen = a[i] == a[i]
        key = min(max(a[i], -most), most)
        keys[i] = key if seen else nothing
        n += np.int32(1) if seen else np.int32(0)
        total += key if seen else kind(0)
    return n, total


@njit(**BARE_INNER)
@no_type_check
def _threshold(keys, mean, n, wanted):
    """Values from the upper bound on are chosen, their count, and of those between, the first.

    Both bounds close in on the value that has the wanted count above it. The first guess takes
    the distances from the mean for exponential; then the counts at both bounds are interpolated;
    what has not been found in a few steps (ties) is found by halves.
    """
    kind = keys.dtype.type
    least = -kind(np.finfo(keys.dtype).max)
    low, high, enough, few = least, kind(np.inf), n, np.int32(0)
    guess, step = kind(mean), 0
    while enough != wanted:
        if not low < guess < high or step > GUESSES:
            guess = kind(low / 2 + high / 2) if high < np.inf else kind(2 * abs(low) + 1)
            if not low < guess < high:
                return low, high, few
        count, beyond = _at_least(keys, guess)
        if count == wanted:
            return guess, guess, count
        if count > wanted:
            low, enough = guess, count
        else:
            high, few = guess, count
        if step == 0:
            guess = kind(_first_guess(mean, count, beyond, n, wanted))
        elif high == np.inf or low == least:
            guess = kind(mean + 2 * (guess - mean))
        else:
            guess = kind(high - (high - low) * ((wanted - few) / (enough - few)))
        step += 1
    return low, low, enough


@njit(**BARE_INNER)
@no_type_check
def _first_guess(mean, above, beyond, n, wanted):
    """Where the wanted count lies if distances on either side of the mean are exponential."""
    if above > wanted:
        return mean + beyond / above * np.log(above / wanted)
    below = n - above
    return mean - beyond / below * np.log(below / (n - wanted))


@njit(fastmath=FAST, **BARE_INNER)
@no_type_check
def _at_least(keys, value):
    """How many keys are not below a value, and the sum of how far they are above it."""
    count, beyond = np.int32(0), keys.dtype.type(0)
    for i in range(len(keys)):
        above = keys[i] >= value
        count += np.int32(1) if above else np.int32(0)
        beyond += keys[i] - value if above else keys.dtype.type(0)
    return count, beyond
