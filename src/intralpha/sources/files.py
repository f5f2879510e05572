"""Files of a vendor: a folder, a glob, one file, or the members of a zip or tar archive."""

import gzip
import hashlib
import io
import logging
import lzma
import os
import re
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

import pyarrow as pa

from intralpha.base import ConfigError
from intralpha.sources.source import SourceError

log = logging.getLogger(__name__)

ARCHIVES = (".zip", ".tar", ".tar.xz", ".tar.gz", ".tgz")
PACKED = {".tar.xz": lzma.open, ".tar.gz": gzip.open, ".tgz": gzip.open}
SINGLE = (".gz", ".zst")  # endings of one packed file
Entry = TypeVar("Entry")
PIECE = 1 << 20  # bytes that are unpacked at once
# What the libraries of archives raise on bytes that they do not understand. ValueError and its
# kind (UnicodeDecodeError, OverflowError) come of numbers and names that damage has changed.
DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile),
    *(lzma.LZMAError, zlib.error, EOFError, OSError),
    *(struct.error, ValueError, OverflowError, KeyError, IndexError),
)
# Archives that may be whole, written in a way that the libraries do not read: other versions and
# methods of compression, and passwords (RuntimeError, of which NotImplementedError is a kind).
UNREAD = (RuntimeError,)


# What to do with files whose names end so, where none fits the pattern.
CURES = {
    (".parquet", ".pq"): "`format: parquet` in the mapping reads Parquet",
    (".csv", ".txt"): '`pattern: "*{}"` in the mapping takes them',
    (".xlsx", ".xls", ".h5", ".hdf5", ".feather", ".pkl", ".pickle"): "save them as csv or Parquet",
    (
        ".7z",
        ".rar",
        *ARCHIVES,
    ): "unpack them; .zip and tar archives in a folder are opened, those in an archive are not",
}
CHECK = "check the path, and variables such as ${NAME}"


class PathError(ConfigError):
    """A path of a source leads nowhere."""

    def __init__(self, path: str, why: str, hint: str = CHECK) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}.\nHint: {hint}.")


def no_file_fits(path: str, patterns: str, others: Sequence[str]) -> PathError:
    """The error where no file fits, which says what there is and what would take it.

    Parameters
    ----------
    path : that was searched
    patterns : that did not fit
    others : names of the files there
    """
    if not others:
        return PathError(path, f"no file fits {patterns}")
    first = others[0].lower()
    cures = (cure for ends, cure in CURES.items() if first.endswith(ends))
    cure = next(cures, CHECK).replace("{}", first[first.rfind(".") :])
    found = f"no file fits {patterns}, of {len(others):,} files, the first {others[0]}"
    return PathError(path, found, cure)


def no_data(name: str) -> bool:
    """Whether a file is none of a vendor's: hidden, an open document's lock, a Mac's shadow."""
    parts = name.split("/")
    shadow = any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in parts
    )
    return shadow or parts[-1].startswith("~$")


def locate(path: str) -> Path:
    """The path with environment variables expanded.

    Raises
    ------
    PathError
        A variable is not set, or nothing is there.
    """
    missing = [v for v in re.findall(r"\$\{(\w+)\}", path) if v not in os.environ]
    if missing:
        raise PathError(path, f"environment variable {', '.join(missing)} is not set")
    found = Path(os.path.expandvars(path)).expanduser()
    if not found.exists() and not any(found.parent.glob(found.name)):
        raise PathError(str(found), "no such file or folder")
    return found


def folder_name(path: str) -> str:
    """The last two folders of a path, which may name an exchange, such as ``sh/lday``."""
    root = locate(path).absolute()
    folder = root if root.is_dir() else root.parent
    return f"{folder.parent.name}/{folder.name}"


def members(path: str, pattern: str = "*") -> Iterator[tuple[str, bytes]]:
    """Name and content of every file whose name or path fits the pattern, one at a time.

    Parameters
    ----------
    path : file, folder (searched in depth; where nothing in it fits, so are its archives), glob (of
        archives too), or archive
    pattern : shell pattern on the file's name, or on its path if it holds a slash; capitals or not,
        and a packed file also fits by the name that it has unpacked

    Yields
    ------
    name, content : unpacked where the name ends in ``.gz`` or ``.zst``. How many files do not fit
        is logged at the end.

    Raises
    ------
    PathError
        Nothing there, or nothing fits the pattern.
    SourceError
        The archive or a packed file is damaged.
    """
    root = locate(path)
    others: list[str] = []
    try:
        yield from _fitting(root, pattern, _walk(root), others)
    except PathError:
        if not root.is_dir() or not any(name.endswith(ARCHIVES) for name in others):
            raise
        yield from _fitting(root, pattern, _inside(root), others)
    if others:
        log.info(
            "%s: %d of its files, the first %s, do not fit %r and are not read",
            *(root, len(others), others[0], pattern),
        )


@contextmanager
def reading(path: str) -> Iterator[Callable[[str], Iterator[tuple[str, bytes]]]]:
    """:func:`members` of a path for patterns one after the other, its archive unpacked once.

    A tar that is packed goes to a temporary file, as large as its content, while the block lasts.

    Raises
    ------
    SourceError
        The archive is damaged.
    """
    root = locate(path)
    if not root.is_file() or not root.name.endswith(tuple(PACKED)):
        yield lambda pattern: _fitting(root, pattern, _walk(root))
        return
    with TemporaryFile() as plain:
        try:
            with PACKED[_ending(root)](root) as packed:
                shutil.copyfileobj(packed, plain, PIECE)
            plain.seek(0)
            archive = tarfile.open(fileobj=plain, mode="r:")  # noqa: SIM115
        except (*DAMAGE, *UNREAD) as error:
            raise unreadable(str(root), error) from error
        with archive:
            yield lambda pattern: _fitting(root, pattern, sound(root, _entries(archive)))


def _ending(root: Path) -> str:
    return next(end for end in PACKED if root.name.endswith(end))


def _fitting(
    root: Path,
    pattern: str,
    files: Iterator[tuple[str, Callable[[], bytes]]],
    others: list[str] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Those of the files whose name or path fits a pattern, unpacked; at least one.

    ``others`` gets the names of those that do not fit.
    """
    count, left = 0, [] if others is None else others
    for name, content in files:
        if no_data(name) and name != root.name:
            continue
        if _fits(name, pattern):
            count += 1
            yield name, _unpacked(name, content)
        else:
            left.append(name)
    if not count:
        raise no_file_fits(str(root), repr(pattern), left)


def _fits(name: str, pattern: str) -> bool:
    shown = (name if "/" in pattern else name.rsplit("/", 1)[-1]).lower()
    plain = next((shown.removesuffix(end) for end in SINGLE if shown.endswith(end)), shown)
    return any(fnmatchcase(one, pattern.lower()) for one in (shown, plain))


def _unpacked(name: str, content: Callable[[], bytes]) -> bytes:
    try:
        if name.lower().endswith(".gz"):
            return gzip.decompress(content())
        if name.lower().endswith(".zst"):
            return pa.input_stream(io.BytesIO(content()), compression="zstd").read()
        return content()
    except (*DAMAGE, *UNREAD) as error:
        raise unreadable(name, error, "content") from error


def fingerprint(path: str) -> str:
    """Hash of names, sizes and times of the files behind a path."""
    root = locate(path)
    files = sorted(root.rglob("*")) if root.is_dir() else sorted(root.parent.glob(root.name))
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _walk(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if root.is_dir():
        for file in sorted(p for p in root.rglob("*") if p.is_file()):
            yield str(file.relative_to(root)), file.read_bytes
    elif not root.exists():
        for file in sorted(root.parent.glob(root.name)):
            if file.name.endswith(ARCHIVES):
                yield from _of_archive(file, f"{file.name}/")
            else:
                yield file.name, file.read_bytes
    elif root.name.endswith(ARCHIVES):
        yield from _of_archive(root)
    else:
        yield root.name, root.read_bytes


def _inside(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The files in the archives of a folder."""
    for file in sorted(p for p in root.rglob("*") if p.name.endswith(ARCHIVES)):
        yield from _of_archive(file, f"{file.relative_to(root)}/")


def _of_archive(file: Path, before: str = "") -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name, content in sound(file, _zip(file) if file.suffix == ".zip" else _tar(file)):
        yield before + name, content


def sound(root: Path, files: Iterator[Entry]) -> Iterator[Entry]:
    """The files of an archive; damage is an error of ours.

    Parameters
    ----------
    root : the archive, for the error
    files : name and content of each, or whatever else is made of it

    Raises
    ------
    SourceError
    """
    try:
        yield from files
    except (*DAMAGE, *UNREAD) as error:
        raise unreadable(str(root), error) from error


def unreadable(name: str, error: Exception, what: str = "archive") -> SourceError:
    """The error for an archive, or a file of one, that its library cannot read.

    Parameters
    ----------
    name : of the archive or file
    error : what the library raised
    what : ``archive`` or ``content``
    """
    said = str(error) or type(error).__name__
    if isinstance(error, UNREAD):
        wanted = "a zip with deflate and no password, or the files unpacked"
        return SourceError(name, f"an unsupported archive ({said})", wanted)
    if what == "archive":
        return SourceError(name, f"a damaged archive ({said})", "a whole one")
    return SourceError(name, f"damaged content ({said})", "a whole file")


def _zip(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with zipfile.ZipFile(root) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, partial(archive.read, info)


def _tar(root: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with tarfile.open(root, "r:*") as archive:
        yield from _entries(archive)


def _entries(archive: tarfile.TarFile) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for info in archive:
        handle = archive.extractfile(info) if info.isfile() else None
        if handle is not None:
            yield info.name, handle.read
