"""The manifest of a lake: every file with checksum, rows and size, replaced in one step."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from types import MappingProxyType

from intralpha.base import DataError
from intralpha.base.mapped import free_bytes
from intralpha.market.partition import table_of

MANIFEST = "manifest.json"
DIGEST_BYTES = 16
WAITS, WAIT_SECONDS = 10, 0.1
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


class ManifestError(DataError):
    """The manifest of a lake cannot be read as one."""

    def __init__(self, path: Path, found: str) -> None:
        self.path, self.found = path, found
        super().__init__(
            f"{path}: found {found}; expected checksum, rows, size and time of every file.\n"
            "Hint: the lake was changed from outside; ingest its sources into a new one."
        )


class DamagedFileError(DataError):
    """A file of a lake is not as long as its manifest says."""

    def __init__(self, path: Path, found: int | None, expected: int) -> None:
        self.path, self.found, self.expected = path, found, expected
        there = "it is missing" if found is None else f"it has {found:,} bytes"
        super().__init__(
            f"{path}: {there}; its manifest says {expected:,}.\n"
            "Hint: `Lake.verify` lists all such files; ingesting their source again heals them."
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
    return FileFacts(checksum_of(path), rows, stat.st_size, stat.st_mtime_ns)


def checksum_of(path: Path) -> str:
    """Checksum (BLAKE2b, 128 bits) of a file; a process makes it once of the same inode, size and
    time.
    """
    stat = path.stat()
    return _checksum(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=2**16)
def _checksum(path: Path, stamp: tuple[int, int, int]) -> str:
    """Checksum of the file with that inode, size and time."""
    del stamp
    return hashed(path)


def hashed(path: Path) -> str:
    """Checksum of a file's bytes as they are now, whatever was known of it."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES))
    return digest.hexdigest()


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
    try:
        for name, facts in sorted(json.loads(path.read_text(encoding="utf-8")).items()):
            if [type(value) for value in facts.values()] != [str, int, int, int]:
                raise ValueError(f"{facts} of {name}")
            tables.setdefault(table_of(name), {})[name] = FileFacts(**facts)
    except (ValueError, AttributeError, TypeError) as error:
        raise ManifestError(path, str(error)) from error
    return tables


def check_sizes(root: Path, files: Mapping[str, FileFacts]) -> None:
    """Refuse files that were cut, replaced or lost since they were written.

    Parameters
    ----------
    root : of the lake
    files : relative path -> what the manifest says of it

    Raises
    ------
    DamagedFileError
        Another length, and no writer at work. The bytes are compared by ``Lake.verify``.
    """
    for name, facts in files.items():
        path = root / name
        if _size(path) == facts.size:
            continue
        now = unlike(root, name, lambda said, path=path: _size(path) == said.size)
        if now is not None:
            raise DamagedFileError(path, _size(path), now.size)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def unlike(root: Path, name: str, is_like: Callable[[FileFacts], bool]) -> FileFacts | None:
    """What the manifest says of a file that is otherwise; None: it is as it says, or not told of.

    A writer replaces files first and the manifest just after: the answer waits for a moment.

    Parameters
    ----------
    root, name : of the lake, and of the file below it
    is_like : whether the file is what the manifest says
    """
    facts = None
    for _ in range(WAITS):
        facts = table_files(root, name.partition("/")[0]).get(name)
        if facts is None or is_like(facts):
            return None
        time.sleep(WAIT_SECONDS)
    return facts


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
        raise LakeWriteError(path, error, free_bytes(path.parent)) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


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
