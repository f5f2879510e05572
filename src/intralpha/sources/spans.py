"""Spans: which days the files of a source have rows of, as far as that is cheap to know."""

from datetime import date
from pathlib import Path

import polars as pl

from intralpha.sources.files import locate
from intralpha.sources.raw_rows import RowForm, read_rows

READ_AT_MOST = 1 << 26  # bytes of a vendor's files, which take a few seconds


def days_in(path: str, pattern: str, form: RowForm) -> tuple[date, date] | None:
    """First and last day that files have rows of; None where they are large, or have none.

    Parameters
    ----------
    path, pattern, form : see :func:`~intralpha.sources.raw_rows.read_rows`

    Raises
    ------
    PathError, SourceError
        The files are not there, or cannot be read at all.
    """
    if _size(locate(path)) > READ_AT_MOST:
        return None
    first, last = pl.col("date").min().alias("first"), pl.col("date").max().alias("last")
    ends = [
        file.rows.select(first, last).row(0)
        for file in read_rows(path, pattern, form)
        if file.rows.height
    ]
    return (min(one[0] for one in ends), max(one[1] for one in ends)) if ends else None


def _size(root: Path) -> int:
    """Bytes of all files behind a path."""
    files = root.rglob("*") if root.is_dir() else root.parent.glob(root.name)
    return sum(file.stat().st_size for file in files if file.is_file())
