"""Turns: of several processes that would make the same slices, one does, the others wait for it."""

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


@contextmanager
def in_turn(root: Path, keys: Iterable[str]) -> Iterator[None]:
    """Hold some keys that no other process holds meanwhile; they fall with the process.

    Parameters
    ----------
    root : of the store, made if absent; one file in it serves all keys
    keys : what is made; taken in one order by all, so that no two wait for each other

    Notes
    -----
    Not to be nested: the inner one would let go what the outer one holds.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("ab") as handle:
        for place in sorted({_place(key) for key in keys}):
            fcntl.lockf(handle, fcntl.LOCK_EX, 1, place)
        yield


def _place(key: str) -> int:
    """The byte of the file, which need not be there, that stands for a key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest(), "big")
