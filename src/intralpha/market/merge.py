"""Merge: new rows of a partition beside those that are there; what is the same stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from intralpha.base import DataError
from intralpha.market.derived import derived_in, says
from intralpha.market.partition import partitions
from intralpha.market.schemas import TableSchema

OnConflict = Literal["error", "keep", "replace"]


class ConflictError(DataError):
    """New rows share a key with rows of the lake but hold other values."""

    def __init__(
        self,
        table: str,
        partition: str,
        new: pl.DataFrame,
        old: pl.DataFrame,
        columns: Sequence[str],
    ) -> None:
        self.table, self.partition, self.rows = table, partition, new.height
        differ = [c for c in columns if not new[c].eq_missing(old[c]).all()]
        super().__init__(
            f"{new.height:,} rows of {partition} are in the lake with other values (columns "
            f"{', '.join(differ)}).\nfound:   {new.row(0, named=True)}\n"
            f"in lake: {old.row(0, named=True)}\n"
            "Hint: `--on-conflict keep` (on_conflict='keep') leaves the lake as it is, `replace` "
            "takes the new rows."
        )


@dataclass(frozen=True)
class Merged:
    """Rows of a table with new ones among them.

    Attributes
    ----------
    rows : in ``schema.order``, or as they came where nothing was there; None if nothing changes
    added, replaced, kept : how many of the new rows were not there, were there with other values
        and stand now, or were there already
    old : what was there; None if there was nothing
    changed : new rows that were not there, or stand in place of others
    """

    rows: pl.DataFrame | None
    added: int
    replaced: int
    kept: int
    old: pl.DataFrame | None
    changed: pl.DataFrame


def merge_rows(
    schema: TableSchema, old: pl.DataFrame | None, new: pl.DataFrame, on_conflict: OnConflict
) -> Merged:
    """Old and new rows as one table.

    What a new row derives is not compared: it follows from the rows before it. A bar that no source
    gave, or that says only that nothing traded, gives way to a bar with prices whatever
    ``on_conflict`` is; a bar that no source gave never takes the place of another.

    Parameters
    ----------
    schema : of the table
    old : what is there of some partitions, each key once; None if there is nothing
    new : each key once
    on_conflict : for a key that is there with other values

    Raises
    ------
    ConflictError
        A conflict, when ``on_conflict`` is ``error``.
    """
    if old is None or old.is_empty():
        return Merged(new, new.height, 0, 0, None, new)
    key = list(schema.key)
    shared_new = new.join(old.select(key), on=key, how="semi")
    if shared_new.is_empty():
        rows = pl.concat([old, new]).sort(schema.order)
        return Merged(rows, new.height, 0, 0, old, new)
    fresh = new.join(old.select(key), on=key, how="anti")
    shared_new = shared_new.sort(schema.order)
    shared_old = old.join(new.select(key), on=key, how="semi").sort(schema.order)
    stands, yields = _same(schema, shared_new, shared_old), _yields(schema, shared_new, shared_old)
    clashes = ~stands & ~yields
    if clashes.any() and on_conflict == "error":
        _refuse(schema, shared_new.filter(clashes), shared_old.filter(clashes))
    taken = shared_new.filter(~stands if on_conflict == "replace" else yields)
    kept = shared_new.height - taken.height
    changed = pl.concat([fresh, taken])
    if changed.is_empty():
        return Merged(None, 0, 0, kept, old, changed)
    base = old.join(taken.select(key), on=key, how="anti") if taken.height else old
    rows = pl.concat([base, changed]).sort(schema.order)
    return Merged(rows, fresh.height, taken.height, kept, old, changed)


def _refuse(schema: TableSchema, new: pl.DataFrame, old: pl.DataFrame) -> None:
    """Say what clashes in the first partition with a clash; rows of both are in order."""
    (name, found), (_, there) = partitions(schema, new)[0], partitions(schema, old)[0]
    told = [c for c in schema.columns if c != "derived" and not _derives(schema, c, found).all()]
    raise ConflictError(schema.name, name, found, there, told)


def _same(schema: TableSchema, new: pl.DataFrame, old: pl.DataFrame) -> pl.Series:
    """Whether each new row says nothing that the old one does not."""
    same = pl.Series([True] * new.height, dtype=pl.Boolean)
    for column in schema.columns:
        if column in schema.key or column == "derived":
            continue
        same &= new[column].eq_missing(old[column]) | _derives(schema, column, new)
    return same | _only(schema, new, "row")


def _derives(schema: TableSchema, column: str, rows: pl.DataFrame) -> pl.Series:
    rule = derived_in(schema.name, column)
    if rule is None or rows["derived"].null_count() == rows.height:
        return pl.repeat(value=False, n=rows.height, eager=True)
    return rows.select(rule.alias(column)).to_series()


def _yields(schema: TableSchema, new: pl.DataFrame, old: pl.DataFrame) -> pl.Series:
    """Whether each old bar gives way to the new one, which says more."""
    row, prices = _only(schema, old, "row"), _only(schema, old, "prices")
    new_row, new_prices = _only(schema, new, "row"), _only(schema, new, "prices")
    return (row & ~new_row) | (prices & ~new_row & ~new_prices)


def _only(schema: TableSchema, rows: pl.DataFrame, word: str) -> pl.Series:
    """Which rows are bars with that word."""
    if schema.name != "bars" or rows["derived"].null_count() == rows.height:
        return pl.repeat(value=False, n=rows.height, eager=True)
    return rows.select(says(word)).to_series()
