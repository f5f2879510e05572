"""Turns: of several processes that would make the same slices, one does, the others wait for it."""

import fcntl
import hashlib
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
FLOCK = "hhqqi"  # kind, whence, start, length and process of a lock, as fcntl(2) has them


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


def holder(root: Path, key: str) -> int | None:
    """Number of the process that holds a key, on this machine; None if no other does.

    Parameters
    ----------
    root : of the store; its file of locks is read and not touched
    key : as of :func:`in_turn`
    """
    path = root / LOCK
    if not path.is_file():
        return None
    asked = struct.pack(FLOCK, fcntl.F_WRLCK, 0, _place(key), 1, 0)
    with path.open("rb") as handle:
        kind, *_, process = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else process


def _place(key: str) -> int:
    """The byte of the file, which need not be there, that stands for a key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest(), "big")
