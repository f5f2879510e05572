"""Lake: an append-only tree of Parquet partitions with a manifest of checksums."""

import hashlib
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl

from intralpha.base import DataError
from intralpha.base.panel import as_days
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
from intralpha.market.schemas import TABLES, TableSchema, shape, validate
from intralpha.market.tick_file import TICK_TABLES

LOCK_WAIT_SECONDS = 60.0
# Each day's file that is open holds up to a row group, 16 MB.
OPEN_FILES = 32


class NoLakeError(DataError):
    """There is no lake in that folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(f"no lake at {root}.\nHint: `intralpha ingest` makes one.")


@dataclass(frozen=True)
class AppendResult:
    """What an append did."""

    table: str
    partitions_written: tuple[str, ...]
    partitions_unchanged: tuple[str, ...]
    rows_added: int
    rows_replaced: int
    rows_kept: int


class Lake:
    """An append-only folder of tables, safe for many readers and one writer at a time.

    Intraday tables have one file a day, ``daily`` one a month, reference tables one. Rows are
    sorted, files are replaced in one step, and ``manifest.json`` holds a checksum of each, so
    that any reader (Polars, DuckDB, pandas) may open the files while they grow.

    Parameters
    ----------
    root : folder
    create : make the folder if it is absent

    Raises
    ------
    NoLakeError
        If the folder is absent and ``create`` is false.
    """

    def __init__(self, root: Path, create: bool = False) -> None:
        self.root = root
        if create:
            root.mkdir(parents=True, exist_ok=True)
        elif not root.is_dir():
            raise NoLakeError(root)

    def append(
        self, table: str, frame: pl.DataFrame, on_conflict: OnConflict = "error"
    ) -> AppendResult:
        """Merge rows into their partitions; a partition that would not change is not touched.

        Parameters
        ----------
        table : name in ``TABLES``
        frame : rows, validated first
        on_conflict : for a key that is there with other values: ``error``, ``keep`` or ``replace``

        Raises
        ------
        SchemaError, RowError
            The rows are not valid.
        ConflictError
            A conflict, when ``on_conflict`` is ``error``; no partition has been changed.
        LakeWriteError
            The disk is full or refuses; partitions finished before are complete and recorded.
        """
        rows = validate(table, frame)
        schema = TABLES[table]
        with writer_lock(self.root, LOCK_WAIT_SECONDS):
            if table in TICK_TABLES:
                with Merging(self, on_conflict, locked=True) as merging:
                    return merging.add(table, rows)
            parts = _partitions(schema, rows)
            merged = [self._merge(schema, name, part, on_conflict) for name, part in parts]
            return self._write(schema, merged)

    def merging(self, on_conflict: OnConflict = "error") -> "Merging":
        """Append ticks batch by batch, each day's file written once; see :class:`Merging`."""
        return Merging(self, on_conflict)

    def scan(
        self,
        table: str,
        start: date | None = None,
        end: date | None = None,
        freq: int | None = None,
    ) -> pl.LazyFrame:
        """Lazy rows of a table, both ends included; files out of range are not opened.

        The frame describes the files of this moment: scan again after an append.

        Parameters
        ----------
        table : name in ``TABLES``
        start, end : first and last session; for tables without ``date`` they must be None
        freq : minutes of one bar, for ``bars`` (default: all frequencies)
        """
        schema = TABLES[table]
        files = [self.root / name for name in self._files(table, start, end, freq)]
        if not files:
            return pl.LazyFrame(schema=schema.columns)
        rows = pl.scan_parquet(files, schema=schema.columns, missing_columns="insert")
        if schema.partition == "month":
            rows = rows.filter(*_within(start, end))
        return rows

    def has(self, table: str) -> bool:
        """Whether the table has any file."""
        return bool(self._files(table))

    def freqs(self) -> tuple[int, ...]:
        """Frequencies of the bars, in minutes, ascending."""
        folders = {name.split("/")[1] for name in self._files("bars")}
        return tuple(sorted(int(f.removeprefix("freq=").removesuffix("min")) for f in folders))

    def dates(self, table: str, freq: int | None = None) -> np.ndarray:
        """Sessions of a table, ascending, as ``datetime64[D]``."""
        if TABLES[table].partition == "day":
            names = {name.rsplit("date=", 1)[1][:10] for name in self._files(table, freq=freq)}
            return as_days(sorted(names))
        return as_days(self.scan(table).select(pl.col("date").unique().sort()).collect()["date"])

    def version(self, tables: tuple[str, ...] | None = None) -> str:
        """Content hash of the lake, or of some tables; equal content, equal version."""
        digest = hashlib.sha256()
        for name, facts in sorted(read_manifest(self.root).items()):
            if tables is None or name.split("/")[0] in tables:
                digest.update(f"{name} {facts.checksum}\n".encode())
        return digest.hexdigest()[:16]

    def checksums(self, table: str, freq: int | None = None) -> dict[date, str]:
        """Checksum of each session's file of a table that has one file a day.

        What was made from a file can be kept under its checksum: it is stale when they differ.
        """
        known = read_manifest(self.root)
        named = ((name.rsplit("date=", 1)[1][:10], name) for name in self._files(table, freq=freq))
        return {date.fromisoformat(day): known[name].checksum for day, name in named}

    def verify(self) -> tuple[str, ...]:
        """Faults found by hashing every file: missing, changed or unknown ones; empty if sound."""
        known = read_manifest(self.root)
        faults = []
        for name, facts in sorted(known.items()):
            path = self.root / name
            if not path.is_file():
                faults.append(f"{name} is missing")
            elif file_facts(path, facts.rows).checksum != facts.checksum:
                faults.append(f"{name} differs from its checksum")
        present = {str(p.relative_to(self.root)) for t in TABLES for p in self._tree(t)}
        return (
            *faults,
            *(f"{name} is not in the manifest" for name in sorted(present - set(known))),
        )

    def _tree(self, table: str) -> list[Path]:
        return sorted((self.root / table).rglob("*.parquet"))

    def _files(
        self,
        table: str,
        start: date | None = None,
        end: date | None = None,
        freq: int | None = None,
    ) -> list[str]:
        """Relative names of a table's files that may hold rows of the range, in order."""
        names = [n for n in sorted(read_manifest(self.root)) if n.split("/")[0] == table]
        if table == "bars" and freq is not None:
            names = [n for n in names if n.split("/")[1] == f"freq={freq}min"]
        width = {"day": 10, "month": 7}.get(TABLES[table].partition)
        if width is None:
            return names
        lo = start.isoformat()[:width] if start else ""
        hi = end.isoformat()[:width] if end else "9999"
        return [n for n in names if lo <= Path(n).stem.rsplit("=", 1)[1] <= hi]

    def _merge(
        self, schema: TableSchema, name: str, new: pl.DataFrame, on_conflict: OnConflict
    ) -> Merged:
        """One partition after the append."""
        path = self.root / name
        old = shape(schema.name, pl.read_parquet(path)) if path.is_file() else None
        return merge_rows(schema, name, old, new, on_conflict)

    def _write(self, schema: TableSchema, merged: list[Merged]) -> AppendResult:
        """Write changed partitions, then the manifest; also heals entries of an earlier kill."""
        files = read_manifest(self.root)
        written: list[str] = []
        try:
            for part in merged:
                name = part.partition
                if part.rows is not None:
                    files[name] = self._replace(name, part.rows)
                    written.append(name)
                elif _heal(self.root, name, files):
                    written.append(name)
        finally:
            if written:
                write_manifest(self.root, files)
        return _result(schema.name, merged)

    def _replace(self, name: str, rows: pl.DataFrame) -> FileFacts:
        path = self.root / name
        with replacing(path) as partial:
            rows.write_parquet(partial, compression="zstd", compression_level=3)
        return file_facts(path, rows.height)


class Merging:
    """Appends ticks to a lake batch by batch, and writes each day's file once.

    A day's file is put in place when a batch of other days comes, when more than ``OPEN_FILES``
    are open (half a GiB of rows that wait), or at the end of the block. A batch whose stocks do not
    come after those of the one before ends the day's file, too: the next rows are merged into it
    anew.

    Parameters
    ----------
    lake : gets the rows
    on_conflict : for a key that is there with other values
    locked : whether the right to write the lake is held already
    """

    def __init__(self, lake: Lake, on_conflict: OnConflict, locked: bool = False) -> None:
        self._lake, self._locked = lake, locked
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
                self._open[name] = DayMerge(self._lake.root, schema, name, self._on_conflict)
            merged.append(self._open[name].add(part))
            if len(self._open) > OPEN_FILES:
                self._finish(list(self._open))
        return _result(table, merged)

    def _finish(self, names: list[str]) -> None:
        """Put files in place, and note them in the manifest."""
        if not names:
            return
        root = self._lake.root
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


def _within(start: date | None, end: date | None) -> list[pl.Expr]:
    bounds = [pl.col("date") >= start] if start else []
    return bounds + ([pl.col("date") <= end] if end else [])


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
