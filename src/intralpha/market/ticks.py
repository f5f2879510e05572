"""Ticks: trades, orders or snapshots of a session as flat columns, a block of stocks at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intralpha.base import DataError, thread_count
from intralpha.market.lake import Lake
from intralpha.market.schemas import TABLES

BLOCK_ROWS = 8_000_000
ORDER_KINDS = ("limit", "market", "own_best")


class UnsortedTicksError(DataError):
    """Rows of a stock are not together in a day's file."""

    def __init__(self, table: str, on: date, symbol: str) -> None:
        self.table, self.on, self.symbol = table, on, symbol
        super().__init__(
            f"{table} of {on}: rows of {symbol} are in several places; expected them sorted by "
            "symbol.\nHint: write the file with Lake.append, which sorts."
        )


@dataclass(frozen=True, eq=False)
class Ticks:
    """Rows of one table of some stocks of a session, stock after stock.

    Attributes
    ----------
    on : session
    table : ``trades``, ``orders`` or ``snapshots``
    symbols : text [S], sorted
    bounds : int64 [S + 1], where the rows of a stock begin; the last is the number of rows
    columns : name -> array [N]; null is NaN in columns of numbers with a point, 0 in others;
        ``kind`` holds places in ``ORDER_KINDS``
    """

    on: date
    table: str
    symbols: np.ndarray
    bounds: np.ndarray
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return int(self.bounds[-1])

    def __getitem__(self, name: str) -> np.ndarray:
        """A column."""
        return self.columns[name]

    def slice(self, first: int, last: int) -> "Ticks":
        """Stocks ``first`` to ``last`` (not included), by their place; a view."""
        lo, hi = int(self.bounds[first]), int(self.bounds[last])
        columns = {name: values[lo:hi] for name, values in self.columns.items()}
        bounds = self.bounds[first : last + 1] - lo
        return Ticks(self.on, self.table, self.symbols[first:last], bounds, columns)

    def select(self, symbols: np.ndarray) -> "Ticks":
        """Rows of the stocks asked for, in sorted order; one without rows has none."""
        wanted = np.unique(np.asarray(symbols, dtype=str))
        place = np.searchsorted(self.symbols, wanted)
        known = np.isin(wanted, self.symbols)
        place = np.where(known, np.minimum(place, max(len(self.symbols) - 1, 0)), 0)
        counts = np.zeros(len(wanted), np.int64)
        counts[known] = np.diff(self.bounds)[place[known]]
        bounds = np.concatenate([[0], np.cumsum(counts)])
        start = np.zeros(len(wanted), np.int64)
        start[known] = self.bounds[place[known]]
        rows = np.repeat(start - bounds[:-1], counts) + np.arange(bounds[-1])
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Ticks(self.on, self.table, wanted, bounds, columns)


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
    Memory: a block, and one row group of the file more.
    """
    path = lake.root / f"{table}/date={on}.parquet"
    if not path.is_file():
        return
    wanted = None if symbols is None else np.unique(np.asarray(symbols, dtype=str))
    text = [name for name in ("symbol", *columns) if name in ("symbol", "kind")]
    with pq.ParquetFile(path, read_dictionary=text) as file:
        kept: pa.Table | None = None
        last = ""
        for groups, final in _groups(file, wanted, block_rows):
            rows = file.read_row_groups(groups, columns=["symbol", *columns])
            rows = rows if kept is None else pa.concat_tables([kept, rows])
            block, kept = _whole_stocks(rows, final)
            ticks = _ticks(on, table, block, columns)
            if wanted is not None and not np.isin(ticks.symbols, wanted).all():
                ticks = ticks.select(np.intersect1d(wanted, ticks.symbols))
            if len(ticks.symbols):
                if str(ticks.symbols[0]) <= last:
                    raise UnsortedTicksError(table, on, str(ticks.symbols[0]))
                last = str(ticks.symbols[-1])
                yield ticks


def _groups(
    file: pq.ParquetFile, wanted: np.ndarray | None, block_rows: int
) -> Iterator[tuple[list[int], bool]]:
    """Row groups of one block after another, and whether it is the last."""
    held: list[int] = []
    blocks, count = [], 0
    for g in range(file.num_row_groups):
        facts = file.metadata.row_group(g)
        if wanted is not None and not _may_hold(facts, wanted):
            continue
        held.append(g)
        count += facts.num_rows
        if count >= block_rows:
            blocks.append(held)
            held, count = [], 0
    blocks += [held] if held else []
    for i, block in enumerate(blocks):
        yield block, i == len(blocks) - 1


def _may_hold(facts: pq.RowGroupMetaData, wanted: np.ndarray) -> bool:
    """Whether the least and the greatest symbol of a row group leave room for one wanted."""
    columns = [facts.column(i) for i in range(facts.num_columns)]
    statistics = next(c.statistics for c in columns if c.path_in_schema == "symbol")
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(((wanted >= statistics.min) & (wanted <= statistics.max)).any())


def _whole_stocks(rows: pa.Table, final: bool) -> tuple[pa.Table, pa.Table | None]:
    """Rows up to the last stock, which may go on in the next row group; and its rows."""
    if final or rows.num_rows == 0:
        return rows, None
    edges = np.flatnonzero(np.diff(_codes(rows.column("symbol"))[0])) + 1
    cut = int(edges[-1]) if len(edges) else 0
    return rows.slice(0, cut), rows.slice(cut)


def _codes(text: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Text as numbers [N], and the text of each number."""
    column = text.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    return column.indices.to_numpy(), np.array(column.dictionary.to_pylist(), dtype=str)


def _ticks(on: date, table: str, rows: pa.Table, columns: tuple[str, ...]) -> Ticks:
    if rows.num_rows == 0:
        arrays = {name: np.empty(0, _kind(table, name)) for name in columns}
        return Ticks(on, table, np.empty(0, "U9"), np.zeros(1, np.int64), arrays)
    codes, names = _codes(rows.column("symbol"))
    edges = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
    symbols = names[codes[edges[:-1]]]
    if len(symbols) > 1 and not (symbols[:-1] < symbols[1:]).all():
        wrong = int(np.flatnonzero(symbols[:-1] >= symbols[1:])[0])
        raise UnsortedTicksError(table, on, str(symbols[wrong + 1]))
    arrays = dict(zip(columns, _arrays(rows, table, columns), strict=True))
    return Ticks(on, table, symbols, edges.astype(np.int64), arrays)


def _arrays(rows: pa.Table, table: str, columns: tuple[str, ...]) -> list[np.ndarray]:
    """Arrays of the columns, several at a time: each is a copy, which threads share out."""
    with ThreadPoolExecutor(max(min(thread_count(), len(columns)), 1)) as pool:
        kinds = [_kind(table, name) for name in columns]
        return list(pool.map(_array, (rows.column(name) for name in columns), kinds))


def _kind(table: str, name: str) -> type:
    """Type of a column's array."""
    kind = str(TABLES[table].columns[name])
    known = {"Float64": np.float64, "Int64": np.int64, "Int32": np.int32, "Int16": np.int16}
    return known.get(kind, np.bool_ if kind == "Boolean" else np.int8)


def _array(column: pa.ChunkedArray, kind: type) -> np.ndarray:
    """One array of the chunks, null as NaN or 0, the kind of an order as its number."""
    if pa.types.is_dictionary(column.type):
        codes, names = _codes(column)
        return np.array([ORDER_KINDS.index(n) for n in names], np.int8)[codes]
    out = np.empty(len(column), kind)
    at = 0
    for chunk in column.chunks:
        nothing = np.nan if kind is np.float64 else kind(0).item()
        known = chunk.fill_null(nothing) if chunk.null_count else chunk
        out[at : at + len(chunk)] = known.to_numpy(zero_copy_only=False)
        at += len(chunk)
    return out
