"""Log: lines of key=value, records of several types among them, as text columns of each stream."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, no_type_check

import numpy as np
import polars as pl
import pyarrow as pa
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import KERNEL
from intralpha.sources.level2.blocks import LINE, NO_LINE_END, PART, Block
from intralpha.sources.level2.chunks import Chunk, field_columns
from intralpha.sources.level2.shared import Shared, members
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.remarks import EMPTY
from intralpha.sources.source import QUARANTINE

OTHER_LINES = "lines that begin otherwise than records left out"
NO_KEYS, MISSING = "no key{}value on the line", -1
BOM = b"\xef\xbb\xbf"
# Fields of a record that say which it is or when it was: a number in them that is cut is another.
TELLING = {"datetime", "date", "time", "seq", "id", "buy_id", "sell_id"}


class Found(NamedTuple):
    """Places of the values of some lines.

    Attributes
    ----------
    lines : number of each line that is not empty, from 0; shape [L]
    starts, ends : of each line; shape [L]
    begin, stop : of the value of each key; ``MISSING`` where the line has it not; shape [L, K]
    keys : of each line, wanted or not; -1 if it does not begin as records do; shape [L]
    twice : a wanted key that stands twice on the line, else ``MISSING``; shape [L]
    last : the wanted key that stands last on the line, else ``MISSING``; shape [L]
    """

    lines: ndarray
    starts: ndarray
    ends: ndarray
    begin: ndarray
    stop: ndarray
    keys: ndarray
    twice: ndarray
    last: ndarray


def log_blocks(parts: Sequence[Chunk], streams: dict[str, StreamSpec]) -> Shared:
    """Records of some chunks of a log by their streams; lines that are none are set aside.

    A value ends where the next ``key=`` begins, so it may hold separators. A line is set aside if
    it has no key, a key twice (two records on one line), or lacks one that its stream needs; the
    last one of a file without a line end also if its last value is shorter than that of the record
    before.

    Parameters
    ----------
    parts : text of one kind of file
    streams : of one pattern
    """
    blank = sum(not chunk.content for chunk in parts)
    parts = [chunk for chunk in parts if chunk.content]
    if not parts:
        return Shared({}, Block(pl.DataFrame(), notes=Counter({EMPTY: blank})), Counter())
    first = next(iter(streams.values()))
    wanted = list(parts[0].wanted)
    texts = [_text(chunk, first.encoding) for chunk in parts]
    ends = [not text.endswith(b"\n") for text in texts]
    texts = [text + b"\n" * end for text, end in zip(texts, ends, strict=True)]
    data = np.frombuffer(b"".join(texts), np.uint8)
    found = find(data, wanted, first.separator, first.assign, first.line_start)
    part, line = _places(texts, parts, found)
    reasons = _reasons(found, wanted, first.assign)
    records = np.flatnonzero((reasons == "") & (found.keys > 0))
    selectors = sorted({key for stream in streams.values() for key in stream.records})
    columns = {key: texts_of(data, found, records, wanted.index(key)) for key in selectors}
    for key, values in columns.items():
        reasons[records[values.is_null().to_numpy()]] = f"no key {key}"
    whole = reasons[records] == ""
    kinds = pl.DataFrame(columns).filter(pl.Series(whole)) if selectors else None
    records = records[whole]
    if kinds is None:
        kinds = pl.DataFrame({"(all)": np.zeros(len(records), bool)})
    places, unnamed = members(kinds, streams)
    blocks = {}
    for name, at in places.items():
        stream, rows = streams[name], records[at]
        rows = _without_cut(rows, found, reasons, stream, wanted, part, ends)
        frame = _frame(data, found, rows, stream, wanted)
        frame, rows = _complete(frame, rows, reasons, stream)
        if len(rows):
            numbers = pl.Series(LINE, line[rows], dtype=pl.UInt32)
            blocks[name] = Block(frame.with_columns(numbers, pl.Series(PART, part[rows])))
    seen = {NO_LINE_END: sum(ends), EMPTY: blank}
    notes = Counter({what: n for what, n in seen.items() if n})
    rest = Block(pl.DataFrame(), _aside(data, found, reasons, parts, part, line), notes)
    others = int((found.keys < 0).sum())
    return Shared(blocks, rest, unnamed + Counter({OTHER_LINES: others}))


def _text(chunk: Chunk, encoding: str) -> bytes:
    text = chunk.content
    assert isinstance(text, bytes)
    if chunk.line == 1:
        text = text.removeprefix(BOM)
    return text if text.isascii() else text.decode(encoding, errors="replace").encode()


def _places(
    texts: Sequence[bytes], parts: Sequence[Chunk], found: Found
) -> tuple[ndarray, ndarray]:
    """Chunk and line number of each line that was found."""
    bounds = np.cumsum([0, *map(len, texts)])
    part = (np.searchsorted(bounds, found.starts, side="right") - 1).astype(np.int32)
    before = np.cumsum([0, *(text.count(b"\n") for text in texts[:-1])])
    first = np.array([chunk.line for chunk in parts])
    return part, found.lines - before[part] + first[part]


def _reasons(found: Found, wanted: Sequence[str], assign: str) -> ndarray:
    """Why a line is no record; empty where it may be one."""
    reasons = np.full(len(found.lines), "", object)
    reasons[found.keys == 0] = NO_KEYS.format(assign)
    for at in np.flatnonzero(found.twice >= 0):
        reasons[at] = f"key {wanted[found.twice[at]]} stands twice: two records on one line?"
    return reasons


def _frame(
    data: ndarray, found: Found, rows: ndarray, stream: StreamSpec, wanted: list[str]
) -> pl.DataFrame:
    """The columns of a stream."""
    used = {name for names in field_columns(stream).values() for name in names}
    return pl.DataFrame(
        {name: texts_of(data, found, rows, wanted.index(name)) for name in sorted(used)}
    )


def _complete(
    frame: pl.DataFrame, rows: ndarray, reasons: ndarray, stream: StreamSpec
) -> tuple[pl.DataFrame, ndarray]:
    """Records with every key that the stream names, but for levels; the others get a reason."""
    columns = field_columns(stream)
    deep = {key for key in columns if key[-1].isdigit()}
    lacks = np.zeros(len(rows), bool)
    for key, names in columns.items():
        if key in deep:
            continue
        none = frame.select(pl.all_horizontal(pl.col(n).is_null() for n in names)).to_series()
        mine = none.to_numpy() & ~lacks
        reasons[rows[mine]] = f"no key {' or '.join(names)}"
        lacks |= mine
    return (frame.filter(pl.Series(~lacks)), rows[~lacks]) if lacks.any() else (frame, rows)


def _without_cut(
    rows: ndarray,
    found: Found,
    reasons: ndarray,
    stream: StreamSpec,
    wanted: list[str],
    part: ndarray,
    ends: list[bool],
) -> ndarray:
    """Records without the last one of a file that may end inside it."""
    telling = {n for key in TELLING for n in stream.columns.get(key, ())}
    keep = np.ones(len(rows), bool)
    for number in np.flatnonzero(ends):
        mine = np.flatnonzero(part[rows] == number)
        if not len(mine) or rows[mine[-1]] != np.flatnonzero(part == number)[-1]:
            continue
        last, key = rows[mine[-1]], found.last[rows[mine[-1]]]
        if key < 0 or wanted[key] not in telling or len(mine) < 2:
            continue
        lengths = found.stop[rows[mine], key] - found.begin[rows[mine], key]
        if lengths[-1] < lengths[-2]:
            reasons[last] = "the file may end inside this line"
            keep[mine[-1]] = False
    return rows[keep]


def _aside(
    data: ndarray,
    found: Found,
    reasons: ndarray,
    parts: Sequence[Chunk],
    part: ndarray,
    line: ndarray,
) -> pl.DataFrame:
    """Lines with a reason, as quarantine."""
    bad = np.flatnonzero(reasons != "")
    rows = [
        (
            parts[part[at]].name,
            int(line[at]),
            reasons[at],
            data[found.starts[at] : found.ends[at]].tobytes().decode(errors="replace").strip(),
        )
        for at in bad
    ]
    return pl.DataFrame(rows, schema=QUARANTINE, orient="row")


def find(
    data: ndarray, wanted: Sequence[str], separator: str, assign: str, line_start: str
) -> Found:
    """Where the values of some keys stand on each line that is not empty.

    Parameters
    ----------
    data : bytes of the text; shape [bytes]
    wanted : keys
    separator : characters between a value and the next key
    assign : character between a key and its value
    line_start : how records begin; empty if all lines are
    """
    keys = [key.encode() for key in wanted]
    names = np.frombuffer(b"".join(keys), np.uint8)
    bounds = np.cumsum([0, *map(len, keys)])
    marks = np.zeros(256, bool)
    marks[list(separator.encode())] = True
    start = np.frombuffer(line_start.encode(), np.uint8)
    table = _table(names, bounds)
    lines = _count(data)
    starts, ends, numbers = (np.zeros(lines, np.int64) for _ in range(3))
    begin, stop = (np.full((lines, len(keys)), MISSING, np.int32) for _ in range(2))
    twice, last = (np.full(lines, MISSING, np.int32) for _ in range(2))
    count = np.zeros(lines, np.int32)
    out = Found(numbers, starts, ends, begin, stop, count, twice, last)
    _find(data, names, bounds, table, marks, ord(assign), start, *out)
    return out


def texts_of(data: ndarray, found: Found, rows: ndarray, key: int) -> pl.Series:
    """Values of a key as text; null where a line has it not.

    Parameters
    ----------
    data : bytes of the text; shape [bytes]
    found : places of the values
    rows : which lines; shape [R]
    key : number of the key
    """
    begin, stop = found.begin[rows, key], found.stop[rows, key]
    there = begin >= 0
    offsets = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(np.where(there, stop - begin, 0), out=offsets[1:])
    chars = np.empty(int(offsets[-1]), np.uint8)
    _copy(data, begin, offsets, chars)
    valid = np.packbits(there, bitorder="little")
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(chars)]
    text = pa.Array.from_buffers(pa.large_string(), len(rows), buffers)
    return pl.Series(pl.from_arrow(text))


@njit(**KERNEL)
@no_type_check
def _hash(data, first, last):
    value = 5381
    for i in range(first, last):
        value = (value * 33 + data[i]) & 0x7FFFFFFF
    return value


@njit(**KERNEL)
@no_type_check
def _table(names, bounds):
    """Keys by their hash, with open places between them."""
    size = 64
    while size < 4 * len(bounds):
        size *= 2
    table = np.full(size, -1, np.int64)
    for k in range(len(bounds) - 1):
        at = _hash(names, bounds[k], bounds[k + 1]) % size
        while table[at] >= 0:
            at = (at + 1) % size
        table[at] = k
    return table


@njit(**KERNEL)
@no_type_check
def _count(data):
    """Lines that hold more than white space."""
    lines, filled = 0, False
    for i in range(len(data)):
        if data[i] == 10:
            lines += filled
            filled = False
        elif data[i] > 32:
            filled = True
    return lines + filled


@njit(**KERNEL)
@no_type_check
def _find(
    data,
    names,
    bounds,
    table,
    marks,
    assign,
    head,
    lines,
    starts,
    ends,
    begin,
    stop,
    keys,
    twice,
    last,
):
    number = n = at = 0
    while at < len(data):
        end, filled = at, False
        while end < len(data) and data[end] != 10:
            filled |= data[end] > 32
            end += 1
        if filled:
            lines[n], starts[n], ends[n] = number, at, end
            stop_at = end - 1 if data[end - 1] == 13 else end
            if _begins(data, at, stop_at, head):
                _line(
                    data, at, stop_at, names, bounds, table, marks, assign, n, begin, stop, keys,
                    twice, last,
                )  # fmt: skip
            else:
                keys[n] = -1
            n += 1
        number += 1
        at = end + 1


@njit(**KERNEL)
@no_type_check
def _begins(data, at, end, head):
    while at < end and data[at] <= 32:
        at += 1
    if at + len(head) > end:
        return False
    for j in range(len(head)):  # noqa: SIM110
        if data[at + j] != head[j]:
            return False
    return True


@njit(**KERNEL)
@no_type_check
def _line(
    data, at, end, names, bounds, table, marks, assign, n, begin, stop, keys, twice, last
):  # fmt: skip
    """Values of one line; what stands between two keys is all of the first one's value."""
    k = -1
    while at < end:
        while at < end and marks[data[at]]:
            at += 1
        first = at
        equal = -1
        while at < end and not marks[data[at]]:
            if equal < 0 and data[at] == assign:
                equal = at
            at += 1
        name = equal
        while name > first and _in_key(data[name - 1]):
            name -= 1
        if equal < 0 or name == equal:
            if k >= 0 and at > first:
                stop[n, k] = at
            continue
        keys[n] += 1
        k = _key(data, name, equal, names, bounds, table)
        last[n] = k
        if k >= 0 and begin[n, k] >= 0:
            twice[n] = k if twice[n] < 0 else twice[n]
            k = -1
        elif k >= 0:
            begin[n, k], stop[n, k] = equal + 1, at
    for k in range(begin.shape[1]):
        while begin[n, k] < stop[n, k] and data[begin[n, k]] <= 32:
            begin[n, k] += 1
        while stop[n, k] > begin[n, k] and data[stop[n, k] - 1] <= 32:
            stop[n, k] -= 1


@njit(**KERNEL)
@no_type_check
def _in_key(byte):
    """Letters of any script, digits, and what names have in them: . _ - [ ]."""
    lower = byte | 32
    letter = 97 <= lower <= 122 or byte >= 128
    return letter or 48 <= byte <= 57 or byte in (45, 46, 91, 93, 95)


@njit(**KERNEL)
@no_type_check
def _key(data, first, last, names, bounds, table):
    """Number of a key; -1 if it is not wanted."""
    at = _hash(data, first, last) % len(table)
    while table[at] >= 0:
        k = table[at]
        if bounds[k + 1] - bounds[k] == last - first:
            same = True
            for j in range(last - first):
                if data[first + j] != names[bounds[k] + j]:
                    same = False
                    break
            if same:
                return k
        at = (at + 1) % len(table)
    return -1


@njit(**KERNEL)
@no_type_check
def _copy(data, begin, offsets, chars):
    for i in range(len(begin)):
        for j in range(offsets[i + 1] - offsets[i]):
            chars[offsets[i] + j] = data[begin[i] + j]
