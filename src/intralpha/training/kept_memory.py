"""Kept memory: what one step of a training frees is there for the next."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Parameters of glibc's mallopt, and what they are outside of the block: where its own rule, which
# the first call of mallopt switches off, ends up with large arrays.
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
NEVER, LARGEST, MOST = -1, 32 << 20, 65_536


@contextmanager
def memory_kept() -> Iterator[None]:
    """Inside the block memory that is freed stays with the process; after it goes back.

    The states of a layer of a whole market's batch are larger than 32 MiB. Each such array is asked
    of the system anew, which fills its pages with zeros, and goes back at the end of the step: a
    third of the time of a step of some networks. The peak of the memory is the same. Another
    allocator than glibc's does as it always does.
    """
    allocator = _glibc()
    if allocator is None:
        yield
        return
    allocator.mallopt(MMAP_MAX, 0)
    allocator.mallopt(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        allocator.mallopt(MMAP_MAX, MOST)
        allocator.mallopt(MMAP_THRESHOLD, LARGEST)
        allocator.mallopt(TRIM_THRESHOLD, 2 * LARGEST)
        allocator.malloc_trim(0)


def _glibc() -> Any:
    """The allocator of this process if it can be told, else None."""
    process = ctypes.CDLL(None)
    return process if hasattr(process, "mallopt") and hasattr(process, "malloc_trim") else None
