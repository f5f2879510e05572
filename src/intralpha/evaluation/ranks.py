"""Order of a cross-section: one exact, stable sort a day that every rank metric shares.

The sort is a least-significant-digit radix sort on the bits of float64. Ascending by value; among
equal values the asset that stands **later** on the axis comes first, so that a walk from the end
meets the highest value first and, among equals, the earlier asset first.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_places, check_shape
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.days import over_days

DIGIT_BITS = 8
DIGITS = 64 // DIGIT_BITS
BUCKETS = 1 << DIGIT_BITS


@dataclass(frozen=True, eq=False)
class Ordering:
    """Each day's assets in ascending order of a value.

    Parameters
    ----------
    value : ndarray of float64, shape [D, A]
        The values, ``-0.0`` written as ``0.0``.
    order : ndarray of int32, shape [D, A]
        Positions of the finite values, ascending; the first ``count[d]`` entries of row d count.
    count : ndarray of int64, shape [D]
        Number of finite values a day.
    """

    value: Float[ndarray, "D A"]
    order: Int[ndarray, "D A"]
    count: Int[ndarray, "D"]

    def __post_init__(self) -> None:
        check_arrays(value=self.value, order=self.order)
        check_shape("order", self.order, self.value.shape, "iu")
        check_places("count", self.count, self.value.shape[1] + 1)
        check_shape("count", self.count, self.value.shape[:1], "iu")


def ordering(value_DA: Float[ndarray, "D A"]) -> Ordering:
    """Sort every day; what is not finite is absent.

    Raises
    ------
    ArrayFormError
        If the values are not an array of real numbers [D, A].

    Notes
    -----
    Peak memory 12 bytes a cell beside the input, plus 8 if the input is not contiguous float64.
    """
    check_arrays(value_DA=value_DA)
    days, assets = value_DA.shape
    value = np.empty((days, assets), np.float64)
    order = np.empty((days, assets), np.int32)
    count = np.empty(days, np.int64)

    def work(start: int, stop: int) -> None:
        np.add(value_DA[start:stop], 0.0, out=value[start:stop])
        _order_days(value[start:stop], order[start:stop], count[start:stop])

    over_days(work, days, days * assets)
    return Ordering(value, order, count)


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


@njit(cache=True, nogil=True)
@no_type_check
def _order_days(value, order, count):
    days, assets = value.shape
    keys = np.empty((2, assets), np.uint64)
    index = np.empty((2, assets), np.int32)
    bits = value.view(np.uint64)
    for d in range(days):
        n = _collect(value[d], bits[d], keys[0], index[0])
        side = _radix_sort(keys, index, n)
        order[d, :n] = index[side, :n]
        count[d] = n


@njit(cache=True, nogil=True)
@no_type_check
def _collect(value, bits, key, index):
    """Finite values from the last asset to the first, as integers that sort like the floats."""
    sign = np.uint64(1) << np.uint64(63)
    n = 0
    for i in range(len(value) - 1, -1, -1):
        if np.isfinite(value[i]):
            word = bits[i]
            key[n] = ~word if word & sign else word | sign
            index[n] = i
            n += 1
    return n


@njit(cache=True, nogil=True)
@no_type_check
def _radix_sort(keys, index, n):
    """Stable sort of the first n keys and their index; returns which of the two rows holds it."""
    histogram = np.zeros((DIGITS, BUCKETS), np.int32)
    low = np.uint64(BUCKETS - 1)
    for j in range(n):
        word = keys[0, j]
        for digit in range(DIGITS):
            histogram[digit, (word >> np.uint64(digit * DIGIT_BITS)) & low] += 1
    side = 0
    for digit in range(DIGITS):
        shift = np.uint64(digit * DIGIT_BITS)
        place = histogram[digit]
        if n == 0 or place[(keys[side, 0] >> shift) & low] == n:
            continue
        total = 0
        for bucket in range(BUCKETS):
            size = place[bucket]
            place[bucket] = total
            total += size
        for j in range(n):
            word = keys[side, j]
            to = place[(word >> shift) & low]
            place[(word >> shift) & low] = to + 1
            keys[1 - side, to] = word
            index[1 - side, to] = index[side, j]
        side = 1 - side
    return side


@njit(cache=True, nogil=True)
@no_type_check
def _rank_days(value, order, count, mask, out):
    for d in range(value.shape[0]):
        ranks_of_day(value[d], order[d], count[d], mask[d], out[d])


@njit(cache=True, nogil=True)
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
