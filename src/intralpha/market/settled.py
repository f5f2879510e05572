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


def other_values(
    old: pl.DataFrame | None, new: pl.DataFrame, came: pl.DataFrame, key: list[str]
) -> int:
    """How many rows that were there, and did not come now, have other values.

    Parameters
    ----------
    old : rows of a partition as they were; None if there was none
    new : rows that were derived, with the columns that are compared
    came : rows of the append itself
    key : columns that tell rows apart
    """
    if old is None:
        return 0
    stood = new.join(came.select(key), on=key, how="anti")
    return stood.join(old, on=stood.columns, how="anti", nulls_equal=True).height
