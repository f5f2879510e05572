"""Merge: new rows of a partition beside those that are there; what is the same stays."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from intralpha.base import DataError
from intralpha.market.schemas import TableSchema

OnConflict = Literal["error", "keep", "replace"]


class ConflictError(DataError):
    """New rows share a key with rows of the lake but hold other values."""

    def __init__(self, table: str, partition: str, new: pl.DataFrame, old: pl.DataFrame) -> None:
        self.table, self.partition, self.rows = table, partition, new.height
        differ = [c for c in new.columns if not new[c].eq_missing(old[c]).all()]
        super().__init__(
            f"{new.height:,} rows of {partition} are in the lake with other values (columns "
            f"{', '.join(differ)}).\nfound:   {new.row(0, named=True)}\n"
            f"in lake: {old.row(0, named=True)}\n"
            "Hint: on_conflict='keep' leaves the lake as it is, 'replace' takes the new rows."
        )


@dataclass(frozen=True)
class Merged:
    """Rows of a partition with new ones among them.

    Attributes
    ----------
    partition : its file, relative to the lake
    rows : sorted; None if nothing changes
    added, replaced, kept : how many of the new rows were not there, were there with other values
        and stand now, or were there already
    """

    partition: str
    rows: pl.DataFrame | None
    added: int
    replaced: int
    kept: int


def merge_rows(
    schema: TableSchema,
    partition: str,
    old: pl.DataFrame | None,
    new: pl.DataFrame,
    on_conflict: OnConflict,
) -> Merged:
    """Old and new rows as one table.

    Parameters
    ----------
    schema : of the table
    partition : its file, relative to the lake
    old : what is there, each key once; None if there is nothing
    new : each key once
    on_conflict : for a key that is there with other values

    Raises
    ------
    ConflictError
        A conflict, when ``on_conflict`` is ``error``.
    """
    if old is None or old.is_empty():
        return Merged(partition, new, new.height, 0, 0)
    key = list(schema.key)
    fresh = new.join(old, on=key, how="anti")
    shared_new = new.join(old.select(key), on=key, how="semi").sort(key)
    shared_old = old.join(new.select(key), on=key, how="semi").sort(key)
    same = pl.Series([True] * shared_new.height, dtype=pl.Boolean)
    for column in schema.columns:
        same &= shared_new[column].eq_missing(shared_old[column])
    clashes = shared_new.filter(~same)
    if clashes.height and on_conflict == "error":
        raise ConflictError(schema.name, partition, clashes, shared_old.filter(~same))
    replaced = clashes.height if on_conflict == "replace" else 0
    if not fresh.height and not replaced:
        return Merged(partition, None, 0, 0, shared_new.height)
    base = old.join(clashes.select(key), on=key, how="anti") if replaced else old
    rows = pl.concat([base, fresh, *([clashes] if replaced else [])]).sort(schema.sort)
    return Merged(partition, rows, fresh.height, replaced, shared_new.height - replaced)
