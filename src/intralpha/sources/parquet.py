"""A vendor's Parquet files, with the columns that are needed and no others."""

import io
from collections.abc import Iterator

import polars as pl

from intralpha.sources.files import members
from intralpha.sources.source import SourceError
from intralpha.sources.symbols import why_no_symbol


def read_each(path: str, needed: tuple[str, ...]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and some columns of every Parquet file behind a path.

    Raises
    ------
    SourceError
        One is no Parquet, lacks a column, or has lists or bytes in it.
    """
    for name, content in members(path, "*.parquet"):
        frame = read_parquet(name, content, needed)
        check_types(name, frame)
        yield name, frame


def check_types(name: str, frame: pl.DataFrame) -> None:
    """Refuse columns that hold lists, bytes, spans of time and the like.

    Raises
    ------
    SourceError
        With the first such column and its type.
    """
    for column, kind in frame.schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration):
            raise SourceError(name, f"column {column!r} of type {kind}", "text, numbers or times")


def read_parquet(name: str, content: bytes, needed: tuple[str, ...]) -> pl.DataFrame:
    """Some columns of a Parquet file in their own types, categories as text.

    Parameters
    ----------
    name : of the file, for errors
    content : its bytes
    needed : columns

    Raises
    ------
    SourceError
        It is no Parquet, is damaged, or lacks a column.
    """
    try:
        found = list(pl.read_parquet_schema(io.BytesIO(content)))
        missing = [c for c in needed if c not in found]
        if missing:
            raise SourceError(name, f"columns {found}", f"also {', '.join(missing)}")
        frame = pl.read_parquet(io.BytesIO(content), columns=list(needed))
        return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise SourceError(name, f"no readable Parquet ({error})", "a whole Parquet file") from error


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
