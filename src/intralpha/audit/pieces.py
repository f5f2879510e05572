"""Pieces: a lake read and copied a file at a time, so that one session is in memory."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import polars as pl

from intralpha.market import TABLES, Lake
from intralpha.market.manifest import read_manifest, write_manifest
from intralpha.market.schemas import TableSchema


@dataclass(frozen=True)
class Piece:
    """The rows of one file of a lake.

    Attributes
    ----------
    schema : of the table
    freq : minutes of the bars, for ``bars``
    first, last : its first and last session; None of a reference table, which is one file
    """

    schema: TableSchema
    freq: int | None = None
    first: date | None = None
    last: date | None = None

    @property
    def file(self) -> str:
        """Name of the file in the lake."""
        name = self.schema.name
        if self.first is None:
            return f"{name}/{name}.parquet"
        if self.schema.partition == "month":
            return f"{name}/month={self.first:%Y-%m}.parquet"
        folder = name if self.freq is None else f"{name}/freq={self.freq}min"
        return f"{folder}/date={self.first}.parquet"

    def rows(self, lake: Lake) -> pl.DataFrame:
        """What the file holds."""
        return lake.scan(self.schema.name, self.first, self.last, self.freq).collect()


Edit = Callable[[Piece, pl.DataFrame], pl.DataFrame]


def pieces(lake: Lake) -> Iterator[Piece]:
    """Every file of a lake, table by table, in the order of time."""
    for schema in TABLES.values():
        if not lake.has(schema.name):
            continue
        for freq in lake.freqs() if schema.name == "bars" else (None,):
            yield from _files(lake, schema, freq)


def _files(lake: Lake, schema: TableSchema, freq: int | None) -> Iterator[Piece]:
    if schema.partition == "single":
        yield Piece(schema)
        return
    days = [day.item() for day in lake.dates(schema.name, freq)]
    month = schema.partition == "month"
    for _, part in groupby(days, key=lambda d: (d.year, d.month) if month else d):
        held = list(part)
        yield Piece(schema, freq, held[0], held[-1])


def copied(lake: Lake, root: Path, edit: Edit, since: date | None = None) -> Lake:
    """A copy of a lake with other rows.

    Parameters
    ----------
    lake : the true one
    root : folder of the copy, new
    edit : piece and its rows -> its rows in the copy, valid ones
    since : files that end before it are taken as they are, without being read (as hard links where
        that is possible: a lake replaces its files and never changes one)

    Notes
    -----
    Memory: one session of one table, a month of daily rows, or one reference table.
    """
    out = Lake(root, create=True)
    there = list(pieces(lake))
    same = {p.file for p in there if since and p.last and p.last < since}
    _share(lake, out, same)
    for piece in there:
        if piece.file not in same:
            rows = edit(piece, piece.rows(lake))
            if rows.height:
                out.append(piece.schema.name, rows)
    return out


def _share(lake: Lake, out: Lake, names: set[str]) -> None:
    """Files of a lake as files of another, with what the manifest knows of them."""
    known = read_manifest(lake.root)
    for name in sorted(names):
        target = out.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(lake.root / name)
        except OSError:  # another file system
            shutil.copy2(lake.root / name, target)
    if names:
        write_manifest(out.root, {name: known[name] for name in names})
