"""Ranks of a cross-section, equal values sharing the mean of their ranks."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import RAISING
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.days import over_days
from intralpha.evaluation.order import ordering


def average_ranks(
    value_DA: Float[ndarray, "D A"], mask_DA: Bool[ndarray, "D A"] | None = None
) -> Float[ndarray, "D A"]:
    """Ranks 1..n of each day's cross-section, equal values share the mean of their ranks.

    Parameters
    ----------
    value_DA : ndarray of float
        What is not finite is absent.
    mask_DA : ndarray of bool, optional
        The universe of each day; default: everything present.

    Returns
    -------
    ndarray of float64
        NaN where absent or outside the mask. Spec 17.1.

    Raises
    ------
    MaskShapeError
        If the mask does not fit the values.

    Examples
    --------
    >>> average_ranks(np.array([[0.3, 0.1, 0.3, np.nan]])).tolist()
    [[2.5, 1.0, 2.5, nan]]
    """
    sorted_ = ordering(value_DA)
    days, assets = value_DA.shape
    mask = as_mask(mask_DA, value_DA)
    out = np.full((days, assets), np.nan)

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop)
        _rank_days(
            sorted_.value[rows],
            sorted_.order[rows],
            sorted_.count[rows],
            mask[rows],
            out[rows],
        )

    over_days(work, days, days * assets)
    return out


def as_mask(
    mask_DA: Bool[ndarray, "D A"] | None, value_DA: Float[ndarray, "D A"]
) -> Bool[ndarray, "D A"]:
    """The given universe as a contiguous array, or everything.

    Raises
    ------
    MaskShapeError
        If the mask is not bool or has another shape than the values.
    """
    check_mask(mask_DA, value_DA.shape)
    if mask_DA is None:
        return np.ones(value_DA.shape, np.bool_)
    return np.ascontiguousarray(mask_DA)


@njit(**RAISING)
@no_type_check
def _rank_days(value, order, count, mask, out):
    for d in range(value.shape[0]):
        ranks_of_day(value[d], order[d], count[d], mask[d], out[d])


@njit(**RAISING)
@no_type_check
def ranks_of_day(value, order, count, keep, rank):
    """Write average ranks 1..n of the kept assets; returns n and the sum of squared ranks.

    Parameters
    ----------
    value : float64, shape [A]
    order : positions of the finite values, ascending, shape [A]
    count : how many of them there are
    keep : bool, shape [A]; only finite values may be kept
    rank : float64, shape [A], written where kept
    """
    n = 0
    squares = 0.0
    j = 0
    while j < count:
        if not keep[order[j]]:
            j += 1
            continue
        level = value[order[j]]
        end = j
        tied = 0
        while end < count and value[order[end]] == level:
            tied += keep[order[end]]
            end += 1
        mean_rank = n + 0.5 * (tied + 1)
        for k in range(j, end):
            if keep[order[k]]:
                rank[order[k]] = mean_rank
        squares += tied * mean_rank * mean_rank
        n += tied
        j = end
    return n, squares
