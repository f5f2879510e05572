"""Dense daily data: raw columns of the lake and what follows from them, as one Panel."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days
from intralpha.market.lake import Lake
from intralpha.market.schemas import TABLES

RAW = tuple(c for c in TABLES["daily"].columns if c not in ("date", "symbol"))
_VWAP = (
    pl.when(pl.col("volume") == 0)
    .then(pl.col("close"))
    .when(pl.col("amount").is_not_null())
    .then(pl.col("amount") / pl.col("volume"))
    .otherwise(pl.sum_horizontal("open", "high", "low", "close") / 4)
)
_FACTOR = pl.col("adj_factor")
DERIVED: dict[str, pl.Expr] = {
    "vwap": _VWAP,
    "amount_proxy": pl.coalesce("amount", pl.col("volume") * _VWAP),
    "adj_open": pl.col("open") * _FACTOR,
    "adj_high": pl.col("high") * _FACTOR,
    "adj_low": pl.col("low") * _FACTOR,
    "adj_close": pl.col("close") * _FACTOR,
    "adj_vwap": _VWAP * _FACTOR,
    "adj_volume": pl.col("volume") / _FACTOR,
    "traded": pl.col("volume") > 0,
}
HISTORY = ("filled_close", "listed_days")
# Calendar days in which most stocks have traded: only of the others all rows are read.
NEAR_DAYS = 62


class UnknownColumnError(DataError):
    """A daily column was asked for that does not exist."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(
            f"no daily column {', '.join(missing)}; expected some of "
            f"{', '.join((*RAW, *DERIVED, *HISTORY))}."
        )


def read_daily(
    lake: Lake,
    names: tuple[str, ...],
    start: date | None = None,
    end: date | None = None,
    assets: np.ndarray | None = None,
) -> Panel:
    """Daily columns as a dense Panel.

    Parameters
    ----------
    lake : with a ``daily`` table
    names : columns of ``daily``, or derived ones: ``vwap`` (amount / volume; without an amount
        (open + high + low + close) / 4; close when nothing traded), ``amount_proxy`` (amount, else
        volume x vwap), ``adj_open/high/low/close/vwap`` (price x factor), ``adj_volume`` (shares /
        factor), ``traded`` (1 if volume > 0), ``filled_close`` (adj_close carried over absent
        rows), ``listed_days`` (rows of the stock so far, this day included, from the lake's first)
    start, end : sessions, both included; default: all
    assets : symbols; default: all that have a row in the range, sorted

    Returns
    -------
    Panel, float64, shape [D, A, F]
        D are the lake's sessions of the range. Flags are 0 or 1. Absent rows are NaN. Every value
        is known at the close of its date.

    Raises
    ------
    UnknownColumnError
    """
    unknown = [n for n in names if n not in RAW and n not in DERIVED and n not in HISTORY]
    if unknown:
        raise UnknownColumnError(unknown)
    from_start = None if set(names) & set(HISTORY) else start
    columns = [
        DERIVED[n].alias(n) if n in DERIVED else pl.col(n) for n in names if n not in HISTORY
    ]
    if "filled_close" in names and "adj_close" not in names:
        columns.append(DERIVED["adj_close"].alias("adj_close"))
    frame = (
        lake.scan("daily", from_start, end)
        .select("date", "symbol", *(c.cast(pl.Float64) for c in columns))
        .collect()
    )
    days = as_days(frame["date"].unique().sort().to_numpy())
    if assets is None:
        inside = frame if start is None else frame.filter(pl.col("date") >= start)
        assets = inside["symbol"].unique().sort().to_numpy().astype(str)
    stored = tuple(c for c in frame.columns if c not in ("date", "symbol"))
    dense = Panel.from_polars(frame, stored, days, assets, dtype=np.float64)
    full = dense if set(names) <= set(stored) else _with_history(dense, names, frame)
    picked = full if full.names == names else full.select(names)
    return picked if start is None else picked.between(start, days[-1] if len(days) else start)


def _with_history(dense: Panel, names: tuple[str, ...], frame: pl.DataFrame) -> Panel:
    """Add the columns that need all rows from the beginning of the lake."""
    extra: dict[str, np.ndarray] = {}
    if "filled_close" in names:
        extra["filled_close"] = fill_forward(dense["adj_close"])
    if "listed_days" in names:
        ones = frame.select("date", "symbol", pl.lit(1.0).alias("row"))
        rows = Panel.from_polars(ones, ("row",), dense.dates, dense.assets, dtype=np.float64)
        present = np.isfinite(rows["row"])
        extra["listed_days"] = np.where(present, present.cumsum(axis=0), np.nan)
    values = np.concatenate([dense.values, np.stack(list(extra.values()), axis=-1)], axis=-1)
    return Panel(values, dense.dates, dense.assets, (*dense.names, *extra))


def last_known(lake: Lake, value: pl.Expr, before: date, assets: np.ndarray) -> np.ndarray:
    """Last finite value of an expression of ``daily`` before a session.

    Parameters
    ----------
    lake : with a ``daily`` table
    value : expression of its columns
    before : rows of this date and later ones do not count
    assets : symbols

    Returns
    -------
    ndarray of float64, shape [A]
        NaN for a stock without any. Known at the close of the session before.

    Notes
    -----
    Reads the columns of the expression for the rows of two months, and all earlier rows of the
    stocks that have no value in them. Holds one value a stock.
    """
    symbols, near = [str(s) for s in assets], before - timedelta(days=NEAR_DAYS)
    newest = lake.scan("daily", near, before).filter(pl.col("date") < before)
    found = _newest(newest, value, symbols)
    missing = np.flatnonzero(~np.isfinite(found)).tolist()
    if missing:
        left = [symbols[a] for a in missing]
        told = pl.col("date") < near, pl.col("symbol").is_in(left)
        found[missing] = _newest(lake.scan("daily", None, near).filter(*told), value, left)
    return found


def _newest(rows: pl.LazyFrame, value: pl.Expr, symbols: list[str]) -> np.ndarray:
    """Last finite value of each symbol, NaN without any."""
    found = (
        rows.select("date", "symbol", value.cast(pl.Float64).alias("value"))
        .filter(pl.col("value").is_finite())
        .group_by("symbol")
        .agg(pl.col("value").get(pl.col("date").arg_max()))
        .collect()
    )
    known = dict(found.iter_rows())
    return np.array([known.get(s, np.nan) for s in symbols], dtype=np.float64)


def carried(
    lake: Lake, value: pl.Expr, values_DA: np.ndarray, first: date, assets: np.ndarray
) -> np.ndarray:
    """Last finite values up to each of some sessions, those of earlier ones included.

    Parameters
    ----------
    lake : with a ``daily`` table
    value : expression of its columns
    values_DA : ndarray, shape [D, A], what it gives on the sessions
    first : the first of them
    assets : symbols, shape [A]

    Returns
    -------
    ndarray of float64, shape [1 + D, A]
        With a row for the session before the first. NaN until a stock has any value. Known at the
        close of each session.
    """
    before = last_known(lake, value, first, assets)
    return fill_forward(np.concatenate([before[None, :], values_DA]))


def fill_forward(values_DA: np.ndarray) -> np.ndarray:
    """Carry the last finite value of each column forward; leading NaN stays (a copy)."""
    rows = np.arange(len(values_DA))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(values_DA), rows, -1), axis=0)
    filled = np.take_along_axis(values_DA, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, filled, np.nan)
