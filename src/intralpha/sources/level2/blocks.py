"""Blocks: the lines of some chunks as text columns; lines that are none are set aside."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from intralpha.sources.csv_text import CLOSED, cell
from intralpha.sources.level2.chunks import Chunk
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.lines import MARK, split_lines, unquoted
from intralpha.sources.remarks import EMPTY
from intralpha.sources.source import QUARANTINE

# Beside the vendor's own columns, one of which may be called line.
LINE, PART = "(line)", "(part)"
NO_LINE_END = "files whose last line has no line end"


@dataclass(frozen=True)
class Block:
    """Lines as columns.

    Attributes
    ----------
    frame : the columns of the stream as text (times of Parquet in their own type), ``LINE``, and
        ``PART``, the place of the chunk
    torn : lines with the wrong number of fields, as quarantine
    notes : what was seen -> how often
    """

    frame: pl.DataFrame
    torn: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))
    notes: Counter[str] = field(default_factory=Counter)


def block(parts: Sequence[Chunk], stream: StreamSpec) -> Block:
    """Columns of some chunks with the same columns.

    A line with too many or too few fields is set aside. If the file does not end with a line end,
    so is its last line where the last field is a number of the record or a time, and shorter than
    that of the line before.
    """
    if isinstance(parts[0].content, pl.DataFrame):
        frames = [_texts(c.content) for c in parts if isinstance(c.content, pl.DataFrame)]
        lines = [np.arange(f.height) + c.line for f, c in zip(frames, parts, strict=True)]
        return Block(_numbered(pl.concat(frames), lines))
    if not parts[0].names:
        lost = [(chunk.name, 1, "an empty file", "") for chunk in parts]
        none = pl.DataFrame(schema={LINE: pl.UInt32(), PART: pl.Int32()})
        return Block(none, pl.DataFrame(lost, schema=QUARANTINE, orient="row"))
    blank = sum(not chunk.content for chunk in parts)
    parts = [chunk for chunk in parts if chunk.content] or parts[:1]
    quoted = any(isinstance(c.content, bytes) and b'"' in c.content for c in parts)
    mark = MARK if quoted else stream.separator
    found = [_lines(chunk, stream, mark) for chunk in parts]
    text = b"".join(lines.text for lines in found)
    closed = sum(len(lines.numbers) for lines in found) if not parts[0].names[-1] else 0
    seen = {NO_LINE_END: sum(lines.open_end for lines in found), CLOSED: closed, EMPTY: blank}
    return Block(
        _numbered(_read(text, parts[0], mark), [lines.numbers for lines in found]),
        pl.DataFrame([t for lines in found for t in lines.torn], schema=QUARANTINE, orient="row"),
        Counter({what: n for what, n in seen.items() if n}),
    )


@dataclass(frozen=True)
class _Lines:
    """The lines of a chunk of text that can be used, each with its end, and those that cannot."""

    text: bytes
    numbers: np.ndarray
    torn: list[tuple[str, int, str, str]]
    open_end: bool


def _lines(chunk: Chunk, stream: StreamSpec, mark: str) -> _Lines:
    """Lines whose fields stand between ``mark``."""
    text = chunk.content
    assert isinstance(text, bytes)
    if not text.isascii():
        # A byte that is not of the encoding makes its field unreadable, not the file.
        text = text.decode(stream.encoding, errors="replace").encode()
    open_end = bool(text) and not text.endswith(b"\n")
    if mark == MARK:
        text = unquoted(text, stream.separator)
    lines = split_lines(text, mark, len(chunk.names))
    good, numbers, torn = lines.text, lines.numbers, lines.torn
    count = text.count(b"\n") + open_end
    if (
        open_end
        and len(numbers)
        and numbers[-1] == count - 1
        and _cut_off(good, chunk, stream, mark)
    ):
        last = good.rfind(b"\n", 0, -1) + 1
        row = good[last:].decode(errors="replace").strip().replace(mark, stream.separator)
        torn = [*torn, (count - 1, "the file may end inside this line", row)]
        good, numbers = good[:last], numbers[:-1]
    aside = [(chunk.name, number + chunk.line, reason, row) for number, reason, row in torn]
    return _Lines(good, numbers + chunk.line, aside, open_end)


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """All but times and lists as text."""
    kinds = rows.schema.items()
    texts = [pl.col(c).cast(pl.String) for c, t in kinds if not (t.is_temporal() or t.is_nested())]
    return rows.with_columns(texts)


def _numbered(frame: pl.DataFrame, lines: list[np.ndarray]) -> pl.DataFrame:
    """With the line and the chunk of every row."""
    parts = np.repeat(np.arange(len(lines), dtype=np.int32), [len(n) for n in lines])
    return frame.with_columns(
        pl.Series(LINE, np.concatenate(lines), dtype=pl.UInt32), pl.Series(PART, parts)
    )


def _cut_off(good: bytes, chunk: Chunk, stream: StreamSpec, mark: str) -> bool:
    """Whether the last line's last field says which or when and is shorter than the one before."""
    telling = {"datetime", "date", "time", "seq", "id", "buy_id", "sell_id"}
    used = {c for key in telling for c in stream.columns.get(key, ())}
    lines = good.rsplit(b"\n", 3)[-3:-1]
    if chunk.names[-1] not in used or len(lines) < 2:
        return False
    earlier, last = (row.rsplit(mark.encode(), 1)[-1].strip() for row in lines)
    return len(last) < len(earlier)


def _read(text: bytes, chunk: Chunk, separator: str) -> pl.DataFrame:
    """The columns that are wanted as text; every line has the right number of fields."""
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(chunk.wanted, pl.String()))
    places = [chunk.names.index(name) for name in chunk.wanted]
    frame = pl.read_csv(
        io.BytesIO(text),
        separator=separator,
        has_header=False,
        schema={f"column_{i}": pl.String for i in range(1, len(chunk.names) + 1)},
        columns=sorted(places),
        quote_char=None,
    ).select(
        pl.col(f"column_{i + 1}").alias(name) for i, name in zip(places, chunk.wanted, strict=True)
    )
    if b'="' in text or b"'" in text:
        frame = frame.select(cell(pl.col(name), text) for name in frame.columns)
    return frame.with_columns(pl.all().str.strip_chars('"')) if b'"' in text else frame
