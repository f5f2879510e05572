"""Chunks: a file in pieces of bounded size, cut between lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from intralpha.sources.csv_text import lacking
from intralpha.sources.level2.lists import check_lists
from intralpha.sources.level2.pieces import Piece
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.lines import MARK, ends_closed, unquoted
from intralpha.sources.other_files import refuse_other_files
from intralpha.sources.parquet import check_types, refuse_rounded
from intralpha.sources.source import SourceError
from intralpha.sources.text import MARKED

CHUNK_BYTES = 1 << 24
CHUNK_ROWS = 1 << 18
# Fields of which a rounded value is another one's.
EXACT = ("date", "time", "datetime", "channel", "seq", "id", "buy_id", "sell_id")


@dataclass(frozen=True)
class Chunk:
    """Some lines of a file.

    Attributes
    ----------
    name : of the file
    line : number of the first line; a header is line 1
    names : columns of the file
    wanted : those the stream uses
    content : text of csv, or rows of Parquet; empty text if the file is empty
    """

    name: str
    line: int
    names: list[str]
    wanted: list[str]
    content: bytes | pl.DataFrame


def chunks(piece: Piece, stream: StreamSpec) -> Iterator[Chunk]:
    """Pieces of about 16 MB of text or a quarter of a million rows.

    Raises
    ------
    SourceError
        Columns are missing, or the header has another encoding.
    """
    with piece.open() as handle:
        if stream.format == "parquet":
            yield from _parquet(piece.name, handle, stream)
        else:
            # A buffer of 16 MB for each of many small files takes longer than reading them.
            packed = piece.name.endswith((".gz", ".zst"))
            size = CHUNK_BYTES if packed else max(min(CHUNK_BYTES, piece.size), 1)
            yield from _csv(piece.name, handle, stream, size)


def field_columns(stream: StreamSpec) -> dict[str, tuple[str, ...]]:
    """Columns of every field, those of the ten levels written out."""
    out: dict[str, tuple[str, ...]] = {}
    for name, columns in stream.columns.items():
        if "{" in columns[0] and stream.holds == "snapshots":
            for k in range(10):
                out[f"{name}{k + 1}"] = (columns[0].format(k + stream.first_level),)
        else:
            out[name] = columns
    return out


def _wanted(name: str, found: list[str], stream: StreamSpec, line: str = "") -> list[str]:
    """Columns to read; a vendor may have fewer than ten levels, but at least one."""
    columns = field_columns(stream)
    deep = {key for key in columns if key[-1].isdigit() and not key.endswith(("e1", "s1"))}
    wanted = {c for key, names in columns.items() for c in names}
    needed = {c for key, names in columns.items() if key not in deep for c in names}
    missing = sorted(needed - set(found))
    if missing:
        raise SourceError(name, f"columns {found}", lacking(found, line, needed, stream.separator))
    return sorted(wanted & set(found))


def _parquet(name: str, handle: BufferedIOBase, stream: StreamSpec) -> Iterator[Chunk]:
    try:
        with pq.ParquetFile(handle) as file:
            names = list(file.schema_arrow.names)
            wanted = _wanted(name, names, stream)
            line = 1
            for batch in file.iter_batches(CHUNK_ROWS, columns=wanted):
                frame = pl.DataFrame(batch)
                check_types(name, check_lists(name, frame, stream))
                exact = (stream.columns[field] for field in EXACT if field in stream.columns)
                refuse_rounded(name, frame, (column for columns in exact for column in columns))
                yield Chunk(name, line, names, wanted, frame)
                line += frame.height
    except (pa.ArrowException, OSError) as error:
        raise SourceError(name, f"no readable Parquet ({error})", "a whole Parquet file") from error


def _csv(name: str, handle: BufferedIOBase, stream: StreamSpec, size: int) -> Iterator[Chunk]:
    names, line, header = list(stream.names), 1, ""
    if not names:
        first = handle.readline().removeprefix(b"\xef\xbb\xbf").strip()
        if not first:
            yield Chunk(name, 1, [], [], b"")
            return
        _refuse_others(name, first)
        header = _decoded(name, first, stream)
        fields = unquoted(header.encode(), stream.separator).decode().split(MARK)
        names, line = [field.strip().strip('"') for field in fields], 2
    wanted = _wanted(name, names, stream, header)
    begin = line
    while text := handle.read(size):
        text += b"" if text.endswith(b"\n") else handle.readline()
        if line == begin and header and ends_closed(text, stream.separator, len(names)):
            names = [*names, ""]
        yield Chunk(name, line, names, wanted, text)
        line += text.count(b"\n")
    if line == begin:
        yield Chunk(name, line, names, wanted, b"")


def _refuse_others(name: str, first: bytes) -> None:
    """Refuse a first line of bytes that are no text which can be read in pieces."""
    if first[:2] in MARKED:
        raise SourceError(name, "text in utf-16", "utf-8 or gbk, which is read in pieces")
    refuse_other_files(name, first)
    if b"\r" in first:
        raise SourceError(name, "lines that end in \\r alone", "\\n, or \\r and \\n, at line ends")


def _decoded(name: str, header: bytes, stream: StreamSpec) -> str:
    try:
        return header.decode(stream.encoding)
    except UnicodeError as error:
        found = f"bytes that are not {stream.encoding} ({error})"
        raise SourceError(name, found, "another `encoding` of the stream, such as gbk") from error
