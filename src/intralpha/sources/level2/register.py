"""Register: finds the orders of stock-days by their ids."""

from typing import no_type_check

import numpy as np
import polars as pl
from numba import njit

from intralpha.base.arrays import ArrayFormError, check_shape, read_only
from intralpha.base.compiling import KERNEL

NOWHERE = -1


class Register:
    """Places of orders in a table, by stock-day and id.

    Parameters
    ----------
    orders : sorted by ``rank`` (the stock-day), with ``id``; of a pair that is there several
        times one is found
    """

    def __init__(self, orders: pl.DataFrame) -> None:
        rank, ids = (read_only(orders[c].to_numpy()) for c in ("rank", "id"))
        days = int(rank[-1]) + 1 if len(rank) else 0
        self._bounds = np.searchsorted(rank, np.arange(days + 1))
        self._order = np.arange(len(ids))
        _sort(ids, self._bounds, self._order)
        self._ids = ids[self._order]

    def repeated(self) -> np.ndarray:
        """Which rows have a pair that is in a row before."""
        same = np.zeros(len(self._ids), bool)
        same[1:] = self._ids[1:] == self._ids[:-1]
        same[self._bounds[:-1][np.diff(self._bounds) > 0]] = False
        out = np.empty_like(same)
        out[self._order] = same
        return out

    def find(self, rank: pl.Series, ids: pl.Series) -> np.ndarray:
        """Place of each order in the table; ``NOWHERE`` if it is not there.

        Parameters
        ----------
        rank, ids : stock-days and ids, equally long

        Raises
        ------
        ArrayFormError
            They are not, or hold something else than whole numbers.
        """
        days, wanted = rank.to_numpy(), ids.to_numpy()
        check_shape("rank", days, (len(wanted),), "iu")
        check_shape("ids", wanted, (None,), "iu")
        if len(days) and days.min() < 0:
            raise ArrayFormError("rank", f"from {days.min()}", "stock-days from 0")
        days, wanted = read_only(days), read_only(wanted)
        found = np.empty(len(ids), np.int64)
        _find(self._ids, self._order, self._bounds, days, wanted, found)
        return found


@njit(**KERNEL)
@no_type_check
def _sort(ids, bounds, order):
    """Places by id inside each stock-day, equal ids in their order; most days are sorted."""
    for d in range(len(bounds) - 1):
        low, high = bounds[d], bounds[d + 1]
        for i in range(low + 1, high):
            if ids[i] < ids[i - 1]:
                order[low:high] = low + np.argsort(ids[low:high], kind="mergesort")
                break


@njit(**KERNEL)
@no_type_check
def _find(ids, order, bounds, rank, wanted, found):
    """Binary search inside each stock-day."""
    for i in range(len(wanted)):
        found[i] = NOWHERE
        if rank[i] + 1 >= len(bounds):
            continue
        low, high = bounds[rank[i]], bounds[rank[i] + 1]
        end = high
        while low < high:
            middle = (low + high) // 2
            if ids[middle] < wanted[i]:
                low = middle + 1
            else:
                high = middle
        if low < end and ids[low] == wanted[i]:
            found[i] = order[low]
