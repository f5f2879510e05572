"""Tick blocks: a day of ticks read a block of stocks at a time, row groups side by side."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy import ndarray

from intralpha.base import thread_count
from intralpha.market.lake import Lake
from intralpha.market.schemas import TABLES
from intralpha.market.ticks import ORDER_KINDS, Ticks, UnsortedTicksError

BLOCK_ROWS = 8_000_000


def read_ticks(
    lake: Lake,
    table: str,
    on: date,
    columns: tuple[str, ...],
    symbols: np.ndarray | None = None,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[Ticks]:
    """Whole stocks of a session in blocks, in the order of their symbols.

    Parameters
    ----------
    lake : with the table
    table : ``trades``, ``orders`` or ``snapshots``
    on : session; without rows nothing is yielded
    columns : of the table, besides the symbol
    symbols : stocks wanted; default: all
    block_rows : a block has about so many rows, and at least one stock

    Raises
    ------
    UnsortedTicksError
        Rows of a stock are not together.

    Notes
    -----
    Memory: a block, and a row group of the file for every thread.
    """
    path = lake.day_file(table, on)
    if path is None:
        return
    wanted = None if symbols is None else np.unique(np.asarray(symbols, dtype=str))
    with pq.ParquetFile(path) as file:
        source = _Source(on, table, columns, path, file.metadata)
    last = ""
    with ThreadPoolExecutor(thread_count()) as pool:
        held = source.nothing()
        for groups, final in _groups(source.facts, wanted, block_rows):
            ticks, held = _whole_stocks(source.read(pool, groups, held), final)
            if wanted is not None and not np.isin(ticks.symbols, wanted).all():
                ticks = ticks.select(np.intersect1d(wanted, ticks.symbols))
            if len(ticks.symbols):
                if str(ticks.symbols[0]) <= last:
                    raise UnsortedTicksError(table, on, str(ticks.symbols[0]))
                last = str(ticks.symbols[-1])
                yield ticks


@dataclass(frozen=True)
class _Source:
    """A day's file, and what is wanted of it."""

    on: date
    table: str
    columns: tuple[str, ...]
    path: Path
    facts: pq.FileMetaData

    def nothing(self) -> Ticks:
        """No rows."""
        arrays = {name: np.empty(0, _kind(self.table, name)) for name in self.columns}
        return Ticks(self.on, self.table, np.empty(0, "U9"), np.zeros(1, np.int64), arrays)

    def read(self, pool: ThreadPoolExecutor, groups: list[int], before: Ticks) -> Ticks:
        """The rows held from before, and those of row groups."""
        sizes = [self.facts.row_group(g).num_rows for g in groups]
        *starts, total = accumulate(sizes, initial=len(before))
        columns = {n: np.empty(total, _kind(self.table, n)) for n in self.columns}
        for name, values in columns.items():
            values[: len(before)] = before[name]
        runs = [(before.symbols, before.bounds[:-1])]
        runs += pool.map(lambda g, at: self._fill(columns, g, at), groups, starts)
        symbols = np.concatenate([names for names, _ in runs])
        edges = np.concatenate([begins for _, begins in runs])
        new = np.concatenate([[True], symbols[1:] != symbols[:-1]])[: len(symbols)]
        symbols, edges = symbols[new], edges[new]
        if not (symbols[:-1] < symbols[1:]).all():
            wrong = int(np.flatnonzero(symbols[:-1] >= symbols[1:])[0])
            raise UnsortedTicksError(self.table, self.on, str(symbols[wrong + 1]))
        return Ticks(self.on, self.table, symbols, np.append(edges, total), columns)

    def _fill(self, columns: dict[str, ndarray], group: int, at: int) -> tuple[ndarray, ndarray]:
        """Put the values of a row group in place; returns its stocks and where they begin."""
        text = ["symbol", *(name for name in self.columns if name == "kind")]
        # A file of its own: one is not made to be read by several threads.
        with pq.ParquetFile(self.path, metadata=self.facts, read_dictionary=text) as file:
            names = ["symbol", *self.columns]
            rows = file.read_row_group(group, columns=names, use_threads=False)
        for name in self.columns:
            _put(rows.column(name), columns[name][at : at + rows.num_rows])
        codes, symbols = _codes(rows.column("symbol"))
        edges = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])[: len(codes)]
        return symbols[codes[edges]], edges.astype(np.int64) + at


def _groups(
    facts: pq.FileMetaData, wanted: ndarray | None, block_rows: int
) -> Iterator[tuple[list[int], bool]]:
    """Row groups of one block after another, and whether it is the last."""
    held: list[int] = []
    blocks, count = [], 0
    for g in range(facts.num_row_groups):
        group = facts.row_group(g)
        if wanted is not None and not _may_hold(group, wanted):
            continue
        held.append(g)
        count += group.num_rows
        if count >= block_rows:
            blocks.append(held)
            held, count = [], 0
    blocks += [held] if held else []
    for i, block in enumerate(blocks):
        yield block, i == len(blocks) - 1


def _may_hold(facts: pq.RowGroupMetaData, wanted: ndarray) -> bool:
    """Whether the least and the greatest symbol of a row group leave room for one wanted."""
    columns = [facts.column(i) for i in range(facts.num_columns)]
    statistics = next(c.statistics for c in columns if c.path_in_schema == "symbol")
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(((wanted >= statistics.min) & (wanted <= statistics.max)).any())


def _whole_stocks(rows: Ticks, final: bool) -> tuple[Ticks, Ticks]:
    """Rows up to the last stock, which may go on in the next row group; and a copy of its own."""
    stocks = len(rows.symbols)
    whole = stocks if final else max(stocks - 1, 0)
    rest = rows.slice(whole, stocks)
    copied = {name: values.copy() for name, values in rest.columns.items()}
    return rows.slice(0, whole), Ticks(rows.on, rows.table, rest.symbols, rest.bounds, copied)


def _codes(text: pa.ChunkedArray) -> tuple[ndarray, ndarray]:
    """Text as numbers [N], and the text of each number."""
    column = text.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    return column.indices.to_numpy(), np.array(column.dictionary.to_pylist(), dtype=str)


def _kind(table: str, name: str) -> type:
    """Type of a column's array."""
    kind = str(TABLES[table].columns[name])
    known = {"Float64": np.float64, "Int64": np.int64, "Int32": np.int32, "Int16": np.int16}
    return known.get(kind, np.bool_ if kind == "Boolean" else np.int8)


def _put(column: pa.ChunkedArray, out: ndarray) -> None:
    """Values of the chunks, null as NaN or 0, the kind of an order as its number."""
    if pa.types.is_dictionary(column.type):
        codes, names = _codes(column)
        out[:] = np.array([ORDER_KINDS.index(n) for n in names], np.int8)[codes]
        return
    at = 0
    for chunk in column.chunks:
        nothing = np.nan if out.dtype == np.float64 else out.dtype.type(0).item()
        known = chunk.fill_null(nothing) if chunk.null_count else chunk
        out[at : at + len(chunk)] = known.to_numpy(zero_copy_only=False)
        at += len(chunk)
