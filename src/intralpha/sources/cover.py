"""Cover: which stocks and sessions of a table the sources of an ingest brought."""

from dataclasses import dataclass
from datetime import date

import polars as pl


@dataclass(frozen=True)
class Cover:
    """What the sources of an ingest brought of one table, whether it was there before or not.

    Attributes
    ----------
    table : of the lake
    freq : minutes of the bars; None for other tables
    symbols : that have a valid row
    first, last : sessions; None for tables without dates
    """

    table: str
    freq: int | None
    symbols: frozenset[str]
    first: date | None
    last: date | None

    def joined(self, other: "Cover") -> "Cover":
        """Both together, of one table and frequency."""
        days = [d for d in (self.first, other.first, self.last, other.last) if d is not None]
        symbols = self.symbols | other.symbols
        first, last = min(days, default=None), max(days, default=None)
        return Cover(self.table, self.freq, symbols, first, last)


class Covering:
    """Gathers what batch after batch brings; as large as the list of all symbols."""

    def __init__(self) -> None:
        self._covers: dict[tuple[str, int | None], Cover] = {}

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Count valid rows of a table in."""
        for freq, part in _by_freq(table, rows):
            found = _cover(table, freq, part)
            known = self._covers.get((table, freq))
            self._covers[table, freq] = found if known is None else known.joined(found)

    @property
    def covers(self) -> tuple[Cover, ...]:
        """One a table and frequency, in the order of the first batches."""
        return tuple(self._covers.values())


def _by_freq(table: str, rows: pl.DataFrame) -> list[tuple[int | None, pl.DataFrame]]:
    if rows.is_empty():
        return []
    if table != "bars":
        return [(None, rows)]
    return [(int(part["freq"][0]), part) for part in rows.partition_by("freq", maintain_order=True)]


def _cover(table: str, freq: int | None, rows: pl.DataFrame) -> Cover:
    symbols = frozenset(rows["symbol"].unique().to_list())
    if "date" not in rows.columns:
        return Cover(table, freq, symbols, None, None)
    first, last = rows.select(first=pl.col("date").min(), last=pl.col("date").max()).row(0)
    return Cover(table, freq, symbols, first, last)
