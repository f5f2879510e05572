"""Append: rows merged into the partitions of a lake; a file that would stay is not touched."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import polars as pl

from intralpha.market.bar_settle import settle_bars, settle_precloses
from intralpha.market.daily_settle import month_files, settle_daily, settle_listings
from intralpha.market.day_merge import DayMerge
from intralpha.market.manifest import (
    FileFacts,
    file_facts,
    read_manifest,
    replacing,
    write_manifest,
    writer_lock,
)
from intralpha.market.merge import Merged, OnConflict, merge_rows
from intralpha.market.partition import partition_names, partitions
from intralpha.market.schemas import TABLES, TableSchema, checked, in_order, shape, validate
from intralpha.market.settled import Settled, changed_parts
from intralpha.market.sound import check_before_merging
from intralpha.market.table_file import write_rows
from intralpha.market.tick_file import TICK_TABLES

LOCK_WAIT_SECONDS = 60.0
# Each day's file that is open holds up to a row group, 16 MB.
OPEN_FILES = 32


@dataclass(frozen=True)
class AppendResult:
    """What an append did.

    Attributes
    ----------
    table : name
    partitions_written, partitions_unchanged : files that the rows belong to, relative to the lake
    rows_added : rows whose key was not there
    rows_replaced : rows whose key was there with other values, and that stand now
    rows_kept : rows that were there already, or gave way to what was there
    rows_rederived : other rows that were there, and derive other values from what was appended
    rows_unpriced : bars without a price: nothing traded, and nothing before them is known
    refused : rows that could not be derived, with a ``reason``; they are not among those added
    """

    table: str
    partitions_written: tuple[str, ...]
    partitions_unchanged: tuple[str, ...]
    rows_added: int
    rows_replaced: int
    rows_kept: int
    rows_rederived: int = 0
    rows_unpriced: int = 0
    refused: pl.DataFrame = field(default_factory=pl.DataFrame)


def append_rows(
    root: Path, table: str, frame: pl.DataFrame, on_conflict: OnConflict, valid: bool = False
) -> AppendResult:
    """Merge rows into their partitions; see :meth:`~intralpha.market.Lake.append`.

    Parameters
    ----------
    root : folder of the lake
    table : name in ``TABLES``
    frame : rows, validated first
    on_conflict : for a key that is there with other values: ``error``, ``keep`` or ``replace``
    valid : whether the rows have passed :func:`~intralpha.market.split_valid` just now
    """
    schema = TABLES[table]
    rows = frame if valid else checked(table, frame)
    with writer_lock(root, LOCK_WAIT_SECONDS):
        if table in TICK_TABLES:
            with Merging(root, on_conflict, locked=True) as merging:
                return merging.add(table, in_order(table, rows))
        landing = _landing(root, schema, rows, on_conflict)
        return _write(root, landing, _settled(root, landing))


class Merging:
    """Appends ticks to a lake batch by batch, and writes each day's file once.

    A day's file is put in place when a batch of other days comes, when more than ``OPEN_FILES``
    are open (half a GiB of rows that wait), or at the end of the block. A batch whose stocks do not
    come after those of the one before ends the day's file, too: the next rows are merged into it
    anew.

    Parameters
    ----------
    root : folder of the lake that gets the rows
    on_conflict : for a key that is there with other values
    locked : whether the right to write the lake is held already
    """

    def __init__(self, root: Path, on_conflict: OnConflict, locked: bool = False) -> None:
        self._root, self._locked = root, locked
        self._on_conflict: OnConflict = on_conflict
        self._open: dict[str, DayMerge] = {}

    def __enter__(self) -> "Merging":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish(list(self._open))
        else:
            self._abandon(error)

    def append(self, table: str, frame: pl.DataFrame) -> AppendResult:
        """Merge rows of a table of ticks; a file that would not change is not touched.

        Raises
        ------
        SchemaError, RowError
            The rows are not valid.
        ConflictError
            A conflict, when ``on_conflict`` is ``error``; days not yet in place stay as they were.
        LakeWriteError
            The disk is full or refuses; days in place are complete and recorded.
        ChangedMeanwhileError
            Another process wrote the same file.
        """
        return self.add(table, validate(table, frame))

    def add(self, table: str, rows: pl.DataFrame) -> AppendResult:
        """The same for rows that are valid."""
        schema = TABLES[table]
        parts = partitions(schema, rows)
        days = {Path(name).name for name, _ in parts}
        if days:
            self._finish([name for name in self._open if Path(name).name not in days])
        merged = []
        for name, part in parts:
            if name in self._open and not self._open[name].follows(part):
                self._finish([name])
            if name not in self._open:
                self._open[name] = DayMerge(self._root, schema, name, self._on_conflict)
            merged.append((name, self._open[name].add(part)))
            if len(self._open) > OPEN_FILES:
                self._finish(list(self._open))
        return _result(table, merged)

    def _finish(self, names: list[str]) -> None:
        """Put files in place, and note them in the manifest."""
        if not names:
            return
        root = self._root
        with nullcontext() if self._locked else writer_lock(root, LOCK_WAIT_SECONDS):
            files = read_manifest(root)
            changed = False
            try:
                for name in names:
                    facts = self._open.pop(name).finish()
                    if facts is not None:
                        files[name] = facts
                    changed |= facts is not None or _heal(root, name, files)
            except BaseException as error:
                self._abandon(error)
                raise
            finally:
                if changed:
                    write_manifest(root, files)

    def _abandon(self, error: BaseException) -> None:
        """Leave the files of unfinished days as they are."""
        while self._open:
            self._open.popitem()[1].abandon(error)


@dataclass(frozen=True)
class Landing:
    """Rows of an append beside what the lake has of the same stocks.

    Attributes
    ----------
    schema : of their table
    stocks : symbols of the new rows; None for tables of a single file, which is merged whole
    names : partitions that the new rows fall into
    merged : the rows of those stocks in these partitions; of ``daily`` in all months from the
        first new row on, because later rows derive from earlier ones
    """

    schema: TableSchema
    stocks: pl.Series | None
    names: tuple[str, ...]
    merged: Merged


def _landing(
    root: Path, schema: TableSchema, new: pl.DataFrame, on_conflict: OnConflict
) -> Landing:
    """New rows merged with those of the same stocks; other rows are not looked at."""
    names = partition_names(schema, new)
    there = [name for name in names if (root / name).is_file()]
    check_before_merging(root, there)
    if schema.partition == "single":
        old = shape(schema.name, pl.read_parquet(root / names[0])) if there else None
        return Landing(schema, None, names, merge_rows(schema, old, new, on_conflict))
    stocks = new["symbol"].unique()
    if schema.name == "daily" and names:
        there = [f"daily/{path.name}" for path in month_files(root, names[0])]
    merged = merge_rows(schema, _rows_of(root, schema, there, stocks), new, on_conflict)
    return Landing(schema, stocks, names, merged)


def _rows_of(
    root: Path, schema: TableSchema, names: list[str], stocks: pl.Series
) -> pl.DataFrame | None:
    """Rows of some stocks in some partitions, in the order of the files."""
    if not names:
        return None
    files = [root / name for name in names]
    rows = pl.scan_parquet(files, schema=schema.columns, missing_columns="insert")
    return rows.filter(pl.col("symbol").is_in(stocks.implode())).collect()


def _settled(root: Path, landing: Landing) -> list[Settled]:
    """Partitions after the append, what follows from the new rows derived anew.

    Bars that derive from daily rows come first: after a kill between the two, the same append
    finds the daily rows new again.
    """
    table, merged = landing.schema.name, landing.merged
    if merged.rows is None or merged.changed.is_empty():
        return []
    if table == "bars":
        return [settle_bars(root, merged)]
    if table == "daily":
        done = settle_daily(root, merged)
        return [settle_precloses(root, done.rows), done]
    rows = in_order(table, merged.rows)
    own = Settled(changed_parts(landing.schema, rows, merged.old), landing.stocks)
    return [settle_listings(root, merged), own] if table == "instruments" else [own]


def _write(root: Path, landing: Landing, settled: list[Settled]) -> AppendResult:
    """Write changed partitions, then the manifest; also heals entries of an earlier kill."""
    files = read_manifest(root)
    written: list[str] = []
    healed: list[str] = []
    try:
        for part in settled:
            for name in list(part.rows):
                rows = _whole(root, name, part.rows.pop(name), part.stocks)
                if rows.height:
                    files[name] = _replace(root, name, rows)
                    written.append(name)
        rest = {n for n in landing.names if (root / n).is_file()} - set(written)
        healed = [name for name in sorted(rest) if _heal(root, name, files)]
    finally:
        if written or healed:
            write_manifest(root, files)
    merged = landing.merged
    refused = [part.refused for part in settled if part.refused.height]
    return AppendResult(
        landing.schema.name,
        tuple(written),
        tuple(name for name in landing.names if name not in set(written)),
        merged.added - sum(frame.height for frame in refused),
        merged.replaced,
        merged.kept,
        sum(part.rederived for part in settled),
        sum(part.unpriced for part in settled),
        refused[0] if refused else pl.DataFrame(),
    )


def _whole(root: Path, name: str, mine: pl.DataFrame, stocks: pl.Series | None) -> pl.DataFrame:
    """Rows of a partition: those of some stocks, and the file's of all others."""
    path = root / name
    if stocks is None or not path.is_file():
        return mine
    check_before_merging(root, (name,))
    schema = TABLES[name.split("/", 1)[0]]
    rest = shape(schema.name, pl.read_parquet(path))
    rest = rest.filter(~pl.col("symbol").is_in(stocks.implode()))
    return pl.concat([rest, mine]).sort(schema.sort) if rest.height else mine


def _replace(root: Path, name: str, rows: pl.DataFrame) -> FileFacts:
    path = root / name
    with replacing(path) as partial:
        write_rows(rows, partial)
    return file_facts(path, rows.height)


def _result(table: str, merged: list[tuple[str, Merged]]) -> AppendResult:
    return AppendResult(
        table,
        tuple(name for name, m in merged if m.rows is not None),
        tuple(name for name, m in merged if m.rows is None),
        sum(m.added for _, m in merged),
        sum(m.replaced for _, m in merged),
        sum(m.kept for _, m in merged),
    )


def _heal(root: Path, name: str, files: dict[str, FileFacts]) -> bool:
    """Describe an unchanged file anew where its entry is missing or of an earlier state."""
    if not _stale(root / name, files.get(name)):
        return False
    height = pl.scan_parquet(root / name).select(pl.len()).collect().item()
    files[name] = file_facts(root / name, height)
    return True


def _stale(path: Path, facts: FileFacts | None) -> bool:
    """Whether the manifest does not describe the file that is there."""
    stat = path.stat()
    return facts is None or (facts.size, facts.mtime_ns) != (stat.st_size, stat.st_mtime_ns)
