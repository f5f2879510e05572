"""Legs: the highest and the lowest share of a cross-section, their return and what they trade."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_shape
from intralpha.base.compiling import RAISING
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.days import over_days
from intralpha.evaluation.groups import held_counts
from intralpha.evaluation.order import Ordering
from intralpha.evaluation.rank_pairs import parts_of


@dataclass(frozen=True, eq=False)
class Leg:
    """One side of a test.

    Parameters
    ----------
    ret_D : equal-weight forward return of the names held
    turnover_D : two-sided, without drift; NaN on the first day
    """

    ret_D: Float[ndarray, "D"]
    turnover_D: Float[ndarray, "D"]


def sorted_leg(
    score: Ordering,
    fwd_ret_DA: Float[ndarray, "D A"],
    members_D: Int[ndarray, "D"],
    share: float,
    mask_DA: Bool[ndarray, "D A"],
    top: bool = True,
) -> Leg:
    """Return and turnover of the highest or lowest share of each day, from a finished sort.

    The figures are those of :func:`~intralpha.evaluation.groups.top_weights`,
    :func:`~intralpha.evaluation.groups.weighted_return` and
    :func:`~intralpha.evaluation.turnover.turnover` without any weights written down.

    Parameters
    ----------
    score : sort of :func:`intralpha.evaluation.order.ordering`
    fwd_ret_DA : float64, simple return earned afterwards; a member without one is left out
    members_D : int64, stocks of each day that have a score and are inside the mask
    share : fraction of them held, in (0, 1]
    mask_DA : universe
    top : the highest scores, or the lowest

    Returns
    -------
    Leg
        NaN on a day whose share holds no stock. Spec 17.1, 17.3.

    Raises
    ------
    ArrayFormError, MaskShapeError, ShareError
    """
    check_arrays(score_DA=score.value, fwd_ret_DA=fwd_ret_DA)
    check_shape("fwd_ret_DA", fwd_ret_DA, score.value.shape, "f")
    check_shape("members_D", members_D, score.count.shape, "i")
    check_mask(mask_DA, score.value.shape)
    held = held_counts(mask_DA.shape[1], share)[members_D]
    fwd = np.ascontiguousarray(fwd_ret_DA, np.float64)
    leg = Leg(np.empty(len(fwd)), np.empty(len(fwd)))

    def work(start: int, stop: int) -> None:
        days = (start, stop)
        _leg_days(parts_of(score), fwd, mask_DA, held, top, days, leg.ret_D, leg.turnover_D)

    over_days(work, len(fwd), int(held.sum()))
    return leg


@njit(**RAISING)
@no_type_check
def _leg_days(score, fwd, mask, held, top, days, ret, turnover):
    value, order, count, tied = score
    start, stop = days
    assets = mask.shape[1]
    before = np.zeros(assets)  # weights of the day before, 0 where none is held
    old, new, weight = np.empty(assets, np.int32), np.empty(assets, np.int32), np.empty(assets)
    n_old = 0
    for d in range(max(start - 1, 0), stop):
        if tied[d]:
            n_new = _shared(value[d], order[d], count[d], mask[d], held[d], top, new, weight)
        else:
            n_new = _distinct(order[d], count[d], mask[d], held[d], top, new, weight)
        if d >= start:
            ret[d] = _earned(fwd[d], new, weight, n_new)
            turnover[d] = np.nan
            if n_new > 0 and n_old > 0:
                turnover[d] = _traded(before, old, n_old, new, weight, n_new)
        for k in range(n_old):
            before[old[k]] = 0.0
        for k in range(n_new):
            before[new[k]] = weight[k]
        old, new, n_old = new, old, n_new


@njit(**RAISING)
@no_type_check
def _distinct(order, count, mask, held, top, place, weight):
    """Write places and weights of the held of a day without ties."""
    step = -1 if top else 1
    j = count - 1 if top else 0
    n = 0
    while n < held:
        place[n] = order[j]
        n += mask[order[j]]
        j += step
    weight[:held] = 1.0 / max(held, 1)
    return n


@njit(**RAISING)
@no_type_check
def _shared(value, order, count, mask, held, top, place, weight):
    """Write places and weights of the held; equal values at the edge share what is left."""
    step = -1 if top else 1
    j = count - 1 if top else 0
    n, left = 0, held
    while 0 <= j < count and left > 0:
        level, first, tied = value[order[j]], n, 0
        while 0 <= j < count and value[order[j]] == level:
            if mask[order[j]]:
                place[n] = order[j]
                n += 1
                tied += 1
            j += step
        taken = min(tied, left)
        for k in range(first, n):
            weight[k] = 1.0 / held if taken == tied else taken / tied / held
        left -= taken
    return n


@njit(**RAISING)
@no_type_check
def _earned(fwd, place, weight, n):
    total, known = 0.0, 0.0
    for k in range(n):
        one = fwd[place[k]]
        if abs(one) < np.inf:
            total += weight[k] * one
            known += weight[k]
    return total / known if known > 0.0 else np.nan


@njit(**RAISING)
@no_type_check
def _traded(before, old, n_old, new, weight, n_new):
    """Purchases and sales together; leaves in ``before`` what the caller clears."""
    traded = 0.0
    for k in range(n_new):
        traded += abs(weight[k] - before[new[k]])
        before[new[k]] = 0.0
    for k in range(n_old):
        traded += before[old[k]]
    return traded
