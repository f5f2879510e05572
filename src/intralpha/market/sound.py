"""Sound: the bytes of a lake's files beside the checksums that its manifest has of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from intralpha.market.manifest import FileFacts, check_sizes, checksum_of, read_manifest, unlike
from intralpha.market.prints import PrintError


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
