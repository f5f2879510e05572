"""Ticks: the step of prices of every symbol, prices that lie off it, daily rows by their tick."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.market import UnknownCodeError, code_range
from intralpha.sources.daily_rows import finish_daily

ROUNDED = "prices off the tick, rounded to it"
STOCK_TICK_YUAN = 0.01
OFF_TICK = "rows with a price off the tick"
# Of prices that are quotients of two float32.
PRECISION = 4e-7


def tick_of(symbol: str, tick_yuan: float | None) -> float:
    """The tick that is given, else that of the symbol's range of codes, else a stock's."""
    if tick_yuan is not None:
        return tick_yuan
    try:
        return code_range(symbol).tick_yuan
    except UnknownCodeError:  # of rows that other means than our readers put into a lake
        return STOCK_TICK_YUAN


def tick_column(symbols: pl.Series, tick_yuan: float | None) -> pl.Expr:
    """The tick of each row by its ``symbol``; see :func:`tick_of`.

    Parameters
    ----------
    symbols : all that occur, each once
    tick_yuan : step of all; None: of each symbol's range of codes
    """
    steps = [tick_of(symbol, tick_yuan) for symbol in symbols]
    return pl.col("symbol").replace_strict(symbols, steps, return_dtype=pl.Float64()).alias("tick")


def to_tick(price: ndarray, tick_yuan: float) -> tuple[ndarray, int]:
    """Prices rounded to the tick, and how many of them lay off it by more than float32's error.

    Parameters
    ----------
    price : CNY, any shape; NaN stays NaN
    tick_yuan : step

    Examples
    --------
    >>> to_tick(np.array([2.6510001, 2.65]), 0.001), to_tick(np.array([2.651, 2.65]), 0.01)
    ((array([2.651, 2.65 ]), 0), (array([2.65, 2.65]), 1))
    """
    per_yuan = round(1 / tick_yuan)
    rounded = np.rint(price * per_yuan) / per_yuan
    known = np.isfinite(price) & np.isfinite(rounded)
    off = np.abs(price[known] - rounded[known])
    return rounded, int((off > 0.01 * tick_yuan + PRECISION * np.abs(price[known])).sum())


def off_tick(rows: pl.DataFrame, prices: list[str], tick_yuan: float | None) -> int:
    """How many rows have a price that is no multiple of the tick.

    Parameters
    ----------
    rows : with ``symbol`` and the prices, CNY
    prices : columns
    tick_yuan : step; None: of each symbol's range of codes
    """
    parts = by_tick(rows, tick_yuan)
    odd = [
        part.select(
            ((pl.col(c) / tick - (pl.col(c) / tick).round()).abs() > 0.01).fill_null(value=False)
            for c in prices
        )
        for tick, part in parts
    ]
    return sum(int(part.select(pl.any_horizontal(pl.all()).sum()).item()) for part in odd)


def by_tick(rows: pl.DataFrame, tick_yuan: float | None) -> Iterator[tuple[float, pl.DataFrame]]:
    """Rows of the symbols that share a tick, and that tick.

    Parameters
    ----------
    rows : with ``symbol``
    tick_yuan : of all rows; None: of each symbol's range of codes
    """
    if tick_yuan is not None or rows.is_empty():
        yield tick_yuan or STOCK_TICK_YUAN, rows
        return
    ticks = {symbol: tick_of(symbol, None) for symbol in rows["symbol"].unique()}
    for tick in sorted(set(ticks.values())):
        yield tick, rows.filter(pl.col("symbol").is_in([s for s, t in ticks.items() if t == tick]))


def finish_by_tick(
    rows: pl.DataFrame, tick_yuan: float | None, data_start: date | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Daily rows in the lake's schema, each symbol with its own tick; see :func:`finish_daily`.

    Parameters
    ----------
    rows, data_start : of :func:`finish_daily`
    tick_yuan : step of all prices; None: of each symbol's range of codes
    """
    done = [finish_daily(part, tick, data_start) for tick, part in by_tick(rows, tick_yuan)]
    repairs: Counter[str] = Counter()
    for _, counts in done:
        repairs.update(counts)
    return pl.concat(frame for frame, _ in done), dict(repairs)
