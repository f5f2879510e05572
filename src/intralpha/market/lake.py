"""Lake: an append-only tree of Parquet partitions with a manifest of checksums."""

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.base import DataError
from intralpha.base.panel import Day, as_days
from intralpha.market.append import AppendResult, Merging, append_rows
from intralpha.market.manifest import file_facts, read_manifest
from intralpha.market.merge import OnConflict
from intralpha.market.prints import NOTHING_KNOWN, KnownPrints, known_prints, month_prints
from intralpha.market.restriction import Declared, LimitedLakeError, Restriction
from intralpha.market.schemas import TABLES

EVERYTHING = Restriction()


class NoLakeError(DataError):
    """There is no lake in that folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(f"no lake at {root}.\nHint: `intralpha ingest` makes one.")


class Lake:
    """An append-only folder of tables, safe for many readers and one writer at a time.

    Intraday tables have one file a day, ``daily`` one a month, reference tables one. Rows are
    sorted, files are replaced in one step, and ``manifest.json`` holds a checksum of each, so
    that any reader (Polars, DuckDB, pandas) may open the files while they grow.

    Parameters
    ----------
    root : folder
    create : make the folder if it is absent
    shown : what of it can be read; see :meth:`limited`

    Raises
    ------
    NoLakeError
        If the folder is absent and ``create`` is false.
    """

    def __init__(
        self, root: Path | str, create: bool = False, shown: Restriction = EVERYTHING
    ) -> None:
        self.root, self._shown = Path(root), shown
        if create:
            self.root.mkdir(parents=True, exist_ok=True)
        elif not self.root.is_dir():
            raise NoLakeError(self.root)

    def limited(self, tables: Declared | None, last: date | None) -> "Lake":
        """A view that shows some tables up to a day, and cannot be written.

        Parameters
        ----------
        tables : (table, minutes of its bars or None); None: every table
        last : nothing dated later is shown: sessions, rows, checksums; of reference tables what was
            known on that day, as :meth:`table_print` says. None: all days
        """
        return Lake(self.root, shown=self._shown.narrowed(tables, last))

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
        LimitedLakeError
            This is a limited view.
        """
        self._writable(table)
        return append_rows(self.root, table, frame, on_conflict)

    def merging(self, on_conflict: OnConflict = "error") -> Merging:
        """Append ticks batch by batch, each day's file written once; see :class:`.Merging`."""
        self._writable("ticks")
        return Merging(self.root, on_conflict)

    def _writable(self, table: str) -> None:
        if self._shown != EVERYTHING:
            raise LimitedLakeError(self.root, table)

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

        Raises
        ------
        UndeclaredReadError
            A limited view does not show the table.
        """
        schema = TABLES[table]
        files = [self.root / name for name in self._files(table, start, end, freq)]
        if not files:
            return pl.LazyFrame(schema=schema.columns)
        rows = pl.scan_parquet(files, schema=schema.columns, missing_columns="insert")
        if schema.partition == "month":
            return rows.filter(*_within(start, self._shown.end(end)))
        return self._shown.known(schema, rows)

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

    def day_prints(self, table: str, freq: int | None = None) -> dict[date, str]:
        """Digest of each session of a table with one file a day or a month.

        Equal rows of a session give equal digests, whatever the other sessions are; of a table with
        one file a day it is the file's checksum.

        Parameters
        ----------
        table : with a column ``date``
        freq : minutes of one bar, for ``bars``
        """
        if TABLES[table].partition == "day":
            return self.checksums(table, freq)
        known, last = read_manifest(self.root), self._shown.end(None)
        out: dict[date, str] = {}
        for name in self._files(table):
            out |= month_prints(self.root, table, name, known[name])
        return {day: text for day, text in out.items() if last is None or day <= last}

    def table_print(self, table: str, day: Day) -> str:
        """Digest of what a reference table says at the end of a day.

        Rows count from their start (``list_date``, ``in_date``, ``announce_date``, ``ex_date``) on,
        and their end from the day it names on, so that a later event leaves earlier days as they
        were.

        Parameters
        ----------
        table : with a single file
        day : no later than the last one that a limited view shows
        """
        wanted = as_days([day])[0].item()
        return self._known(table).upto(self._shown.end(wanted) or wanted)

    def _known(self, table: str) -> KnownPrints:
        files = self._files(table)
        if not files:
            return NOTHING_KNOWN
        checksum = read_manifest(self.root)[files[0]].checksum
        if TABLES[table].start is None:
            return KnownPrints(np.array([-(2**31)]), (checksum,))
        return known_prints(self.root, table, files[0], checksum)

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
        self._shown.check(table, freq)
        end = self._shown.end(end)
        names = [n for n in sorted(read_manifest(self.root)) if n.split("/")[0] == table]
        names = [n for n in names if self._shown.shows(n)]
        if table == "bars" and freq is not None:
            names = [n for n in names if n.split("/")[1] == f"freq={freq}min"]
        width = {"day": 10, "month": 7}.get(TABLES[table].partition)
        if width is None:
            return names
        lo = start.isoformat()[:width] if start else ""
        hi = end.isoformat()[:width] if end else "9999"
        return [n for n in names if lo <= Path(n).stem.rsplit("=", 1)[1] <= hi]


def _within(start: date | None, end: date | None) -> list[pl.Expr]:
    bounds = [pl.col("date") >= start] if start else []
    return bounds + ([pl.col("date") <= end] if end else [])
