"""Rows of reference tables, of Parquet or csv: their columns, and why a row cannot be used."""

from collections.abc import Iterator

import polars as pl

from intralpha.sources.files import members
from intralpha.sources.parquet import check_types, read_parquet
from intralpha.sources.plain_csv import plain_csv
from intralpha.sources.source import SourceError
from intralpha.sources.symbols import why_no_symbol

PACKED = (".gz", ".zst")


def read_each(path: str, needed: tuple[str, ...]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and some columns of every Parquet or csv file behind a path.

    Parameters
    ----------
    path : file, folder, glob or archive
    needed : columns; of csv they are text

    Raises
    ------
    SourceError
        One is no Parquet or no such text, lacks a column, has lists or bytes in it, or lines with
        another number of fields.
    """
    names = []
    for name, content in members(path, "*"):
        names.append(name)
        kind = _suffix(name)
        if kind == ".parquet":
            frame = read_parquet(name, content, needed)
            check_types(name, frame)
            yield name, frame
        elif kind == ".csv":
            yield name, plain_csv(name, content, needed)
    if not any(_suffix(name) in (".parquet", ".csv") for name in names):
        raise SourceError(path, f"{', '.join(names[:5])} only", "files named .parquet or .csv")


def _suffix(name: str) -> str:
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name[name.rfind(".") :]


def set_aside(
    name: str, rows: pl.DataFrame, reason: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows without a reason, and the others as quarantine.

    Parameters
    ----------
    name : of the file
    rows : as they were read
    reason : why each row cannot be used; null of a good one
    """
    bad = reason.is_not_null()
    numbered = rows.with_row_index("(row)", 1).with_columns(reason.alias("(reason)"))
    text = pl.concat_str(
        [pl.col(c).cast(pl.String, strict=False) for c in rows.columns],
        separator=",",
        ignore_nulls=True,
    )
    aside = numbered.filter(bad).select(
        pl.lit(name).alias("origin"),
        pl.col("(row)").cast(pl.Int64).alias("line"),
        pl.col("(reason)").alias("reason"),
        text.alias("row"),
    )
    return rows.filter(~bad), aside


def why_unused(symbols: pl.Series, days: pl.Series, read: pl.Series, field: str) -> pl.Series:
    """Why a row of a reference table cannot be used: its symbol or its day; null of a good one.

    Parameters
    ----------
    symbols : the vendor's
    days : the vendor's
    read : the days as dates, null where they are none
    field : the vendor's name of the days; an empty one is no fault
    """
    no_symbol = pl.Series([why_no_symbol(s) or None for s in symbols], dtype=pl.String)
    empty = days.cast(pl.String).str.strip_chars().is_in(["", "NaN"])
    lost = days.is_not_null() & ~empty.fill_null(value=True) & read.is_null()
    late = pl.Series([f"{field} is no day"], dtype=pl.String).new_from_index(0, len(days))
    return no_symbol.zip_with(no_symbol.is_not_null() | ~lost, late)
