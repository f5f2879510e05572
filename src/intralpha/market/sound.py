"""Sound: the bytes of a lake's files beside the checksums that its manifest has of them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from intralpha.base import IntralphaError
from intralpha.market.manifest import (
    DamagedFileError,
    FileFacts,
    check_sizes,
    checksum_of,
    read_manifest,
    unlike,
)
from intralpha.market.prints import PrintError
from intralpha.market.schemas import TABLES


def check_bytes(root: Path, files: Mapping[str, FileFacts]) -> None:
    """Refuse files whose bytes are not those that were written.

    Parameters
    ----------
    root : of the lake
    files : relative path -> what the manifest says of it

    Raises
    ------
    DamagedFileError
        A file is gone or has another length.
    PrintError
        Its bytes differ from their checksum, and no writer is at work.

    Notes
    -----
    Reads every file whole, once in a process for as long as the file is the same one.
    """
    check_sizes(root, files)
    for name, facts in files.items():
        path = root / name
        if checksum_of(path) == facts.checksum:
            continue
        now = unlike(root, name, lambda said, path=path: checksum_of(path) == said.checksum)
        if now is not None:
            raise PrintError(path, checksum_of(path), now.checksum)


@contextmanager
def telling_damage(root: Path) -> Iterator[None]:
    """An error while a damaged file of the lake was read becomes one that names the file.

    Looked at are the lengths of all files and, of tables that are not cut by day, the bytes.

    Parameters
    ----------
    root : of the lake that is read meanwhile

    Raises
    ------
    DamagedFileError, PrintError
    """
    try:
        yield
    except (IntralphaError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # Polars panics, too, over bytes that are no Parquet
        files = read_manifest(root)
        try:
            check_sizes(root, files)
            check_bytes(root, {n: f for n, f in files.items() if not _is_of_a_day(n)})
        except (DamagedFileError, PrintError) as damage:
            raise damage from error
        raise


def _is_of_a_day(name: str) -> bool:
    return TABLES[name.partition("/")[0]].partition == "day"


def check_before_merging(root: Path, names: Iterable[str]) -> None:
    """Refuse to merge rows into files that were damaged: they would get a new, valid checksum.

    Parameters
    ----------
    root : of the lake, which this process alone writes
    names : relative paths; a file that is newer than what the manifest says of it was written by a
        process that was killed before it could tell, and is whole

    Raises
    ------
    PrintError
    """
    known: dict[str, FileFacts] | None = None
    for name in names:
        path = root / name
        if not path.is_file():
            continue
        known = read_manifest(root) if known is None else known
        facts, stat = known.get(name), path.stat()
        if facts is None or (facts.size, facts.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
            continue
        found = checksum_of(path)
        if found != facts.checksum:
            raise PrintError(path, found, facts.checksum)
