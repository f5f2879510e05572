"""Noise: a copy of a lake whose future is noise, in every column that its schema declares."""

from datetime import date, time
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.audit.moment import DAY_CLOSE, dated_by, end_unknown, future_of, later
from intralpha.audit.pieces import Piece, copied
from intralpha.market import TABLES, Lake
from intralpha.market.schemas import TableSchema
from intralpha.market.tick_file import TICK_TABLES

CUMULATIVE = {"snapshots": ("volume", "amount", "trades")}
BAR = ("open", "high", "low", "close")
ONE_FACTOR = ("up_limit", "down_limit", "preclose", "price", "last", "rights_price")
ID_SHIFT = 1_000_003
FLAGS = ("suspended", "st")
STAY = 0.5  # of the trades, orders and snapshots after a moment within a day
FLIPPED = 0.05  # few, so that the noisy market can still be traded and the run ends
KNOWN_BEFORE_OPEN = (
    "preclose",
    "adj_factor",
    "up_limit",
    "down_limit",
    "suspended",
    "st",
    "float_shares",
    "total_shares",
)
NUMBER = {name: number for number, name in enumerate(TABLES)}


def scramble(lake: Lake, after: date, root: Path, seed: int = 0, at: time = DAY_CLOSE) -> Lake:
    """Copy ``lake`` to ``root`` with everything after a moment replaced by noise.

    Each future row keeps its key and its time, so calendars and axes stay. Every other number of
    the schema changes, row by row:

    ==================  =========================================================================
    prices              one factor a row, so limits, preclose and the levels of a book stay in
                        order; open and close of a bar get noise of their own on top, high and low
                        enclose them again
    volumes, amounts,   a factor of their own in every cell; 0 becomes a small number; totals of a
    counts, shares      day still grow; the mean price of a bar stays inside it; one in twenty
                        days and bars that traded no longer does
    signed numbers      also change their sign at random
    sides               the other side, so that a buy becomes a sell
    ids of orders       shifted by one number, so that trades still find their orders
    suspended, st       flipped in one row of twenty
    industry codes      shuffled among the rows that begin later
    ends to come        of what begins before (a member's last day, a delisting): earlier, or one
                        where there was none
    ==================  =========================================================================

    Other nulls stay null: what a vendor does not give is known beforehand.

    Parameters
    ----------
    lake : the true one
    after : last date of the past, which stays as it is
    root : folder of the copy, new
    seed : of the noise
    at : before the close, the moment of that date: its later bars, auctions, trades, orders and
        snapshots are noise as well, and its daily row but for what is known before the open. Half
        of the trades, orders and snapshots are not there, so that their number is another one too

    Returns
    -------
    Lake
        Valid: every row passes its table's rules.

    Raises
    ------
    NoFutureError
        No daily row lies after the close: the check would compare nothing.

    Notes
    -----
    Memory: one session of one table, a month of daily rows, or one reference table. Files of the
    past are linked, not read.
    """
    if at >= DAY_CLOSE:
        future_of(lake, after)

    def edit(piece: Piece, rows: pl.DataFrame) -> pl.DataFrame:
        day = piece.first.toordinal() if piece.first else 0
        rng = np.random.default_rng([seed, NUMBER[piece.schema.name], day])
        return scrambled_rows(piece.schema, rows, after, at, rng)

    return copied(lake, root, edit, since=after)


def scrambled_rows(
    schema: TableSchema, rows: pl.DataFrame, after: date, at: time, rng: np.random.Generator
) -> pl.DataFrame:
    """Rows of a table with noise after a moment.

    Parameters
    ----------
    schema : of the table
    rows : of it
    after, at : the moment, as in :func:`scramble`
    rng : of the noise
    """
    if dated_by(schema) is None:
        return rows
    future = rows.filter(later(schema, after, at))
    if at < DAY_CLOSE and schema.name in TICK_TABLES:
        future = future.filter(pl.Series(rng.random(future.height) < STAY, dtype=pl.Boolean))
    past = _ends(schema, rows.filter(~later(schema, after, at)), after, rng)
    if future.is_empty():
        return past
    mixed = pl.concat([past, noise(schema, future, rng)])
    if schema.name != "daily" or at >= DAY_CLOSE:
        return mixed
    known = rows.filter(pl.col("date") == after).select("date", "symbol", *KNOWN_BEFORE_OPEN)
    return mixed.update(known, on=["date", "symbol"], how="left")


def _ends(
    schema: TableSchema, past: pl.DataFrame, after: date, rng: np.random.Generator
) -> pl.DataFrame:
    """Rows that have begun, with other ends where these are still to come."""
    if schema.end is None:
        return past
    end, share = pl.col(schema.end), pl.Series(rng.random(past.height))
    left = (end - after).dt.total_days()
    days = pl.when(end.is_null()).then(1 + share * 60).otherwise(1 + share * (left - 1))
    chosen = end.is_not_null() | pl.Series(rng.random(past.height) < FLIPPED)
    moved = pl.lit(after) + pl.duration(days=days.floor().cast(pl.Int64))
    return past.with_columns(
        pl.when(end_unknown(schema, after) & chosen).then(moved).otherwise(end).alias(schema.end)
    )


def noise(schema: TableSchema, future: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Rows with every number but keys and times replaced, as :func:`scramble` says.

    Parameters
    ----------
    schema : of the table
    future : rows in its form
    rng : of the noise
    """
    row_factor = rng.uniform(1.05, 2.0, future.height)
    running = CUMULATIVE.get(schema.name, ())
    new: dict[str, pl.Series] = {}
    for name, kind in schema.columns.items():
        if name in schema.key or name == "time" or not kind.is_numeric():
            continue
        old = future[name]
        if name in running:
            values = _running(future, name, rng)
        else:
            values = _column(name, old.cast(pl.Float64).to_numpy(), row_factor, rng)
        new[name] = _as_stored(values, old)
    if set(BAR) <= set(new):
        new |= _enclosed(new, future, rng)
    return future.with_columns(*new.values(), *_others(future, rng))


def _column(
    name: str,
    old: Float[ndarray, "N"],
    row_factor: Float[ndarray, "N"],
    rng: np.random.Generator,
) -> Float[ndarray, "N"]:
    """Noise in place of one column; NaN stays."""
    if name == "side":
        return np.where(old == 0, rng.choice([-1.0, 1.0], len(old)), -old)
    if name == "id" or name.endswith("_id"):
        return np.where(old > 0, old + ID_SHIFT, old)
    if name in ("open", "close"):
        moved = old * row_factor * rng.uniform(0.97, 1.03, len(old))
        return np.maximum(moved.round(2), 0.01)
    if name in (*BAR, *ONE_FACTOR) or "_price" in name:
        return np.where(old > 0, (old * row_factor).round(2), old)
    if name == "adj_factor":
        return old * rng.uniform(0.5, 2.0, len(old))
    moved = old * rng.uniform(0.2, 5.0, len(old))
    if (old < 0).any():
        moved *= rng.choice([-1.0, 1.0], len(old))
    return np.where(old == 0, rng.uniform(0.01, 0.5, len(old)), moved)


def _running(future: pl.DataFrame, name: str, rng: np.random.Generator) -> Float[ndarray, "N"]:
    """A total that runs through each stock's day, made of other steps."""
    step = pl.col(name).cast(pl.Float64).diff().over("symbol").fill_null(pl.col(name)).clip(0)
    noise = pl.Series("noise", rng.uniform(0.2, 5.0, future.height))
    steps = future.select("symbol", (step * noise + 1).fill_null(1.0).alias("step"))
    total = steps.select(pl.col("step").cum_sum().over("symbol"))["step"].to_numpy()
    return np.where(future[name].is_null().to_numpy(), np.nan, total)


def _as_stored(values: Float[ndarray, "N"], old: pl.Series) -> pl.Series:
    """Noise in the type of its column, different from the old value in every row that had one."""
    if old.dtype.is_integer():
        most = float(np.iinfo(np.int32 if old.dtype == pl.Int32 else np.int64).max // 2)
        whole = pl.Series(old.name, np.nan_to_num(values).round().clip(-most, most))
        new = whole.cast(old.dtype)
        step = 1
    else:
        new, step = pl.Series(old.name, values).fill_nan(None), 0.01
    changed = pl.select(pl.when(new == old).then(old + step).otherwise(new)).to_series()
    kept = pl.select(pl.when(old.is_not_null()).then(changed)).to_series()
    return kept.cast(old.dtype).alias(old.name)


def _enclosed(
    new: dict[str, pl.Series], future: pl.DataFrame, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """High and low around the new open and close; an amount between them, or no trade at all."""
    both = np.stack([new["open"].to_numpy(), new["close"].to_numpy()])
    top, bottom = both.max(axis=0), both.min(axis=0)
    high = np.maximum((top * rng.uniform(1.0, 1.03, len(top))).round(2), top)
    low = np.minimum(np.maximum((bottom * rng.uniform(0.97, 1.0, len(top))).round(2), 0.01), bottom)
    price = low + (high - low) * rng.uniform(0.0, 1.0, len(top))
    silent = (rng.random(len(top)) < FLIPPED) & (future["volume"].to_numpy() > 0)
    volume = np.where(silent, 0, new["volume"].to_numpy())
    return {
        "high": _as_stored(high, future["high"]),
        "low": pl.Series("low", low).fill_nan(None),
        "volume": pl.Series("volume", volume),
        "amount": _as_stored(np.nan_to_num(price * volume), future["amount"]),
    }


def _others(future: pl.DataFrame, rng: np.random.Generator) -> list[pl.Series]:
    """Columns that are no numbers and yet say something about the day."""
    out = []
    for name in FLAGS:
        if name in future.columns:
            flip = pl.Series(rng.random(future.height) < FLIPPED)
            out.append((future[name] ^ flip).alias(name))
    if "derived" in future.columns:  # noise is no longer what follows from the rows before
        blank = pl.col("close").is_null()
        out.append(future.select(pl.when(blank).then("derived")).to_series())
    if "scheme" in future.columns:
        out.append(future["code"].gather(rng.permutation(future.height)))
    return out
