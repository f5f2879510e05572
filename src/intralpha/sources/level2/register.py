"""Register: finds the orders of stock-days by their ids."""

from typing import no_type_check

import numpy as np
import polars as pl
from numba import njit

NOWHERE = -1


class Register:
    """Places of orders in a table, by stock-day and id.

    Parameters
    ----------
    orders : sorted by ``rank`` (the stock-day), with ``id``; each pair once
    """

    def __init__(self, orders: pl.DataFrame) -> None:
        rank, ids = (orders[c].to_numpy() for c in ("rank", "id"))
        self._order = np.lexsort((ids, rank))
        self._ids = ids[self._order]
        days = int(rank[-1]) + 1 if len(rank) else 0
        self._bounds = np.searchsorted(rank, np.arange(days + 1))

    def find(self, rank: pl.Series, ids: pl.Series) -> np.ndarray:
        """Place of each order in the table; ``NOWHERE`` if it is not there.

        Parameters
        ----------
        rank, ids : stock-days and ids, equally long
        """
        found = np.empty(len(ids), np.int64)
        _find(self._ids, self._order, self._bounds, rank.to_numpy(), ids.to_numpy(), found)
        return found


@njit(cache=True, nogil=True, error_model="numpy")
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
