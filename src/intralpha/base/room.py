"""Room: memory for large arrays that come and go by the hundred, asked of the system but once.

A system hands out pages of zeros, which takes longer than to copy windows into them. What nobody
holds any longer is given to the next array that fits in.
"""

import math
import mmap
import weakref
from threading import Lock

import numpy as np
from numpy import ndarray

ALIGNED = 64  # bytes; where torch lets its own arrays begin
LARGE = 1 << 20  # bytes from which memory is kept
KEPT = 2  # pieces of memory that wait: one is filled while another is read

_lock = Lock()
_free: list[mmap.mmap] = []


def aligned_empty(*shape: int) -> ndarray:
    """A float32 array, not filled, that begins where torch would let it: it needs no copy there.

    Parameters
    ----------
    *shape : length of each axis

    Notes
    -----
    Memory of a megabyte and more is kept when the array and all of its views, torch's too, are
    gone: two pieces at most wait in a process.
    """
    size = 4 * math.prod(shape)
    if size < LARGE:
        memory = np.empty(size + ALIGNED, np.uint8)
        start = -memory.ctypes.data % ALIGNED
        return memory[start : start + size].view(np.float32).reshape(shape)
    held = _taken(size)
    whole = np.frombuffer(held, np.uint8)
    weakref.finalize(whole, _give_back, held).atexit = False
    return whole[:size].view(np.float32).reshape(shape)


def is_aligned(array: ndarray) -> bool:
    """Whether an array begins where torch would let it, side by side and free to be written."""
    flags = array.flags
    return bool(array.ctypes.data % ALIGNED == 0 and flags.c_contiguous and flags.writeable)


def _taken(size: int) -> mmap.mmap:
    """The smallest memory that waits and is large enough, but not twice as large; else new one."""
    with _lock:
        fit = [held for held in _free if size <= len(held) < 2 * size]
        if fit:
            held = min(fit, key=len)
            _free.remove(held)
            return held
    held = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # of no child's
    if hasattr(mmap, "MADV_HUGEPAGE"):
        held.madvise(mmap.MADV_HUGEPAGE)
    return held


def _give_back(held: mmap.mmap) -> None:
    """Keep memory that nobody holds any longer; the oldest that waits goes."""
    with _lock:
        _free.append(held)
        del _free[:-KEPT]
