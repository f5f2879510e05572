"""Stocks of a block shared out to threads, in parts of about as many rows each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from intralpha.base import thread_count

PARTS_A_THREAD = 4


def over_stocks(
    bounds: Int64[ndarray, "edges"], work: Callable[[int, int], None], threads: int | None = None
) -> None:
    """Call ``work(first, last)`` for ranges of stocks that cover all of them, on threads.

    Parameters
    ----------
    bounds : where the rows of a stock begin; the last is the number of rows
    work : does the stocks ``first`` to ``last`` (not included); must not depend on the cut
    threads : default: :func:`~intralpha.base.thread_count`
    """
    threads = threads or thread_count()
    stocks = len(bounds) - 1
    parts = min(stocks, threads * PARTS_A_THREAD if threads > 1 else 1)
    wanted = np.linspace(0, bounds[-1], parts + 1)[1:-1]
    edges = np.unique([0, *np.searchsorted(bounds, wanted), stocks])
    ranges = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    if threads == 1 or len(ranges) < 2:
        for first, last in ranges:
            work(first, last)
        return
    with ThreadPoolExecutor(min(threads, len(ranges))) as pool:
        list(pool.map(lambda ends: work(*ends), ranges))
