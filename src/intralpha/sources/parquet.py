"""A vendor's Parquet files, with the columns that are needed and no others."""

import io
from collections.abc import Iterable

import polars as pl

from intralpha.sources.csv_text import lacking
from intralpha.sources.source import SourceError
from intralpha.sources.when import EXACT_FLOAT32

ROUNDED = f"volumes above {EXACT_FLOAT32:,} in Float32, which rounds them"


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


def refuse_rounded(name: str, frame: pl.DataFrame, columns: Iterable[str]) -> None:
    """Refuse days, times and ids that float32 has rounded: 20240103 stands there as 20240104.

    Parameters
    ----------
    name : of the file, for errors
    frame : its columns
    columns : those that must be exact

    Raises
    ------
    SourceError
        With the first such column.
    """
    for column in columns:
        if frame.schema[column] == pl.Float32 and (frame[column].abs() > EXACT_FLOAT32).any():
            found = (
                f"column {column!r} of type Float32, which rounds numbers above {EXACT_FLOAT32:,}"
            )
            raise SourceError(name, found, "days, times and ids as whole numbers, Float64 or text")


def parquet_columns(name: str, content: bytes) -> list[str]:
    """Names of the columns of a Parquet file.

    Raises
    ------
    SourceError
        It is no Parquet.
    """
    try:
        return list(pl.read_parquet_schema(io.BytesIO(content)))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise _unreadable(name, error) from error


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
            raise SourceError(name, f"columns {found}", lacking(found, "", set(needed), ","))
        frame = pl.read_parquet(io.BytesIO(content), columns=list(needed))
        return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: BaseException) -> SourceError:
    """What a library says of a file that it cannot read, and what would be read."""
    wide = "precision" in str(error)
    expected = "decimals of at most 38 digits, or Float64" if wide else "a whole Parquet file"
    return SourceError(name, f"no readable Parquet ({error})", expected)
