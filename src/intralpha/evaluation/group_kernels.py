"""Compiled walks over a sorted day: members, ties and the mean return of equal-count groups."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import RAISING


@njit(**RAISING)
@no_type_check
def group_days(score, fwd, mask, days, out):
    """Write the mean forward return of each group for some days.

    Parameters
    ----------
    score : values, order, count and ties of a sort
    fwd, mask : float64 and bool [D, A]
    days : first day and the day after the last
    out : float64 [D, G]; NaN on a day with fewer than G members
    """
    value, order, count, tied = score
    n_groups = out.shape[1]
    total, size = np.empty(n_groups), np.empty(n_groups)
    inside = np.empty(mask.shape[1] + 1, np.int32)
    for d in range(days[0], days[1]):
        out[d] = np.nan
        n = members(value[d], mask[d])
        if n < n_groups:
            continue
        if tied[d]:
            _tied_groups(value[d], order[d], count[d], mask[d], fwd[d], n, total, size)
        else:
            _plain_groups(order[d], count[d], mask[d], fwd[d], n, inside, total, size)
        for group in range(n_groups):
            if size[group] > 0:
                out[d, group] = total[group] / size[group]


@njit(**RAISING)
@no_type_check
def _plain_groups(order, count, mask, fwd, n, inside, total, size):
    """Sums and counts of a day without ties: each group is a run of positions."""
    n_groups = len(total)
    if n < count:
        _compress(order, count, mask, inside)
    places = inside if n < count else order
    for group in range(n_groups):
        begin, end = -(-group * n // n_groups), -(-(group + 1) * n // n_groups)
        total[group], size[group] = sum_at(places, begin, end, fwd)


@njit(**RAISING)
@no_type_check
def _compress(order, count, mask, inside):
    """Write the members of an order, one after the other."""
    n = 0
    for j in range(count):
        inside[n] = order[j]
        n += mask[order[j]]


@njit(**RAISING, fastmath={"reassoc"})
@no_type_check
def sum_at(places, begin, end, values):
    """Sum and number of the finite values at some places.

    Parameters
    ----------
    places : int32, of the values
    begin, end : of the places, the end excluded
    values : float64 [A]
    """
    total, known = 0.0, 0
    for j in range(begin, end):
        one = values[places[j]]
        counts = abs(one) < np.inf
        total += one if counts else 0.0
        known += counts
    return total, known


@njit(**RAISING, fastmath={"reassoc"})
@no_type_check
def universe_day(fwd, value, mask):
    """Sum and number of the universe's finite returns; numbers of values, and of both.

    Parameters
    ----------
    fwd, value : float64 [A], returns and scores of a day
    mask : bool [A], its universe
    """
    total, known, inside, both = 0.0, 0, 0, 0
    for i in range(len(mask)):
        counts = mask[i] & (abs(fwd[i]) < np.inf)
        scored = mask[i] & (abs(value[i]) < np.inf)
        total += fwd[i] if counts else 0.0
        known += counts
        inside += scored
        both += counts & scored
    return total, known, inside, both


@njit(**RAISING)
@no_type_check
def _tied_groups(value, order, count, mask, fwd, n, total, size):
    total[:], size[:] = 0.0, 0.0
    position, j = 0, 0
    while j < count:
        end, tied = tie(value, order, count, mask, j)
        earned, known = 0.0, 0
        for k in range(j, end):
            i = order[k]
            if mask[i] and np.isfinite(fwd[i]):
                earned += fwd[i]
                known += 1
        _share_out(position, tied, n, earned, known, total, size)
        position, j = position + tied, end


@njit(**RAISING)
@no_type_check
def members(value, mask):
    """Number of finite values inside the mask."""
    n = 0
    for i in range(len(mask)):
        n += mask[i] & (abs(value[i]) < np.inf)
    return n


@njit(**RAISING)
@no_type_check
def tie(value, order, count, mask, j):
    """End of the run of equal values that begins at j, and its members inside the mask.

    Parameters
    ----------
    value, mask : float64 and bool [A]
    order, count : places of the finite values, ascending, and their number
    j : where the run begins
    """
    level, end, tied = value[order[j]], j, 0
    while end < count and value[order[end]] == level:
        tied += mask[order[end]]
        end += 1
    return end, tied


@njit(**RAISING)
@no_type_check
def _share_out(position, tied, n, earned, known, total, size):
    """Give each group its part of a tie that fills the positions from one on."""
    if known == 0:
        return
    n_groups = len(total)
    first, last = position * n_groups // n, (position + tied - 1) * n_groups // n
    if first == last:
        total[first] += earned
        size[first] += known
        return
    for group in range(first, last + 1):
        begin = max(position, -(-group * n // n_groups))
        stop = min(position + tied, -(-(group + 1) * n // n_groups))
        part = (stop - begin) / tied
        total[group] += part * earned
        size[group] += part * known
