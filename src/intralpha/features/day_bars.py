"""One day of sub-bars laid out bar by bar, as the kernel wants them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.market import Lake, bar_times, read_bars


@dataclass(frozen=True, eq=False)
class DayBars:
    """Sub-bars of every stock of one day, grouped by the bar they belong to.

    Parameters
    ----------
    symbols : ndarray of str [S], ascending
    values : float64 [S, T, C, K]
        Stock, bar of the day, column, sub-bar of the bar; NaN for null.
    """

    symbols: ndarray
    values: Float[ndarray, "S T C K"]

    def rows(self, assets: ndarray) -> Int[ndarray, " A"]:
        """Where each asset stands among the symbols, -1 if it has no bars."""
        if len(self.symbols) == 0:
            return np.full(len(assets), -1)
        place = np.minimum(np.searchsorted(self.symbols, assets), len(self.symbols) - 1)
        return np.where(self.symbols[place] == assets, place, -1)


def read_day_bars(
    lake: Lake, day: date, base_freq: int, freq: int, columns: tuple[str, ...]
) -> DayBars:
    """Read one session without moving the rows out of their order.

    The lake keeps a day sorted by (symbol, time) with all bars of each stock, so that the rows of
    a stock are already where they belong.

    Raises
    ------
    IncompleteDayError
        If a stock does not have every bar of the day.
    """
    n_bars, sub_bars = len(bar_times(freq)), freq // base_freq
    frame = lake.scan("bars", day, day, base_freq).select("symbol", *columns).collect()
    whole = n_bars * sub_bars
    first = frame["symbol"].gather_every(whole)
    last = frame["symbol"].gather_every(whole, offset=whole - 1)
    if frame.height % whole or not (first == last).all() or first.n_unique() != len(first):
        read_bars(lake, day, base_freq, columns)  # its error tells which stock is incomplete
    values = np.empty((len(first), n_bars, len(columns), sub_bars))
    for place, name in enumerate(columns):
        series = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        values[:, :, place] = series.reshape(len(first), n_bars, sub_bars)
    return DayBars(first.to_numpy().astype(str), values)
