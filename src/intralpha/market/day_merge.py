"""Day merge: rows of ticks merged into a day's file in one pass, a batch of stocks at a time."""

from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from intralpha.base import DataError
from intralpha.market.manifest import FileFacts, file_facts, replacing
from intralpha.market.merge import Merged, OnConflict, merge_rows
from intralpha.market.schemas import TableSchema, shape
from intralpha.market.sound import check_before_merging
from intralpha.market.tick_file import GroupWriter, rows_of


class ChangedMeanwhileError(DataError):
    """Another process replaced a day's file while rows were merged into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} was replaced by another process while rows were merged into it.\n"
            "Its rows are as that process left them. Hint: run the same command again."
        )


class DayMerge:
    """A day's file of one table with rows merged into it.

    The file is read once from its start to its end, and written beside itself; nothing is written
    where nothing changes. Memory: the rows of a batch, what the file holds of their stocks, and a
    row group.

    Parameters
    ----------
    root : of the lake
    schema : of a table that is sorted by symbol first
    name : the file, relative to the lake
    on_conflict : for a key that is there with other values
    """

    def __init__(self, root: Path, schema: TableSchema, name: str, on_conflict: OnConflict) -> None:
        self.schema, self.name = schema, name
        self._path = root / name
        self._on_conflict: OnConflict = on_conflict
        check_before_merging(root, (name,))
        self._stamp = _stamp(self._path)
        self._last = ""
        self._stack = ExitStack()
        self._writer: GroupWriter | None = None
        self._old: pq.ParquetFile | None = None
        self._group, self._rest = 0, pl.DataFrame()

    def follows(self, rows: pl.DataFrame) -> bool:
        """Whether the first stock of sorted rows comes after the last one taken."""
        return str(rows["symbol"][0]) > self._last

    def add(self, rows: pl.DataFrame) -> Merged:
        """Merge rows of stocks that come after all taken so far.

        Parameters
        ----------
        rows : valid and sorted, at least one

        Raises
        ------
        ConflictError
            A conflict, when ``on_conflict`` is ``error``.
        """
        old = rows_of(self._path, self.schema, rows["symbol"]) if self._stamp else None
        merged = merge_rows(self.schema, old, rows, self._on_conflict)
        self._last = str(rows["symbol"][-1])
        if merged.rows is not None:
            self._push(merged.rows)
        return merged

    def finish(self) -> FileFacts | None:
        """Put the new file in place; None if nothing changed.

        Raises
        ------
        ChangedMeanwhileError
            The file is not the one that was read.
        LakeWriteError
            The disk is full or refuses; the old file stands.
        """
        if self._writer is None:
            return None
        with self._stack:
            while self._fill():
                self._writer.add(self._rest)
                self._rest = self._rest[:0]
            self._writer.close()
            if _stamp(self._path) != self._stamp:
                raise ChangedMeanwhileError(self._path)
        return file_facts(self._path, self._writer.rows)

    def abandon(self, error: BaseException) -> None:
        """Leave the old file as it is."""
        if self._writer is not None:
            self._stack.__exit__(type(error), error, error.__traceback__)

    def _push(self, rows: pl.DataFrame) -> None:
        """Write the file's rows up to the last stock, with these in place of those of theirs."""
        writer = self._open()
        last, names = rows["symbol"][-1], rows["symbol"].unique().to_list()
        while self._fill() and self._rest["symbol"][0] <= last:
            cut = self._rest["symbol"].search_sorted(last, side="right")
            part, self._rest = self._rest[:cut], self._rest[cut:]
            kept = part.filter(~pl.col("symbol").is_in(names))
            if kept.height:
                before = rows["symbol"].search_sorted(kept["symbol"][-1])
                # No stock is in both, so the order of symbols is the order of all.
                writer.add(kept.merge_sorted(rows[:before], "symbol") if before else kept)
                rows = rows[before:]
        writer.add(rows)

    def _open(self) -> GroupWriter:
        if self._writer is None:
            partial = self._stack.enter_context(replacing(self._path))
            if self._stamp:
                self._old = self._stack.enter_context(pq.ParquetFile(self._path))
            self._writer = GroupWriter(partial)
            self._stack.callback(self._writer.close)
        return self._writer

    def _fill(self) -> bool:
        """Have rows of the file at hand that are not written yet; false at its end."""
        while self._old is not None and self._rest.is_empty():
            if self._group == self._old.num_row_groups:
                return False
            rows = pl.from_arrow(self._old.read_row_group(self._group))
            assert isinstance(rows, pl.DataFrame)
            self._rest = shape(self.schema.name, rows)
            self._group += 1
        return self._old is not None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from another one of the same name; None if there is none."""
    if not path.is_file():
        return None
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
