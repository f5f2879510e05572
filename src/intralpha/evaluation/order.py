"""Order of a cross-section: one exact, stable sort a day that every rank metric shares.

Ascending by value; among equal values the asset that stands **later** on the axis comes first, so
that a walk from the end meets the highest value first and, among equals, the earlier asset first.

A value is written as the cell that it falls into on an even grid over four deviations about the
day's mean, in the high bits of 32, above the asset's place in the low ones: NumPy sorts such words
several at a time. What shares a cell is then put in order by value. A day whose values crowd into
few cells (one price among thousands, a heavy tail) is sorted on all 64 bits instead, by a
least-significant-digit radix sort.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_places, check_shape
from intralpha.base.compiling import RAISING
from intralpha.evaluation.days import over_days

DIGIT_BITS = 8
DIGITS = 64 // DIGIT_BITS
BUCKETS = 1 << DIGIT_BITS
WORD_BITS = 32
MOST_PLACE_BITS = 16  # more assets than this leave too few bits to the cells
SPREAD = 4.0  # deviations on each side of the mean that the grid covers
MOVES = 8  # places an asset may move on average before the day is sorted on all bits
BLOCK_DAYS = 32
ABSENT = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Ordering:
    """Each day's assets in ascending order of a value.

    Parameters
    ----------
    value : ndarray of float64, shape [D, A]
        The values; the array that was sorted where that is contiguous float64.
    order : ndarray of int32, shape [D, A]
        Positions of the finite values, ascending; the first ``count[d]`` entries of row d count.
    count : ndarray of int64, shape [D]
        Number of finite values a day.
    tied : ndarray of bool, shape [D]
        Whether two of the day's values are equal.
    """

    value: Float[ndarray, "D A"]
    order: Int[ndarray, "D A"]
    count: Int[ndarray, "D"]
    tied: Bool[ndarray, "D"]

    def __post_init__(self) -> None:
        check_arrays(value=self.value, order=self.order)
        check_shape("order", self.order, self.value.shape, "iu")
        check_places("count", self.count, self.value.shape[1] + 1)
        check_shape("count", self.count, self.value.shape[:1], "iu")
        check_shape("tied", self.tied, self.value.shape[:1], "b")

    def rows(self, days: slice) -> "Ordering":
        """Some of its days, in the same memory."""
        return Ordering(self.value[days], self.order[days], self.count[days], self.tied[days])


def ordering(value_DA: Float[ndarray, "D A"]) -> Ordering:
    """Sort every day; what is not finite is absent.

    Raises
    ------
    ArrayFormError
        If the values are not an array of real numbers [D, A].

    Notes
    -----
    Peak memory 4 bytes a cell beside the input, plus 8 if the input is not contiguous float64.
    """
    out = empty_ordering(value_DA)

    def work(start: int, stop: int) -> None:
        sort_days(out.rows(slice(start, stop)))

    over_days(work, len(out.value), out.value.size, BLOCK_DAYS)
    return out


def empty_ordering(value_DA: Float[ndarray, "D A"]) -> Ordering:
    """Room for a sort that :func:`sort_days` has still to write.

    Raises
    ------
    ArrayFormError
        If the values are not an array of real numbers [D, A].
    """
    check_arrays(value_DA=value_DA)
    value = np.ascontiguousarray(value_DA, dtype=np.float64)
    days = len(value)
    return Ordering(
        value, np.zeros(value.shape, np.int32), np.zeros(days, np.int64), np.zeros(days, np.bool_)
    )


def sort_days(room: Ordering) -> None:
    """Write order, count and ties of every day."""
    value_DA, order_DA, count_D, tied_D = room.value, room.order, room.count, room.tied
    bits = max(int(value_DA.shape[1] - 1).bit_length(), 1)
    if bits > MOST_PLACE_BITS:
        crowded = np.ones(len(value_DA), np.bool_)
    else:
        word = np.empty(value_DA.shape, np.uint32)
        _write_words(value_DA, bits, word, count_D)
        word.sort(axis=1)
        crowded = np.empty(len(value_DA), np.bool_)
        _settle_days(value_DA, word, bits, count_D, order_DA, tied_D, crowded)
    if crowded.any():
        _radix_days(value_DA, crowded, order_DA, count_D, tied_D)


@njit(**RAISING, fastmath={"reassoc"})
@no_type_check
def _centre(value):
    """Number, mean and deviation of the finite values; they only choose the grid of a sort."""
    n, total, squares = 0, 0.0, 0.0
    for i in range(len(value)):
        known = abs(value[i]) < np.inf
        kept = value[i] if known else 0.0
        n += known
        total += kept
        squares += kept * kept
    mean = total / max(n, 1)
    return n, mean, np.sqrt(max(squares / max(n, 1) - mean * mean, 0.0))


@njit(**RAISING)
@no_type_check
def _write_words(value, bits, word, count):
    days, assets = value.shape
    cells = (1 << (WORD_BITS - bits)) - 2
    for d in range(days):
        n, mean, deviation = _centre(value[d])
        count[d] = n
        low = mean - SPREAD * deviation
        scale = cells / (2.0 * SPREAD * deviation) if deviation > 0.0 else 0.0
        if not (abs(low) < np.inf and scale < np.inf):
            low, scale = 0.0, 0.0
        for i in range(assets):
            cell = (value[d, i] - low) * scale
            cell = min(max(cell, 0.0), float(cells)) if abs(value[d, i]) < np.inf else 0.0
            packed = (np.uint32(cell) << np.uint32(bits)) | np.uint32(assets - 1 - i)
            word[d, i] = packed if abs(value[d, i]) < np.inf else ABSENT


@njit(**RAISING)
@no_type_check
def _settle_days(value, word, bits, count, order, tied, crowded):
    """Places of sorted words; what shares a cell is put in order by its value."""
    for d in range(len(value)):
        crowded[d], tied[d] = _settle(value[d], word[d], bits, order[d], count[d])


@njit(**RAISING)
@no_type_check
def _settle(value, word, bits, order, n):
    """Insertion sort of words that are nearly in order; whether it gave up, and whether any tie."""
    last_place = np.int32(len(value) - 1)
    places = np.uint32((1 << bits) - 1)
    budget, before, equal = MOVES * n, -np.inf, False
    for j in range(n):
        place = last_place - np.int32(word[j] & places)
        one = value[place]
        if one >= before:
            order[j] = place
            equal |= one == before
            before = one
            continue
        k = j
        while k > 0 and value[order[k - 1]] > one:
            order[k] = order[k - 1]
            k -= 1
        order[k] = place
        equal |= k > 0 and value[order[k - 1]] == one
        budget -= j - k
        if budget < 0:
            return True, equal
    return False, equal


@njit(**RAISING)
@no_type_check
def _radix_days(value, chosen, order, count, tied):
    days, assets = value.shape
    keys = np.empty((2, assets), np.uint64)
    index = np.empty((2, assets), np.int32)
    whole = np.empty(assets)
    bits = whole.view(np.uint64)
    for d in range(days):
        if not chosen[d]:
            continue
        whole[:] = value[d] + 0.0  # -0.0 becomes 0.0
        n = _collect(whole, bits, keys[0], index[0])
        side = _radix_sort(keys, index, n)
        order[d, :n] = index[side, :n]
        count[d] = n
        equal = False
        for j in range(1, n):
            equal |= keys[side, j] == keys[side, j - 1]
        tied[d] = equal


@njit(**RAISING)
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


@njit(**RAISING)
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
