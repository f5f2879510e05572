"""Source: where rows come from. A reader yields batches; what it cannot use it hands over too."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from intralpha.base import DataError, Kinded

QUARANTINE = {"origin": pl.String(), "line": pl.Int64(), "reason": pl.String(), "row": pl.String()}


class SourceError(DataError):
    """A vendor file cannot be read at all."""

    def __init__(self, origin: str, found: str, expected: str) -> None:
        self.origin, self.found, self.expected = origin, found, expected
        super().__init__(f"{origin}: found {found}; expected {expected}.")


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
    """

    table: str
    frame: pl.DataFrame
    origin: str
    quarantined: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))
    repairs: dict[str, int] = field(default_factory=dict)
    rows_read: int = 0
    notes: dict[str, int] = field(default_factory=dict)


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
