"""Days are independent: run one piece of work over blocks of days on several threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from intralpha.base import thread_count

SMALL_CELLS = 200_000
BLOCKS_PER_THREAD = 4


def over_days(
    work: Callable[[int, int], None], n_days: int, n_cells: int, most_days: int | None = None
) -> None:
    """Call ``work(start, stop)`` for blocks of days that cover ``range(n_days)`` once.

    Parameters
    ----------
    work : callable
        Writes the results of days ``start`` to ``stop - 1`` into arrays of its own. It runs
        compiled code that releases the interpreter lock. No day may depend on another block's
        result, so the outcome does not depend on the number of threads.
    n_days : int
    n_cells : int
        Days x assets. Below 200,000 cells everything runs in the calling thread.
    most_days : int, optional
        Days of a block at most, for work that reads them several times while they are in cache.

    Notes
    -----
    The number of threads is that of :func:`intralpha.base.thread_count`.
    """
    threads = min(thread_count(), n_days)
    alone = threads <= 1 or n_cells < SMALL_CELLS
    blocks = 1 if alone else min(n_days, threads * BLOCKS_PER_THREAD)
    blocks = blocks if most_days is None else max(blocks, -(-n_days // most_days))
    edges = [n_days * i // blocks for i in range(blocks + 1)]
    if alone:
        for start, stop in pairwise(edges):
            work(start, stop)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
