"""Rows of reference tables, of Parquet or csv: their columns, and why a row cannot be used."""

from collections.abc import Iterable, Iterator

import polars as pl

from intralpha.sources.absent import absent
from intralpha.sources.files import members
from intralpha.sources.numerals import spelt
from intralpha.sources.parquet import check_types, read_parquet
from intralpha.sources.plain_csv import plain_table
from intralpha.sources.source import SourceError
from intralpha.sources.symbols import why_no_symbol
from intralpha.sources.when import timed_days

PACKED = (".gz", ".zst")
LINE = "(line)"


def read_each(path: str, needed: tuple[str, ...]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and some columns of every Parquet or csv file behind a path.

    Parameters
    ----------
    path : file, folder, glob or archive
    needed : columns; of csv they are text

    Yields
    ------
    name, rows : with the number of each row's line in ``LINE``; of Parquet that of the row

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
            yield name, frame.with_row_index(LINE, 1)
        elif kind == ".csv":
            table = plain_table(name, content, needed)
            yield name, table.fields.with_columns(pl.Series(LINE, table.lines))
    if not any(_suffix(name) in (".parquet", ".csv") for name in names):
        raise SourceError(path, f"{', '.join(names[:5])} only", "files named .parquet or .csv")


def _suffix(name: str) -> str:
    name = name.lower()
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
    rows : as they were read; columns in brackets are ours and are not shown
    reason : why each row cannot be used; null of a good one
    """
    bad = reason.is_not_null()
    numbered = rows.with_columns(reason.alias("(reason)"))
    text = pl.concat_str(
        [pl.col(c).cast(pl.String, strict=False) for c in rows.columns if not c.startswith("(")],
        separator=",",
        ignore_nulls=True,
    )
    aside = numbered.filter(bad).select(
        pl.lit(name).alias("origin"),
        pl.col(LINE).cast(pl.Int64).alias("line"),
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
    lost = ~no_day(days) & read.is_null()
    late = pl.Series([f"{field} is no day"], dtype=pl.String).new_from_index(0, len(days))
    return no_symbol.zip_with(no_symbol.is_not_null() | ~lost, late)


def no_day(days: pl.Series) -> pl.Series:
    """Whether each day is not there: empty, a word for nothing, or 0."""
    text = days.cast(pl.String)
    return absent(text) | text.str.strip_chars().is_in(["0", "0.0"]).fill_null(value=False)


def number(
    rows: pl.DataFrame, column: str, percent: bool = False, sized: bool = True
) -> tuple[pl.Series, pl.Series, dict[str, int]]:
    """A column as finite numbers, whether each value is there and is none, and how some were spelt.

    Parameters
    ----------
    rows : as they were read
    column : its name
    percent, sized : see :func:`intralpha.sources.numerals.spelt`, which says what the counts are
    """
    given = rows[column]
    read, counts = spelt(given, given.cast(pl.Float64, strict=False), percent, sized)
    finite = read.is_finite().fill_null(value=False)
    return read.set(~finite, None), ~finite & ~absent(given), counts


def timed_notes(rows: pl.DataFrame, columns: Iterable[str]) -> dict[str, int]:
    """How many days of the columns have a time of day, which is passed over.

    Parameters
    ----------
    rows : as they were read
    columns : of days; those that are not there do not count
    """
    counts = {c: timed_days(rows[c]) for c in columns if c in rows.columns}
    return {f"{c} with a time of day, of which the day counts": n for c, n in counts.items() if n}
