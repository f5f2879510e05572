"""Pieces: the files of a Level-2 source, their date and symbol, and which belong together."""

import gzip
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BufferedIOBase, BufferedReader
from pathlib import Path

import pyarrow as pa

from intralpha.sources.files import (
    ARCHIVES,
    DAMAGE,
    SINGLE,
    UNREAD,
    locate,
    no_data,
    no_file_fits,
    sound,
    unreadable,
)
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.source import SourceError

DATE = r"(?P<date>(?:19|20)\d{2}[-._]?\d{2}[-._]?\d{2})"
SYMBOL = r"(?P<symbol>(?:[A-Za-z]{2}\.?)?\d{6}(?:\.[A-Za-z]{2,4})?)"
WORDS = {"*": ".*", "?": "[^/]", "{date}": DATE, "{symbol}": SYMBOL}
ANY_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-._]?(\d{2})[-._]?(\d{2})(?!\d)")

# What is raised while the content of a file is read.
TORN = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, OSError)

Opener = Callable[[], AbstractContextManager[BufferedIOBase]]


class NoDateError(SourceError):
    """Rows of a file have no date."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            origin, "no date", "a column `date`, a date in the path, or `date` in the source"
        )


@dataclass(frozen=True)
class Piece:
    """One file of one stream.

    Attributes
    ----------
    name : path, as it is shown
    stream : name of the stream
    on : date in the path, if the pattern or the stream wants one
    symbol : symbol in the path, empty if the pattern has none
    size : bytes, unpacked where that is known
    open : gives the unpacked content
    """

    name: str
    stream: str
    on: date | None
    symbol: str
    size: int
    open: Opener


def pieces(
    path: str, streams: dict[str, StreamSpec], scratch: Path, on: date | None = None
) -> list[Piece]:
    """Every file that fits a stream of the source, in the order of their paths.

    A file that fits several patterns is of the stream that comes first.

    Parameters
    ----------
    path : file, folder, glob or archive; ``${VARIABLES}`` expand
    streams : name -> files of one kind
    scratch : folder for the members of tar archives, which cannot be read in any order
    on : session of files whose paths and columns do not say it

    Raises
    ------
    PathError
        Nothing there, or nothing fits any pattern.
    SourceError
        A damaged archive, or a file without a date.
    """
    root = locate(path)
    forms = {name: _regex(stream.pattern) for name, stream in streams.items()}
    found: list[Piece] = []
    others: list[str] = []
    start = f"{(root if root.is_dir() else root.parent).as_posix()}/"
    for name, size, opener in _walk(root, scratch):
        shown = name.removeprefix(start)
        if shown != root.name and no_data(shown):
            continue
        for stream, form in forms.items():
            match = form.match(name)
            if match:
                dated = _session(match, streams[stream], on, name)
                symbol = match.groupdict().get("symbol") or ""
                found.append(Piece(name, stream, dated, symbol, size, opener))
                break
        else:
            others.append(shown)
    if not found:
        patterns = ", ".join(repr(s.pattern) for s in streams.values())
        raise no_file_fits(str(root), patterns, others)
    return found


def together(streams: dict[str, StreamSpec], found: list[Piece]) -> list[list[Piece]]:
    """Files that hold the same stock-days, as far as their paths tell.

    Files go by date where every stream's paths have one, and by symbol likewise; what no path
    tells apart is one group.
    """
    by_date = all(p.on is not None for p in found)
    by_symbol = all("{symbol}" in s.pattern for s in streams.values())
    groups: dict[tuple[str, str], list[Piece]] = {}
    for piece in found:
        digits = "".join(filter(str.isdigit, piece.symbol))
        key = (str(piece.on) if by_date else "", digits if by_symbol else "")
        groups.setdefault(key, []).append(piece)
    return [groups[key] for key in sorted(groups)]


def _session(
    match: re.Match[str], stream: StreamSpec, default: date | None, name: str
) -> date | None:
    """Date of a file's rows from its path, else the default; None where columns say it."""
    named = match.groupdict().get("date")
    if {"date", "datetime"} & set(stream.columns) and not named:
        return None
    on = _date(named or name) or default
    if on is None:
        raise NoDateError(name)
    return on


def _regex(pattern: str) -> re.Pattern[str]:
    words = re.split(r"(\{date\}|\{symbol\}|\*|\?)", pattern)
    return re.compile(
        r"(?:.*/)?" + "".join(WORDS.get(w, re.escape(w)) for w in words) + r"(?:\.gz|\.zst)?$",
        re.IGNORECASE,
    )


def _date(text: str) -> date | None:
    """The last date in a text, if there is any."""
    for year, month, day in reversed(ANY_DATE.findall(text)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _walk(root: Path, scratch: Path) -> Iterator[tuple[str, int, Opener]]:
    """Path, size and opener of every file, those in archives included."""
    if root.is_dir():
        files = sorted(p for p in root.rglob("*") if p.is_file())
    else:
        files = [root] if root.exists() else sorted(root.parent.glob(root.name))
    for file in files:
        if not file.name.endswith(ARCHIVES):
            yield file.as_posix(), file.stat().st_size, partial(_open, file)
            continue
        yield from sound(file, _zip(file) if file.suffix == ".zip" else _tar(file, scratch))


def _zip(root: Path) -> Iterator[tuple[str, int, Opener]]:
    with zipfile.ZipFile(root) as archive:
        for info in sorted(archive.infolist(), key=lambda i: i.filename):
            if not info.is_dir():
                name = f"{root.as_posix()}/{info.filename}"
                yield name, info.file_size, partial(_open_zipped, root, info.filename)


def _tar(root: Path, scratch: Path) -> Iterator[tuple[str, int, Opener]]:
    """Files are unpacked under numbers, so a name in the archive leads nowhere."""
    folder = scratch / f"{len(list(scratch.iterdir()))}"
    folder.mkdir()
    found: list[tuple[str, Path]] = []
    with tarfile.open(root, "r:*") as archive:
        for number, info in enumerate(archive):
            handle = archive.extractfile(info) if info.isfile() else None
            if handle is not None:
                place = folder / f"{number}{Path(info.name).suffix}"
                with handle, place.open("wb") as copy:
                    shutil.copyfileobj(handle, copy)
                found.append((info.name.removeprefix("./"), place))
    for name, place in sorted(found):
        yield f"{root.as_posix()}/{name}", place.stat().st_size, partial(_open, place)


@contextmanager
def _open(path: Path) -> Iterator[BufferedIOBase]:
    if path.suffix.lower() not in SINGLE:
        with path.open("rb") as plain:
            yield plain
        return
    try:
        with path.open("rb") as packed, _unpacking(path.name, packed) as handle:
            yield handle
    except TORN as error:
        raise unreadable(str(path), error, "content") from error


def _unpacking(name: str, packed: BufferedIOBase) -> BufferedIOBase:
    if name.lower().endswith(".gz"):
        return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]
    stream = pa.CompressedInputStream(packed, "zstd")
    return BufferedReader(stream)  # type: ignore[arg-type]


@contextmanager
def _open_zipped(root: Path, member: str) -> Iterator[BufferedIOBase]:
    name = f"{root}/{member}"
    with ExitStack() as held:
        try:
            archive = held.enter_context(zipfile.ZipFile(root))
            handle = held.enter_context(archive.open(member))
            if member.lower().endswith(SINGLE):
                handle = held.enter_context(_unpacking(member, handle))  # type: ignore[arg-type]
        except (*DAMAGE, *UNREAD) as error:
            raise unreadable(name, error, "content") from error
        try:
            yield handle  # type: ignore[misc]
        except TORN as error:
            raise unreadable(name, error, "content") from error
