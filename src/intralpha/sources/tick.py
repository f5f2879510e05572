"""Ticks: the step of prices of every symbol, and prices that lie off it."""

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.market import UnknownCodeError, code_range
from intralpha.market.limits import TICK_YUAN

ROUNDED = "prices off the tick, rounded to it"
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
        return TICK_YUAN


def tick_column(symbols: pl.Series, tick_yuan: float | None) -> pl.Expr:
    """The tick of each row by its ``symbol``; see :func:`tick_of`.

    Parameters
    ----------
    symbols : all that occur, each once
    tick_yuan : step of all; None: of each symbol's range of codes
    """
    if tick_yuan is not None or symbols.is_empty():
        return pl.lit(tick_yuan or TICK_YUAN).alias("tick")
    steps = [tick_of(symbol, None) for symbol in symbols]
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
    steps = [pl.col(c) / pl.col("tick") for c in prices]
    odd = [((step - step.round()).abs() > 0.01).fill_null(value=False) for step in steps]
    ticked = rows.with_columns(tick_column(rows["symbol"].unique(), tick_yuan))
    return int(ticked.select(pl.any_horizontal(odd).sum()).item())
