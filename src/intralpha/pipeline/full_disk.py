"""Full disk: a write that the file system refuses, told in an error of ours."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intralpha.base import DataError
from intralpha.base.mapped import free_bytes

REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
# Libraries that write by themselves keep the words of the system and lose the number; NumPy counts.
WORDS = (*(os.strerror(number) for number in REFUSALS), " requested and ")


class StoreWriteError(DataError):
    """Something could not be written; what was finished before is complete."""

    def __init__(self, root: Path, error: Exception, free_bytes: int) -> None:
        self.root, self.why, self.free_bytes = root, str(error), free_bytes
        super().__init__(
            f"could not write under {root}: {error} ({free_bytes / 2**20:,.0f} MiB free).\n"
            "What was finished is kept.\n"
            "Hint: free space (`intralpha gc` deletes what no run needs) and run the same command "
            "again."
        )


@contextmanager
def telling(root: Path) -> Iterator[None]:
    """Raise what a file system refuses inside the block as an error of ours.

    Parameters
    ----------
    root : where is written

    Raises
    ------
    StoreWriteError
        The disk or a quota is full, the file system is for reading only, or it failed. Another
        error stays what it is.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DataError) or not _refused(error):
            raise
        raise StoreWriteError(root, error, free_bytes(root)) from error


def _refused(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in REFUSALS
    return any(words in str(error) for words in WORDS)
