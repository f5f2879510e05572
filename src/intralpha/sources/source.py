"""Source: where rows come from. A reader yields batches; what it cannot use it hands over too."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

import polars as pl

from intralpha.base import DataError, Kinded

QUARANTINE = {"origin": pl.String(), "line": pl.Int64(), "reason": pl.String(), "row": pl.String()}


class SourceError(DataError):
    """A vendor file cannot be read at all."""

    def __init__(self, origin: str, found: str, expected: str) -> None:
        self.origin, self.found, self.expected = origin, found, expected
        super().__init__(f"{origin}: found {found}; expected {expected}.")


class NothingReadError(DataError):
    """A source has rows, and none of them can be used."""

    def __init__(self, source: str, reasons: dict[str, int], first: dict[str, str]) -> None:
        self.source, self.reasons, self.first = source, reasons, first
        shown = "".join(
            f"\n  {n:,} x {why}" + (f": {first[why]}" if why in first else "")
            for why, n in sorted(reasons.items(), key=lambda item: -item[1])[:5]
        )
        super().__init__(
            f"source {source}: found {sum(reasons.values()):,} rows, none of which can be used; "
            f"expected some.{shown}\nHint: mend what is described above in the source; the rows "
            "stand in the lake's folder `quarantine`."
        )


class SetAsideError(DataError):
    """Most rows of a source cannot be used; the others are in the lake."""

    def __init__(self, source: str, table: str, aside: int, read: int, said: str) -> None:
        self.source, self.table, self.aside, self.read = source, table, aside, read
        super().__init__(
            f"source {source} -> {table}: {aside:,} of {read:,} rows are set aside; expected fewer "
            f"than half.\n  {said}\nHint: mend the source and ingest again, the others are in the "
            "lake; `quality.fail_above: 1` or `--fail-above 1` takes it as it is."
        )


@dataclass(frozen=True)
class Batch:
    """Rows of one table, ready for the lake, and everything that did not make it.

    Attributes
    ----------
    table : table of the lake
    frame : rows in the table's schema; what ``derived`` names may be null, the lake derives it
    origin : file or files the rows come from
    quarantined : ``origin``, ``line`` (1 is the header, null if unknown), ``reason``, ``row``
    repairs : kind of repair -> number of rows it touched
    rows_read : data rows found in the files
    notes : what was seen and left as it is -> how often
    first : reason of the quarantine -> where it was first given, what was found and expected there
    lists : whether these are rows of ``membership`` of lists that hold until the next one, so that
        a list of the lake may end one of these, and one of these a list of the lake
    """

    table: str
    frame: pl.DataFrame
    origin: str
    quarantined: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))
    repairs: dict[str, int] = field(default_factory=dict)
    rows_read: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    lists: bool = False


class Source(ABC):
    """A reader of one vendor format, or a simulated market."""

    name: str

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Yield the data in pieces that fit in memory; the order does not matter."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Changes when the data behind the source may have changed."""


class SourceSpec(Kinded):
    """Where rows come from: family of vendor formats and simulated markets.

    A new format is one file with a kind and its :class:`Source`.
    """

    homes: ClassVar[tuple[str, ...]] = (
        "intralpha.sources",
        "intralpha.sources.exchange",
        "intralpha.sources.level2",
    )

    def make(self) -> Source:
        """The reader; nothing is read before its ``batches`` are asked for."""
        raise NotImplementedError(f"{type(self).__name__} makes no source")

    def span(self) -> tuple[date, date] | None:
        """First and last day that it has rows of, before it is ingested; None where that is not
        known, or not cheaply.

        Raises
        ------
        PathError, SourceError
            Files that are read for it are not there, or cannot be read at all.
        """
        return None
