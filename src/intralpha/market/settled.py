"""Settled: partitions of a lake after an append, everything in them derived."""

from dataclasses import dataclass, field

import polars as pl

from intralpha.market.partition import partitions
from intralpha.market.schemas import TableSchema


@dataclass(frozen=True)
class Settled:
    """Partitions after an append, everything in them derived.

    Attributes
    ----------
    rows : partition -> its rows of the stocks, sorted, of those that are not as they were
    stocks : symbols; a partition's rows of other ones stay. None: ``rows`` are whole partitions
    rederived : rows that were there, that the append did not bring, and that have other values now
    unpriced : new bars without a price: nothing traded, and nothing before them is known
    refused : new rows that cannot be derived, with a ``reason``
    """

    rows: dict[str, pl.DataFrame]
    stocks: pl.Series | None = None
    rederived: int = 0
    unpriced: int = 0
    refused: pl.DataFrame = field(default_factory=pl.DataFrame)


def changed_parts(
    schema: TableSchema, new: pl.DataFrame, old: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    """Partitions whose rows of some stocks are not as they were.

    Parameters
    ----------
    schema : of the table
    new, old : in ``schema.order``, all rows of the stocks in the same partitions; None: there were
        none

    Returns
    -------
    dict
        Partition -> new rows; none where all have gone.
    """
    parts = dict(partitions(schema, new))
    if old is None or old.is_empty():
        return parts
    was = dict(partitions(schema, old))
    parts |= {name: new[:0] for name in was if name not in parts}
    none = new[:0]
    return {n: rows for n, rows in sorted(parts.items()) if not rows.equals(was.get(n, none))}


def other_values(
    old: pl.DataFrame | None, new: pl.DataFrame, came: pl.DataFrame, key: list[str]
) -> int:
    """How many rows that were there, and did not come now, have other values.

    Parameters
    ----------
    old : rows as they were; None if there were none
    new : rows that were derived, with the columns that are compared
    came : rows of the append itself
    key : columns that tell rows apart
    """
    if old is None or old.is_empty():
        return 0
    stood = new.join(came.select(key), on=key, how="anti")
    return stood.join(old, on=stood.columns, how="anti", nulls_equal=True).height
