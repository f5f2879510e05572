"""Settled: partitions of a lake after an append, everything in them derived."""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Settled:
    """Partitions after an append, everything in them derived.

    Attributes
    ----------
    rows : partition -> its rows, of those that are not as they were
    rederived : rows that were there, that the append did not bring, and that have other values now
    unpriced : new bars without a price: nothing traded, and nothing before them is known
    refused : new rows that cannot be derived, with a ``reason``
    """

    rows: dict[str, pl.DataFrame]
    rederived: int = 0
    unpriced: int = 0
    refused: pl.DataFrame = field(default_factory=pl.DataFrame)
