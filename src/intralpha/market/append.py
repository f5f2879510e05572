"""Append: rows merged into the partitions of a lake; a file that would stay is not touched."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import polars as pl

from intralpha.market.bar_settle import settle_bars, settle_precloses
from intralpha.market.daily_settle import settle_daily, settle_listings
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
from intralpha.market.schemas import TABLES, TableSchema, in_order, shape, validate
from intralpha.market.settled import Settled
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
    rows = in_order(table, frame) if valid else validate(table, frame)
    schema = TABLES[table]
    with writer_lock(root, LOCK_WAIT_SECONDS):
        if table in TICK_TABLES:
            with Merging(root, on_conflict, locked=True) as merging:
                return merging.add(table, rows)
        parts = _partitions(schema, rows)
        merged = [_merge(root, schema, name, part, on_conflict) for name, part in parts]
        return _write(root, schema, merged, _settled(root, table, merged))


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
        parts = _partitions(schema, rows)
        days = {Path(name).name for name, _ in parts}
        if days:
            self._finish([name for name in self._open if Path(name).name not in days])
        merged = []
        for name, part in parts:
            if name in self._open and not self._open[name].follows(part):
                self._finish([name])
            if name not in self._open:
                self._open[name] = DayMerge(self._root, schema, name, self._on_conflict)
            merged.append(self._open[name].add(part))
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


def _merge(
    root: Path, schema: TableSchema, name: str, new: pl.DataFrame, on_conflict: OnConflict
) -> Merged:
    """One partition after the append."""
    path = root / name
    old = shape(schema.name, pl.read_parquet(path)) if path.is_file() else None
    return merge_rows(schema, name, old, new, on_conflict)


def _settled(root: Path, table: str, merged: list[Merged]) -> Settled:
    """Partitions after the append, what follows from the new rows derived anew.

    Bars that derive from daily rows come first: after a kill between the two, the same append
    finds the daily rows new again.
    """
    if not any(m.changed.height for m in merged):
        return Settled({})
    if table == "bars":
        return settle_bars(root, merged)
    if table == "daily":
        done = settle_daily(root, merged)
        bars = settle_precloses(root, done.rows)
        count = done.rederived + bars.rederived
        return Settled(bars.rows | done.rows, count, 0, done.refused)
    if table == "instruments":
        done = settle_listings(root, merged)
        own = {m.partition: m.rows for m in merged if m.rows is not None}
        return Settled(done.rows | own, done.rederived)
    return Settled({m.partition: m.rows for m in merged if m.rows is not None})


def _write(root: Path, schema: TableSchema, merged: list[Merged], settled: Settled) -> AppendResult:
    """Write changed partitions, then the manifest; also heals entries of an earlier kill."""
    files = read_manifest(root)
    written: list[str] = []
    try:
        for name, rows in settled.rows.items():
            files[name] = _replace(root, name, rows)
            written.append(name)
        rest = {m.partition for m in merged if m.old is not None} - set(written)
        written += [name for name in sorted(rest) if _heal(root, name, files)]
    finally:
        if written:
            write_manifest(root, files)
    refused = settled.refused.height
    return AppendResult(
        schema.name,
        tuple(settled.rows),
        tuple(m.partition for m in merged if m.partition not in settled.rows),
        sum(m.added for m in merged) - refused,
        sum(m.replaced for m in merged),
        sum(m.kept for m in merged),
        settled.rederived,
        settled.unpriced,
        settled.refused,
    )


def _replace(root: Path, name: str, rows: pl.DataFrame) -> FileFacts:
    path = root / name
    with replacing(path) as partial:
        write_rows(rows, partial)
    return file_facts(path, rows.height)


def _result(table: str, merged: list[Merged]) -> AppendResult:
    return AppendResult(
        table,
        tuple(m.partition for m in merged if m.rows is not None),
        tuple(m.partition for m in merged if m.rows is None),
        sum(m.added for m in merged),
        sum(m.replaced for m in merged),
        sum(m.kept for m in merged),
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


def _partitions(schema: TableSchema, rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Relative file name and rows of every partition the rows fall into."""
    if rows.is_empty():
        return []
    if schema.partition == "single":
        return [(f"{schema.name}/{schema.name}.parquet", rows)]
    form = "%Y-%m-%d" if schema.partition == "day" else "%Y-%m"
    word = "date" if schema.partition == "day" else "month"
    by = ["freq"] if schema.name == "bars" else []
    tagged = rows.with_columns(pl.col("date").dt.strftime(form).alias("_part"))
    out = []
    for key, part in tagged.partition_by([*by, "_part"], as_dict=True, maintain_order=True).items():
        folder = f"{schema.name}/freq={key[0]}min" if by else schema.name
        out.append((f"{folder}/{word}={key[-1]}.parquet", part.drop("_part")))
    return out
