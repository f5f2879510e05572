"""Restriction: the tables and the last day that a view of a lake shows."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from intralpha.base import DataError
from intralpha.market.partition import freq_of
from intralpha.market.schemas import TableSchema

Declared = frozenset[tuple[str, int | None]]


class UndeclaredReadError(DataError):
    """Code reads a table that it did not declare."""

    def __init__(self, table: str, freq: int | None, declared: Declared) -> None:
        self.table, self.freq, self.declared = table, freq, declared
        shown = ", ".join(sorted(_shown(*one) for one in declared)) or "none"
        super().__init__(
            f"{_shown(table, freq)} is read, but not declared; declared are {shown}.\n"
            "Hint: add it to the reads of what computes this: its results are kept under a digest "
            "of the data it declares."
        )


class LimitedLakeError(DataError):
    """A view of a lake is asked to change it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"found a limited view of {root}, which can only be read; expected the whole lake.\n"
            "Hint: append to Lake(root)."
        )


@dataclass(frozen=True)
class Restriction:
    """What a view of a lake shows.

    Attributes
    ----------
    tables : table and minutes of its bars (None for other tables, and for bars of all
        frequencies); None: every table
    last : nothing of a later day is shown; None: all days
    """

    tables: Declared | None = None
    last: date | None = None

    def check(self, table: str, freq: int | None) -> None:
        """Refuse a table, or bars of a frequency, that is not declared.

        Raises
        ------
        UndeclaredReadError
        """
        known = self.tables
        if known is None or (table, None) in known or (table, freq) in known:
            return
        if table == "bars" and freq is None and any(name == "bars" for name, _ in known):
            return  # all frequencies: of those that are declared
        raise UndeclaredReadError(table, freq, known)

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden."""
        return self.tables is None and self.last is None

    def names(self, table: str) -> bool:
        """Whether any part of a table is declared."""
        return self.tables is None or any(name == table for name, _ in self.tables)

    def shows(self, name: str) -> bool:
        """Whether a file of a table that may be read is part of the view."""
        if self.tables is None or not name.startswith("bars/"):
            return True
        return bool({("bars", None), ("bars", freq_of(name))} & self.tables)

    def end(self, wanted: date | None) -> date | None:
        """The earlier of the two last days."""
        days = [day for day in (wanted, self.last) if day is not None]
        return min(days, default=None)

    def narrowed(self, tables: Declared | None, last: date | None) -> "Restriction":
        """A view of this view."""
        if tables is not None and self.tables is not None:
            for table, freq in sorted(tables, key=str):
                self.check(table, freq)
        return Restriction(self.tables if tables is None else tables, self.end(last))

    def known(self, schema: TableSchema, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rows of a reference table as they are known on the last day."""
        if self.last is None or schema.start is None:
            return rows
        start = pl.col(schema.start)
        rows = rows.filter(start.is_null() | (start <= self.last))
        if schema.end is None:
            return rows
        end = pl.col(schema.end)
        return rows.with_columns(pl.when(end <= self.last).then(end).alias(schema.end))


def _shown(table: str, freq: int | None) -> str:
    return f"{table} of {freq} minutes" if freq else table
