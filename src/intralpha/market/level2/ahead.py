"""Reading ahead: the next block of ticks is read while this one is worked on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from intralpha.market.ticks import Ticks


def ahead(blocks: Iterator[Ticks]) -> Iterator[Ticks]:
    """The same blocks; one more of them is in memory."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = pool.submit(next, blocks, None)
            yield block
