"""The manifest of a lake: every file with checksum, rows and size, replaced in one step."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from types import MappingProxyType

from intralpha.base import DataError

MANIFEST = "manifest.json"
DIGEST_BYTES = 16
# Two writers of one process must not share a temporary file.
_NUMBERS = count()


class LakeBusyError(DataError):
    """Another process is writing the lake."""

    def __init__(self, root: Path, waited_seconds: float) -> None:
        self.root, self.waited_seconds = root, waited_seconds
        super().__init__(
            f"another process has been writing {root} for over {waited_seconds:.0f} s.\n"
            "Hint: wait for it; readers need not wait."
        )


class LakeWriteError(DataError):
    """A file of the lake could not be written; the lake is as it was before."""

    def __init__(self, path: Path, error: OSError, free_bytes: int) -> None:
        self.path, self.errno, self.free_bytes = path, error.errno, free_bytes
        super().__init__(
            f"could not write {path}: {error.strerror} ({free_bytes / 2**20:,.0f} MiB free).\n"
            "Nothing was changed. Hint: free space and run the same command again."
        )


@dataclass(frozen=True)
class FileFacts:
    """What the manifest knows of one file.

    Attributes
    ----------
    checksum : of its bytes, BLAKE2b, 128 bits, hexadecimal
    rows : how many it holds
    size : bytes
    mtime_ns : time of its last change, ns since 1970
    """

    checksum: str
    rows: int
    size: int
    mtime_ns: int


def file_facts(path: Path, rows: int) -> FileFacts:
    """Checksum (BLAKE2b, 128 bits), size and time of a file."""
    stat = path.stat()
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES))
    return FileFacts(digest.hexdigest(), rows, stat.st_size, stat.st_mtime_ns)


def read_manifest(root: Path) -> dict[str, FileFacts]:
    """Relative path -> facts, a dictionary of the caller's own; empty for a new lake."""
    return {name: facts for files in _state(root).values() for name, facts in files.items()}


def table_files(root: Path, table: str) -> Mapping[str, FileFacts]:
    """Relative path -> facts of a table's files, in the order of their names."""
    return MappingProxyType(_state(root).get(table, {}))


def _state(root: Path) -> dict[str, dict[str, FileFacts]]:
    """Files of every table as they are now; the manifest is read again when it was replaced."""
    path = root / MANIFEST
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    return _parsed(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=8)
def _parsed(path: Path, stamp: tuple[int, int, int]) -> dict[str, dict[str, FileFacts]]:
    """The manifest with that inode, size and time."""
    del stamp
    tables: dict[str, dict[str, FileFacts]] = {}
    for name, facts in sorted(json.loads(path.read_text()).items()):
        tables.setdefault(name.split("/")[0], {})[name] = FileFacts(**facts)
    return tables


def write_manifest(root: Path, files: dict[str, FileFacts]) -> None:
    """Replace the manifest in one step."""
    text = "{\n" + ",\n".join(_line(name, files[name]) for name in sorted(files)) + "\n}"
    with replacing(root / MANIFEST) as partial:
        partial.write_text(text)


@lru_cache(maxsize=2**16)
def _line(name: str, facts: FileFacts) -> str:
    """One line a file; every append writes those of all files, and most are as they were."""
    return f"{json.dumps(name)}: {json.dumps(vars(facts))}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the name ``path`` when the block succeeds.

    A reader sees the old file or the new one, never half of one.

    Raises
    ------
    LakeWriteError
        On any failure of the file system; the temporary file is removed.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{next(_NUMBERS)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise LakeWriteError(path, error, _free_bytes(path.parent)) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


@contextmanager
def writer_lock(root: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the right to write; readers are never held up.

    Raises
    ------
    LakeBusyError
        If another writer keeps it for longer than ``wait_seconds``.
    """
    with (root / ".lock").open("a") as handle:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LakeBusyError(root, wait_seconds) from None
                time.sleep(0.05)
        yield
