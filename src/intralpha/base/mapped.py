"""Mapped: an array in a file, all of whose room on the disk is taken before it is written; and how
much room there is.
"""

import os
from pathlib import Path

import numpy as np


def mapped(path: Path, shape: tuple[int, ...], dtype: np.dtype | type) -> np.memmap:
    """A new array in a ``.npy`` file, to be filled.

    Parameters
    ----------
    path : of the file, which is made or written over
    shape, dtype : of the array, zeros at first

    Raises
    ------
    OSError
        The disk is full. Without its room, the process would be killed (SIGBUS) by the write that
        finds no more, wherever that is.
    """
    values = np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)
    with path.open("r+b") as handle:
        os.posix_fallocate(handle.fileno(), 0, os.fstat(handle.fileno()).st_size)
    return values


def free_bytes(folder: Path) -> int:
    """Room on the disk that a folder is on, or would be.

    Parameters
    ----------
    folder : which may not be there yet
    """
    while not folder.exists():
        folder = folder.parent
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize
