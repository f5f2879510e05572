"""Tick file: a day of trades, orders or snapshots, written and merged a row group at a time.

Row groups have one size whatever came first, so equal rows are equal bytes.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from intralpha.market.schemas import TableSchema, shape

TICK_TABLES = ("trades", "orders", "snapshots")
GROUP_ROWS = 262_144


def rows_of(path: Path, schema: TableSchema, symbols: pl.Series) -> pl.DataFrame:
    """Rows of some stocks; row groups that hold none of them are not read."""
    rows = pl.scan_parquet(path).filter(pl.col("symbol").is_in(symbols.unique().to_list()))
    return shape(schema.name, rows.collect())


def interleaved(path: Path, schema: TableSchema, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows of a file with those of some stocks in place of what it had of them, in order.

    Parameters
    ----------
    path : a file in the order of the schema; nothing if it is not there
    schema : of a table that is sorted by symbol first
    rows : all rows of their stocks, in order

    Notes
    -----
    Memory: ``rows``, and a row group.
    """
    if path.is_file():
        with pq.ParquetFile(path) as file:
            names = rows["symbol"].unique().to_list()
            for group in range(file.num_row_groups):
                old = pl.from_arrow(file.read_row_group(group))
                assert isinstance(old, pl.DataFrame)
                kept = shape(schema.name, old.filter(~pl.col("symbol").is_in(names)))
                if kept.height:
                    before = rows["symbol"].search_sorted(kept["symbol"][-1])
                    # No stock is in both, so the order of symbols is the order of all.
                    yield kept.merge_sorted(rows[:before], "symbol") if before else kept
                    rows = rows[before:]
    yield rows


def write(path: Path, parts: Iterator[pl.DataFrame]) -> int:
    """Write rows in groups of ``GROUP_ROWS``; returns how many there were."""
    first = next(parts)
    held, total = first, first.height
    with _writer(path, first) as writer:
        for part in parts:
            held = _write_whole(writer, held)
            held = pl.concat([held, part])
            total += part.height
        held = _write_whole(writer, held)
        if held.height:
            writer.write_table(_arrow(held), row_group_size=GROUP_ROWS)
    return total


def _writer(path: Path, rows: pl.DataFrame) -> pq.ParquetWriter:
    """Whole numbers as differences: a third smaller, and twice as fast to write and to read."""
    whole = [name for name, kind in rows.schema.items() if kind.is_integer()]
    return pq.ParquetWriter(
        path,
        _arrow(rows[:0]).schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=[n for n in rows.columns if n not in whole],  # type: ignore[arg-type]
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
    )


def _write_whole(writer: pq.ParquetWriter, rows: pl.DataFrame) -> pl.DataFrame:
    """Write as many whole groups as there are; returns the rest."""
    whole = rows.height // GROUP_ROWS * GROUP_ROWS
    for start in range(0, whole, GROUP_ROWS):
        writer.write_table(_arrow(rows[start : start + GROUP_ROWS]), row_group_size=GROUP_ROWS)
    return rows[whole:]


def _arrow(rows: pl.DataFrame) -> pa.Table:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
