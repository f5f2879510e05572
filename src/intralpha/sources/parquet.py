"""A vendor's one Parquet file, with the columns that are needed."""

import io

import polars as pl

from intralpha.sources.files import members
from intralpha.sources.source import SourceError


def read_columns(path: str, needed: tuple[str, ...]) -> tuple[str, pl.DataFrame]:
    """Name and rows of the first Parquet file behind a path.

    Raises
    ------
    SourceError
        It is no Parquet, or lacks a column.
    """
    name, content = next(iter(members(path, "*.parquet")))
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PolarsError as error:
        raise SourceError(name, f"no readable Parquet ({error})", "a whole Parquet file") from error
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise SourceError(name, f"columns {frame.columns}", f"also {', '.join(missing)}")
    return name, frame
