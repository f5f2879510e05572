"""Partition: what the name of a lake's file says, and which rows belong to which file."""

import re
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.market.schemas import TableSchema

# A reference table is one file, others one a day or a month; bars have a folder a frequency.
NAME = re.compile(
    r"(?P<table>\w+)/((?P=table)|(?P<freq>freq=[1-9]\d{0,3}min/)?"
    r"(date=(?P<day>\d{4}-\d\d-\d\d)|month=\d{4}-(0[1-9]|1[0-2])))\.parquet",
    re.ASCII,
)


def table_of(name: str) -> str:
    """Table of a file; its name says which rows it has, so nothing else may stand there.

    Raises
    ------
    ValueError
        The name is none of a lake's files.
    """
    found = NAME.fullmatch(name)
    if found is None or (found["freq"] is not None) != (found["table"] == "bars"):
        raise ValueError(f"the file name {name!r}")
    try:
        date.fromisoformat(found["day"] or "2000-01-01")
    except ValueError as error:
        raise ValueError(f"the file name {name!r}: {error}") from error
    return found["table"]


def day_of(name: str) -> date:
    """Session of a file that holds one."""
    return date.fromisoformat(name.rsplit("date=", 1)[1][:10])


def freq_of(name: str) -> int:
    """Minutes of the bars of a file, or folder, of ``bars``."""
    return int(name.split("/")[1].removeprefix("freq=").removesuffix("min"))


def partitions(schema: TableSchema, rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """File and rows of every partition that rows fall into, in the order of the rows.

    Parameters
    ----------
    schema : of the table
    rows : in ``schema.order``

    Returns
    -------
    list of (name relative to the lake, slice of the rows)
    """
    if rows.is_empty():
        return []
    if schema.partition == "single":
        return [(f"{schema.name}/{schema.name}.parquet", rows)]
    unit, word = ("D", "date") if schema.partition == "day" else ("M", "month")
    stamp = rows["date"].to_numpy().astype(f"datetime64[{unit}]")
    freq = rows["freq"].to_numpy() if schema.name == "bars" else None
    edges = [0, *_changes(stamp, freq), rows.height]
    return [
        (
            f"{schema.name}/"
            + (f"freq={freq[start]}min/" if freq is not None else "")
            + f"{word}={stamp[start]}.parquet",
            rows[start:end],
        )
        for start, end in pairwise(edges)
    ]


def partition_names(schema: TableSchema, rows: pl.DataFrame) -> tuple[str, ...]:
    """Files that rows in any order fall into, ascending."""
    if rows.is_empty() or schema.partition == "single":
        return tuple(name for name, _ in partitions(schema, rows[:1]))
    by = [c for c in ("freq", "date") if c in schema.key]
    return tuple(name for name, _ in partitions(schema, rows.select(by).unique().sort(by)))


def _changes(stamp: ndarray, freq: ndarray | None) -> list[int]:
    """Places of the rows that begin another file than the row before."""
    other = stamp[1:] != stamp[:-1]
    if freq is not None:
        other |= freq[1:] != freq[:-1]
    return (np.flatnonzero(other) + 1).tolist()
