"""Reading ahead: the next piece of work is read while this one is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Piece = TypeVar("Piece")


@contextmanager
def readers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that read ahead; leaving does not wait for what nobody will take.

    Whoever is stopped by Ctrl-C would wait here for a piece, and a second Ctrl-C would end the wait
    inside a generator that is being closed, where Python can only print it.
    """
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def ahead(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same pieces; one more of them is in memory."""
    with readers(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece
