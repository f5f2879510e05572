"""Lake: an append-only tree of Parquet partitions with a manifest of checksums."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.base import ConfigError, DataError
from intralpha.base.panel import Day, as_days
from intralpha.market.append import AppendResult, Merging, append_rows
from intralpha.market.manifest import (
    FileFacts,
    check_sizes,
    hashed,
    read_manifest,
    table_files,
)
from intralpha.market.merge import OnConflict
from intralpha.market.partition import day_of, freq_of
from intralpha.market.prints import NOTHING_KNOWN, joined_prints, known_prints, month_prints
from intralpha.market.restriction import Declared, LimitedLakeError, Restriction
from intralpha.market.schemas import TABLES
from intralpha.market.sound import check_bytes


class NoLakeError(DataError):
    """There is no lake in that folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(f"no lake at {root}.\nHint: `intralpha ingest` makes one.")


class LakeFolderError(ConfigError):
    """The folder of a lake cannot be made."""

    def __init__(self, root: Path, error: OSError) -> None:
        self.root = root
        super().__init__(
            f"no lake can be made at {root}: {error.strerror}.\n"
            "Hint: data.lake (or --lake) is a folder that you may write to."
        )


class PartitionError(DataError):
    """A question that a table of this form has no answer to."""

    def __init__(self, table: str, found: str, expected: tuple[str, ...]) -> None:
        self.table, self.found, self.expected = table, found, expected
        super().__init__(
            f"table {table} has one file a {found}; expected one a {' or '.join(expected)}.\n"
            "Hint: day_prints is for tables with a date, table_print for those with a single file."
        )


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
    LakeFolderError
        It cannot be made.
    """

    def __init__(self, root: Path | str, create: bool = False) -> None:
        self.root = Path(root)
        if create:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LakeFolderError(self.root, error) from error
        elif not self.root.is_dir():
            raise NoLakeError(self.root)
        self._view = Restriction()

    def limited(self, tables: Declared | None = None, last: date | None = None) -> "Lake":
        """A view that shows only some tables, and nothing that is dated after a day.

        Parameters
        ----------
        tables : pairs of a table and the minutes of its bars (None for other tables, and for bars
            of all frequencies); None: every table that this lake shows
        last : no session after it is shown, nor rows of reference tables that start after it; an
            end after it is null, as it was then. None: all days

        Returns
        -------
        Lake
            For reading only, with the same root, so that what features keep in ``.cache`` is found.
            Of ``bars``, all frequencies are those declared.

        Raises
        ------
        UndeclaredReadError
            When a table is read that is not among ``tables``.
        """
        view = Lake(self.root)
        view._view = self._view.narrowed(tables, last)
        return view

    def append(
        self,
        table: str,
        frame: pl.DataFrame,
        on_conflict: OnConflict = "error",
        valid: bool = False,
    ) -> AppendResult:
        """Merge rows into their partitions; a partition that would not change is not touched.

        What rows of ``daily`` and ``bars`` derive (the words of their column ``derived``) is made
        from the rows before them, whatever order they come in; later rows that follow from new ones
        derive anew. A bar that no source gave gives way to one that a source gives.

        Parameters
        ----------
        table : name in ``TABLES``
        frame : rows, validated first
        on_conflict : for a key that is there with other values: ``error``, ``keep`` or ``replace``
        valid : whether the rows are the good ones of :func:`~intralpha.market.split_valid`, and
            need not be looked at again

        Raises
        ------
        SchemaError, RowError
            The rows are not valid.
        ConflictError
            A conflict, when ``on_conflict`` is ``error``; no partition has been changed.
        LimitedLakeError
            This is a limited view.
        LakeWriteError
            The disk is full or refuses; partitions finished before are complete and recorded.
        """
        self._check_whole()
        return append_rows(self.root, table, frame, on_conflict, valid)

    def merging(self, on_conflict: OnConflict = "error") -> "Merging":
        """Append ticks batch by batch, each day's file written once.

        See :class:`~intralpha.market.append.Merging`.
        """
        self._check_whole()
        return Merging(self.root, on_conflict)

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
            The view does not show the table.
        DamagedFileError
            A file is not as long as it was when it was written.
        """
        schema = TABLES[table]
        found = self._files(table, start, end, freq)
        files = [self.root / name for name in found]
        if not files:
            return pl.LazyFrame(schema=schema.columns)
        check_sizes(self.root, found)
        rows = pl.scan_parquet(files, schema=schema.columns, missing_columns="insert")
        if schema.partition == "month":
            rows = rows.filter(*_within(start, self._view.end(end)))
        return self._view.known(schema, rows)

    def day_file(self, table: str, on: date, freq: int | None = None) -> Path | None:
        """The file of a session of a table that has one a day; None if there is none.

        Parameters
        ----------
        table : name in ``TABLES``
        on : session
        freq : minutes of one bar, for ``bars``
        """
        names = self._files(table, on, on, freq)
        return self.root / next(iter(names)) if names else None

    def has(self, table: str) -> bool:
        """Whether the table has any file; of a view up to a day, any row."""
        if self._view.last is None or TABLES[table].partition == "day":
            return bool(self._files(table))
        return not self.scan(table).head(1).collect().is_empty()

    def freqs(self) -> tuple[int, ...]:
        """Frequencies of the bars, in minutes, ascending."""
        return tuple(sorted({freq_of(name) for name in self._files("bars")}))

    def dates(self, table: str, freq: int | None = None) -> np.ndarray:
        """Sessions of a table, ascending, as ``datetime64[D]``.

        Parameters
        ----------
        table : name in ``TABLES``, not a reference table
        freq : minutes of one bar, for ``bars`` (default: all frequencies)
        """
        if TABLES[table].partition == "day":
            return as_days(sorted({day_of(name) for name in self._files(table, freq=freq)}))
        return as_days(self.scan(table).select(pl.col("date").unique().sort()).collect()["date"])

    def version(self, tables: tuple[str, ...] | None = None) -> str:
        """Content hash of the lake, or of some tables; equal content, equal version.

        Of a limited view, hash of what it shows.
        """
        digest = hashlib.sha256()
        for table in sorted(TABLES):
            if (tables is None or table in tables) and self._view.names(table):
                for name, text in self._contents(table):
                    digest.update(f"{name} {text}\n".encode())
        return digest.hexdigest()[:16]

    def checksums(self, table: str, freq: int | None = None) -> dict[date, str]:
        """Checksum of each session's file of a table that has one file a day.

        What was made from a file can be kept under its checksum: it is stale when they differ.

        Parameters
        ----------
        table : name in ``TABLES``
        freq : minutes of one bar, for ``bars``

        Raises
        ------
        PartitionError
            The table has not one file a day.
        """
        _demand(table, "day")
        found = self._files(table, freq=freq).items()
        return {day_of(name): facts.checksum for name, facts in found}

    def day_prints(self, table: str, freq: int | None = None) -> dict[date, str]:
        """Digest of the content of each session of a table with a date.

        Parameters
        ----------
        table : name in ``TABLES``, not a reference table
        freq : minutes of one bar, for ``bars`` (default: all frequencies together)

        Returns
        -------
        dict
            Session -> digest that moves when a row of that session moves, and only then: for tables
            with one file a day its checksum, for ``daily`` a digest of the date's rows.

        Raises
        ------
        PartitionError
            A reference table: see :meth:`table_print`.
        PrintError
            A month's file is not the one that the manifest describes.
        UndeclaredReadError
            The view does not show the table.

        Notes
        -----
        Digests of months are kept in ``.cache``: sixteen years take a few hundredths of a second.
        """
        _demand(table, "day", "month")
        out: dict[date, str] = {}
        for name, facts in self._files(table, freq=freq).items():
            if TABLES[table].partition == "month":
                out |= month_prints(self.root, table, name, facts)
                continue
            day, text = day_of(name), facts.checksum
            out[day] = text if day not in out else joined_prints(out[day], name, text)
        last = self._view.last
        return {day: text for day, text in out.items() if last is None or day <= last}

    def table_print(self, table: str, day: Day) -> str:
        """Digest of what a reference table says as of a day.

        Parameters
        ----------
        table : name in ``TABLES``, one without a date
        day : rows that start later, and ends that come later, have no part in it

        Raises
        ------
        PartitionError
            A table with a date: see :meth:`day_prints`.
        PrintError
            The file is not the one that the manifest describes.
        UndeclaredReadError
            The view does not show the table.

        Notes
        -----
        Thousands of days take milliseconds: the digest is a chain over the days on which something
        became known, kept in memory and in ``.cache``.
        """
        _demand(table, "single")
        wanted = self._view.end(as_days([day])[0].item())
        assert wanted is not None
        for name, facts in self._files(table).items():
            return known_prints(self.root, table, name, facts.checksum).upto(wanted)
        return NOTHING_KNOWN.upto(wanted)

    def demand_sound(
        self,
        table: str,
        start: date | None = None,
        end: date | None = None,
        freq: int | None = None,
    ) -> None:
        """Refuse a table of which a byte is not as it was written.

        A scan looks at the lengths of files only: some of the bytes that a Parquet file has in its
        middle can change, and it is read as other numbers. A run asks before it makes anything.

        Parameters
        ----------
        table, start, end, freq : as of :meth:`scan`; files out of range are not looked at

        Raises
        ------
        DamagedFileError
            A file is gone, or longer or shorter than it was.
        PrintError
            The bytes of a file differ from their checksum.
        """
        check_bytes(self.root, self._files(table, start, end, freq))

    def verify(self) -> tuple[str, ...]:
        """Faults found by hashing every file: missing, changed or unknown ones; empty if sound."""
        known = read_manifest(self.root)
        faults = []
        for name, facts in sorted(known.items()):
            path = self.root / name
            if not path.is_file():
                faults.append(f"{name} is missing")
            elif hashed(path) != facts.checksum:
                faults.append(f"{name} differs from its checksum")
        present = {str(p.relative_to(self.root)) for t in TABLES for p in self._tree(t)}
        return (
            *faults,
            *(f"{name} is not in the manifest" for name in sorted(present - set(known))),
        )

    def _tree(self, table: str) -> list[Path]:
        return sorted((self.root / table).rglob("*.parquet"))

    def _check_whole(self) -> None:
        """Refuse to write through a view."""
        if not self._view.whole:
            raise LimitedLakeError(self.root)

    def _contents(self, table: str) -> Iterator[tuple[str, str]]:
        """What is shown of a table, piece by piece, each with a digest."""
        if self._view.last is None:
            for name, facts in self._files(table).items():
                yield name, facts.checksum
        elif TABLES[table].partition == "single":
            yield table, self.table_print(table, self._view.last)
        else:
            for day, text in sorted(self.day_prints(table).items()):
                yield f"{table} {day}", text

    def _files(
        self,
        table: str,
        start: date | None = None,
        end: date | None = None,
        freq: int | None = None,
    ) -> dict[str, FileFacts]:
        """Files of a table that may hold rows of the range, in the order of their names."""
        wanted = freq if table == "bars" else None
        self._view.check(table, wanted)
        end = self._view.end(end)
        folder = f"{table}/" if wanted is None else f"{table}/freq={wanted}min/"
        width = {"day": 10, "month": 7}.get(TABLES[table].partition, 0)
        lo = start.isoformat()[:width] if start and width else ""
        hi = end.isoformat()[:width] if end and width else "~"
        return {
            name: facts
            for name, facts in table_files(self.root, table).items()
            if name.startswith(folder) and lo <= _stamp(name) <= hi and self._view.shows(name)
        }


def _within(start: date | None, end: date | None) -> list[pl.Expr]:
    bounds = [pl.col("date") >= start] if start else []
    return bounds + ([pl.col("date") <= end] if end else [])


def _stamp(name: str) -> str:
    """Day or month of a file; the table of one that has neither."""
    return name.rsplit("/", 1)[1].removesuffix(".parquet").rsplit("=", 1)[-1]


def _demand(table: str, *partitions: str) -> None:
    if TABLES[table].partition not in partitions:
        raise PartitionError(table, TABLES[table].partition, partitions)
