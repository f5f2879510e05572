"""Continuous trading: which ticks came in it, and where those of a stock begin [Spec 2.1]."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Int64
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_shape
from intralpha.features.engine.compiling import INNER, KERNEL
from intralpha.market import Ticks
from intralpha.market.hours import AFTERNOON_MS, LUNCH_MS, MORNING_MS
from intralpha.market.stock_parts import over_stocks

NO_MARKS = np.zeros(0, np.bool_)


def continuous_bounds(
    ticks: Ticks, ends: Int64[ndarray, "A"], dropped: Bool[ndarray, "N"]
) -> Int64[ndarray, "edges"]:
    """Where the rows of continuous trading of a stock begin, those dropped left out.

    Parameters
    ----------
    ticks : with ``time``
    ends : int64 [A], of :func:`~intralpha.market.closing.continuous_until`
    dropped : bool [N], rows that do not count; or empty

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.
    """
    check_shape("ends", ends, (len(ticks.symbols),), "iu")
    check_shape("dropped", dropped, (len(ticks) if np.size(dropped) else 0,), "b")
    time, kept = ticks["time"], np.zeros(len(ends), np.int64)

    def count(first: int, last: int) -> None:
        _count(time, dropped, ticks.bounds, ends, first, last, kept)

    over_stocks(ticks.bounds, count)
    return begins(kept)


def begins(kept: Int64[ndarray, "A"]) -> Int64[ndarray, "edges"]:
    """Where the rows of a stock begin, if it has so many; the last is their number."""
    return np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)


@njit(**INNER)
@no_type_check
def is_continuous(time, end):
    """Whether a time lies in continuous trading that ends at ``end``."""
    return MORNING_MS <= time <= end and not LUNCH_MS < time < AFTERNOON_MS


@njit(**KERNEL)
@no_type_check
def _count(time, dropped, bounds, ends, first, last, kept):
    for s in range(first, last):
        for i in range(bounds[s], bounds[s + 1]):
            if is_continuous(time[i], ends[s]) and not (len(dropped) and dropped[i]):
                kept[s] += 1
