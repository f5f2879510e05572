"""only_one: of several processes that would make the same thing, one does, the others wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock that no other process holds meanwhile; it falls with the process.

    Parameters
    ----------
    path : of a file beside what is made, in a folder that is there or can be made
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
