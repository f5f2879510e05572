"""Reading ahead: the next piece of work is read while this one is worked on."""

from collections.abc import Generator, Iterator
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


@contextmanager
def closed(pieces: Iterator[Piece]) -> Iterator[Iterator[Piece]]:
    """The same pieces, which end with the block.

    A generator that is left to be collected is closed at that moment, and a Ctrl-C that comes then
    is printed by Python and lost; here it is raised like any other.
    """
    try:
        yield pieces
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def ahead(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same pieces; one more of them is in memory."""
    with readers(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece
