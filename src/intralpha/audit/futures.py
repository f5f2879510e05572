"""Futures: worlds that share their past with the true one and nothing later."""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.audit.moment import dated_by, end_unknown, future_of, later
from intralpha.audit.pieces import Piece, copied
from intralpha.audit.scramble import scramble
from intralpha.market import Lake
from intralpha.market.schemas import TableSchema

NOON = time(11, 30)


def remove(lake: Lake, after: date, root: Path) -> Lake:
    """Copy ``lake`` to ``root`` without anything after a date.

    Catches what depends on later rows being there at all: counts, the last date, stocks to come.

    Parameters
    ----------
    lake : the true one
    after : last date of the past
    root : folder of the copy, new

    Returns
    -------
    Lake
        Ends that are still to come (a member's last day, a delisting) are null in it.

    Raises
    ------
    NoFutureError
        There is nothing to remove.
    """
    future_of(lake, after)
    return copied(
        lake, root, lambda piece, rows: known_rows(piece.schema, rows, after), since=after
    )


def known_rows(schema: TableSchema, rows: pl.DataFrame, after: date) -> pl.DataFrame:
    """Rows of a table as they are known at the close of a day.

    Parameters
    ----------
    schema : of the table
    rows : of it
    after : the day
    """
    if dated_by(schema) is None:
        return rows
    past = rows.filter(~later(schema, after))
    if schema.end is None:
        return past
    end = pl.col(schema.end)
    return past.with_columns(pl.when(~end_unknown(schema, after)).then(end).alias(schema.end))


def delay(lake: Lake, after: date, root: Path) -> Lake:
    """Copy ``lake`` to ``root`` with everything after a date a session later.

    The first future session repeats the last of the past, and the last one is lost. Every later
    day is a true day, so that nothing is noticed by being improbable.

    Parameters
    ----------
    lake : the true one
    after : last date of the past
    root : folder of the copy, new

    Raises
    ------
    NoFutureError
        There is nothing to shift.
    """
    days = lake.dates("daily")
    future = future_of(lake, after)
    at = len(days) - len(future)
    turned = days[max(at - 1, 0) :]  # the last session of the past, and those to come
    following = pl.DataFrame({"_day": turned[:-1], "_next": turned[1:]})
    first = turned[0].item()

    def edit(piece: Piece, rows: pl.DataFrame) -> pl.DataFrame:
        dated = dated_by(piece.schema)
        if dated is None:
            return rows
        if dated != "date":
            return _begun_later(piece.schema, rows, after, turned)
        later_rows = rows.filter(pl.col("date") >= first)
        moved = later_rows.join(following, left_on="date", right_on="_day", how="inner")
        moved = moved.with_columns(pl.col("_next").alias("date")).drop("_next")
        return pl.concat([rows.filter(~later(piece.schema, after)), moved.select(rows.columns)])

    return copied(lake, root, edit, since=first)


def _begun_later(
    schema: TableSchema, rows: pl.DataFrame, after: date, sessions: np.ndarray
) -> pl.DataFrame:
    """Rows of a reference table with every date to come a session later, a day after the last."""
    out = rows
    for name in (schema.start, schema.end):
        if name is None:
            continue
        held = out[name].to_numpy().astype("datetime64[D]")
        at = np.searchsorted(sessions, held, side="right")
        day = np.timedelta64(1, "D")
        moved = np.where(
            at < len(sessions), sessions[np.minimum(at, len(sessions) - 1)], held + day
        )
        new = pl.Series(name, moved.astype("datetime64[D]"), pl.Date)
        out = out.with_columns(pl.when(pl.col(name) > after).then(new).otherwise(pl.col(name)))
    return out.unique(schema.key, keep="last", maintain_order=True)


def noon(lake: Lake, after: date, root: Path) -> Lake:
    """Copy ``lake`` to ``root`` with noise after the morning of a date, and on all later days.

    Only what is known by noon must stay: values of the morning's bars, and features that say so.
    Half of the later trades, orders and snapshots are not there.

    Parameters
    ----------
    lake : the true one
    after : the date
    root : folder of the copy, new
    """
    return scramble(lake, after, root, at=NOON)


FUTURES: dict[str, Callable[[Lake, date, Path], Lake]] = {
    "noise": scramble,
    "removed": remove,
    "shifted": delay,
    "noon": noon,
}
