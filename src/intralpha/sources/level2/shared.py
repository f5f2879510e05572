"""Shared: files with records of several types, each of which is of the stream that names it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from intralpha.sources.level2.blocks import Block
from intralpha.sources.level2.chunks import field_columns
from intralpha.sources.level2.streams import StreamSpec

UNNAMED = "records of no stream left out"
FORMAT_KEYS = ("format", "encoding", "separator", "names", "assign", "line_start")


@dataclass(frozen=True)
class Shared:
    """What is in some chunks of files of several types.

    Attributes
    ----------
    blocks : name of a stream -> its records; streams without any are left out
    rest : lines that are no records, and what was seen; its frame is empty
    counts : what was left out -> how often
    """

    blocks: dict[str, Block]
    rest: Block
    counts: Counter[str]


def groups(streams: dict[str, StreamSpec]) -> dict[str, tuple[str, ...]]:
    """First stream of a pattern -> all streams of it, where there are several or records are named.

    Raises
    ------
    ValueError
        Streams of one pattern do not name their records, name the same, or describe the text of
        their files in different ways.
    """
    of_pattern: dict[str, list[str]] = {}
    for name, stream in streams.items():
        of_pattern.setdefault(stream.pattern, []).append(name)
    found = {}
    for names in of_pattern.values():
        first = streams[names[0]]
        if len(names) > 1:
            _check(names, [streams[name] for name in names])
        if len(names) > 1 or first.records or first.format == "kv_log":
            found[names[0]] = tuple(names)
    return found


def _check(names: Sequence[str], streams: Sequence[StreamSpec]) -> None:
    shown = ", ".join(names)
    if not all(stream.records for stream in streams):
        raise ValueError(
            f"streams {shown} have one pattern; expected `records` in each, such as "
            "{MsgType: [191]}, or different patterns"
        )
    if len({str(sorted(stream.records.items())) for stream in streams}) < len(streams):
        raise ValueError(f"two of the streams {shown} name the same `records`")
    for key in FORMAT_KEYS:
        if len({getattr(stream, key) for stream in streams}) > 1:
            raise ValueError(f"streams {shown} have one pattern; expected the same `{key}` in each")


def joint(streams: Sequence[StreamSpec]) -> StreamSpec:
    """A stream with every column that one of them needs, to read their files once.

    Parameters
    ----------
    streams : of one pattern

    Returns
    -------
    StreamSpec
        With the column of each level written out; keys of a log are its ``names``.
    """
    columns: dict[str, tuple[str, ...]] = {}
    for stream in streams:
        for key, names in (*field_columns(stream).items(), *_selectors(stream)):
            columns[key] = tuple(dict.fromkeys((*columns.get(key, ()), *names)))
    first = streams[0]
    wanted = tuple(sorted({name for names in columns.values() for name in names}))
    names = wanted if first.format == "kv_log" else first.names
    lists = {key for stream in streams for key in stream.lists}
    holds = "snapshots" if lists else "merged"
    return first.model_copy(update={"columns": columns, "names": names, "holds": holds})


def _selectors(stream: StreamSpec) -> list[tuple[str, tuple[str, ...]]]:
    return [("(records)", tuple(stream.records))] if stream.records else []


def members(
    selectors: pl.DataFrame, streams: dict[str, StreamSpec]
) -> tuple[dict[str, np.ndarray], Counter[str]]:
    """Which records are of which stream.

    Parameters
    ----------
    selectors : the columns that ``records`` of the streams name, as text
    streams : of one pattern; a record that fits several is of the first

    Returns
    -------
    places of the records of each stream, records of no stream -> how many
    """
    free = np.ones(selectors.height, bool)
    found: dict[str, np.ndarray] = {}
    for name, stream in streams.items():
        fits = [
            pl.col(key).str.strip_chars().is_in(values).fill_null(value=False)
            for key, values in stream.records.items()
        ]
        mine = free.copy()
        if fits:
            mine &= selectors.select(pl.all_horizontal(fits)).to_series().to_numpy()
        found[name] = np.flatnonzero(mine)
        free &= ~mine
    unnamed: Counter[str] = Counter()
    if free.any():
        kinds = selectors.filter(pl.Series(free)).group_by(pl.all()).len("(n)").sort(pl.all())
        for *values, n in kinds.rows():
            pairs = zip(kinds.columns, values, strict=False)
            shown = " ".join(f"{key}={value or ''}".strip() for key, value in pairs)
            unnamed[f"{UNNAMED}: {shown}"] += n
    return found, unnamed


def split(block: Block, streams: dict[str, StreamSpec]) -> Shared:
    """Records of csv or Parquet by their streams.

    Parameters
    ----------
    block : with the columns of :func:`joint`
    streams : of one pattern
    """
    keys = sorted({key for stream in streams.values() for key in stream.records})
    rest = Block(block.frame[:0], block.torn, block.notes)
    if not block.frame.height:
        return Shared({}, rest, Counter())
    places, unnamed = members(block.frame.select(pl.col(keys).cast(pl.String)), streams)
    blocks = {name: Block(block.frame[at]) for name, at in places.items() if len(at)}
    return Shared(blocks, rest, unnamed)
