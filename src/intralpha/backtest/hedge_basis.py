"""Basis: annualised premium of a future over its index by date, as a user's table has it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError

COLUMNS = ("date", "basis_annualised")
FORMS = ("%Y-%m-%d", "%Y%m%d")


class BasisError(DataError):
    """A table of the basis cannot be read as such."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(f"basis table {path}: found {found}; expected {expected}.")


@dataclass(frozen=True, eq=False)
class Basis:
    """Of one contract after the other.

    Attributes
    ----------
    dates : datetime64[D], ascending
    basis_annualised : future over index less 1, a year; below 0 where the future is cheaper
    """

    dates: Shaped[ndarray, "N"]
    basis_annualised: Float[ndarray, "N"]


def read_basis(path: Path) -> Basis:
    """Read a csv or Parquet file with the columns ``date`` and ``basis_annualised``.

    Parameters
    ----------
    path : rows in any order; dates such as 2024-01-31 or 20240131

    Raises
    ------
    BasisError
        The file is no table, has no row or lacks a column, a value is no date or no number between
        -1 and 1, or a date stands twice.
    """
    try:
        whole = path.suffix == ".parquet"
        frame = pl.read_parquet(path) if whole else pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BasisError(path, str(error).splitlines()[0], "a whole table") from error
    lost = [name for name in COLUMNS if name not in frame.columns]
    if lost:
        raise BasisError(path, f"columns {', '.join(frame.columns)}", f"{lost[0]}, too")
    value = frame["basis_annualised"].cast(pl.Float64, strict=False).fill_nan(None)
    rows = pl.DataFrame({"date": _days(frame["date"]), "value": value})
    bad = rows["date"].is_null() | ~rows["value"].is_between(-1, 1).fill_null(value=False)
    if bad.any():
        row = int(bad.arg_max() or 0)
        found = f"{frame['date'][row]!r}, {frame['basis_annualised'][row]!r} in row {row + 1}"
        raise BasisError(path, found, "dates and a share between -1 and 1")
    if rows.is_empty() or rows["date"].is_duplicated().any():
        found = "no row" if rows.is_empty() else "a date twice"
        raise BasisError(path, found, "one row a date, one at least")
    rows = rows.sort("date")
    dates = rows["date"].to_numpy().astype("datetime64[D]")
    return Basis(dates, rows["value"].to_numpy().astype(np.float64))


def _days(given: pl.Series) -> pl.Series:
    """Dates of a column of dates, or of text in one of the forms; null where it is none."""
    if given.dtype.is_temporal():
        return given.cast(pl.Date)
    text = pl.col(given.name).cast(pl.String)
    read = [text.str.to_date(form, strict=False) for form in FORMS]
    return given.to_frame().select(pl.coalesce(read)).to_series()
