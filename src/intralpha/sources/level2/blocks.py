"""Blocks: the lines of some chunks as text columns; lines that are none are set aside."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import no_type_check

import numpy as np
import polars as pl
from numba import njit

from intralpha.sources.level2.chunks import Chunk
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.source import QUARANTINE

NEWLINE, RETURN = 10, 13
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
    found = [_lines(chunk, stream) for chunk in parts]
    text = b"".join(lines.text for lines in found)
    return Block(
        _numbered(_read(text, parts[0], stream.separator), [lines.numbers for lines in found]),
        pl.DataFrame([t for lines in found for t in lines.torn], schema=QUARANTINE, orient="row"),
        Counter({NO_LINE_END: n} if (n := sum(lines.open_end for lines in found)) else {}),
    )


@dataclass(frozen=True)
class _Lines:
    """The lines of a chunk of text that can be used, each with its end, and those that cannot."""

    text: bytes
    numbers: np.ndarray
    torn: list[tuple[str, int, str, str]]
    open_end: bool


def _lines(chunk: Chunk, stream: StreamSpec) -> _Lines:
    text = chunk.content
    assert isinstance(text, bytes)
    if not text.isascii():
        # A byte that is not of the encoding makes its field unreadable, not the file.
        text = text.decode(stream.encoding, errors="replace").encode()
    lines, bad = _bad_lines(text, chunk, stream)
    good = _without(text, [(start, end) for _, _, start, end in bad])
    numbers = np.delete(np.arange(lines), [number for number, *_ in bad]) + chunk.line
    torn = [
        (chunk.name, number + chunk.line, reason, text[start:end].decode(errors="replace").strip())
        for number, reason, start, end in bad
    ]
    good += b"" if not good or good.endswith(b"\n") else b"\n"
    return _Lines(good, numbers, [t for t in torn if t[-1]], not text.endswith(b"\n"))


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """All but times as text."""
    texts = [pl.col(c).cast(pl.String) for c, t in rows.schema.items() if not t.is_temporal()]
    return rows.with_columns(texts)


def _numbered(frame: pl.DataFrame, lines: list[np.ndarray]) -> pl.DataFrame:
    """With the line and the chunk of every row."""
    parts = np.repeat(np.arange(len(lines), dtype=np.int32), [len(n) for n in lines])
    return frame.with_columns(
        pl.Series(LINE, np.concatenate(lines), dtype=pl.UInt32), pl.Series(PART, parts)
    )


def _bad_lines(
    text: bytes, chunk: Chunk, stream: StreamSpec
) -> tuple[int, list[tuple[int, str, int, int]]]:
    """How many lines there are; number, reason, start and end of those that cannot be used."""
    fields = len(chunk.names)
    lines, ragged = _ragged(np.frombuffer(text, np.uint8), ord(stream.separator), fields)
    bad = [
        (number, f"{found} fields, expected {fields}", start, end)
        for start, end, number, found in ragged.tolist()
    ]
    start = text.rfind(b"\n") + 1
    whole = not bad or bad[-1][0] != lines - 1
    if whole and not text.endswith(b"\n") and _cut_off(text, start, chunk, stream):
        bad.append((lines - 1, "the file may end inside this line", start, len(text)))
    return lines, bad


def _cut_off(text: bytes, start: int, chunk: Chunk, stream: StreamSpec) -> bool:
    """Whether the last line's last field says which or when and is shorter than the one before."""
    telling = {"datetime", "date", "time", "seq", "id", "buy_id", "sell_id"}
    used = {c for key in telling for c in stream.columns.get(key, ())}
    if chunk.names[-1] not in used or start == 0:
        return False
    before = text[text.rfind(b"\n", 0, start - 1) + 1 : start]
    mark = stream.separator.encode()
    last, earlier = (row.rsplit(mark, 1)[-1].strip() for row in (text[start:], before))
    return len(last) < len(earlier)


def _without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    """The text without some lines."""
    if not spans:
        return text
    parts, begin = [], 0
    for start, end in spans:
        parts.append(text[begin:start])
        begin = end + 1
    return b"".join([*parts, text[begin:]])


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
    return frame.with_columns(pl.all().str.strip_chars('"')) if b'"' in text else frame


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _ragged(data, separator, fields):
    """Lines, and of those without ``fields`` fields: start, end, number, fields (0: empty)."""
    count = lines = 0
    for fill in range(2):
        out = np.zeros((count if fill else 0, 4), np.int64)
        start, found, k, lines = 0, 1, 0, 0
        for i in range(len(data) + 1):
            if i == len(data) and start == i:
                break
            end = i == len(data) or data[i] == NEWLINE
            if end:
                empty = start == i or (start + 1 == i and data[start] == RETURN)
                if found != fields or empty:
                    if fill:
                        out[k] = start, i, lines, 0 if empty else found
                    k += 1
                start, found = i + 1, 1
                lines += 1
            elif data[i] == separator:
                found += 1
        count = k
        if not fill and count == 0:
            return lines, out
    return lines, out
