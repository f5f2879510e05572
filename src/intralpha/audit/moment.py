"""Moment: which rows of a table are known at a time of a day, and which are still to come."""

from datetime import date, time

import numpy as np
import polars as pl
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import LookAheadError
from intralpha.features import DAY_CLOSE
from intralpha.market import Lake
from intralpha.market.schemas import TableSchema


class NoFutureError(LookAheadError):
    """The lake ends on or before the date after which it should be another."""

    def __init__(self, after: date, last: date | None) -> None:
        self.after, self.last = after, last
        super().__init__(
            f"the lake ends on {last}, so there is nothing after {after} to scramble and the "
            "check would prove nothing.\nHint: choose an earlier date."
        )


def future_of(lake: Lake, after: date) -> Shaped[ndarray, " D"]:
    """Sessions after a date.

    Parameters
    ----------
    lake : with daily rows
    after : last date of the past

    Returns
    -------
    ndarray of datetime64[D], ascending, at least one

    Raises
    ------
    NoFutureError
        There is none.
    """
    days = lake.dates("daily")
    if len(days) == 0 or days[-1].item() <= after:
        raise NoFutureError(after, days[-1].item() if len(days) else None)
    return days[days > np.datetime64(after, "D")]


def dated_by(schema: TableSchema) -> str | None:
    """The column that says since when a row is known; None: always."""
    return "date" if "date" in schema.columns else schema.start


def later(schema: TableSchema, day: date, at: time = DAY_CLOSE) -> pl.Expr:
    """Which rows of a table are not known at a moment of a day; false where no date is given.

    Parameters
    ----------
    schema : of a table with dates
    day, at : the moment; before the close, the day's daily row is not known either
    """
    dated = pl.col(str(dated_by(schema)))
    if at >= DAY_CLOSE or (schema.name != "daily" and "time" not in schema.columns):
        return (dated > day).fill_null(value=False)
    if schema.name == "daily":
        return dated >= day
    clock = pl.lit(at) if schema.columns["time"] == pl.Time else pl.lit(_milliseconds(at))
    return (dated > day) | ((dated == day) & (pl.col("time") > clock))


def end_unknown(schema: TableSchema, day: date) -> pl.Expr:
    """Which rows of a reference table do not end by a day, as far as is known then.

    Parameters
    ----------
    schema : of a table with ends
    day : the last one of the past
    """
    end = pl.col(str(schema.end))
    return (end > day).fill_null(value=True)


def _milliseconds(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1000
