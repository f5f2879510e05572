"""Bars of one session of the simulated market, in ticks and shares."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Int
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import BARE, BARE_INNER
from intralpha.sources.exchange.book import T_SHARES, T_TICK, T_TIME

MINUTES, NOON, MINUTE_MS = 240, 120, 60_000
MORNING_MS, AFTERNOON_MS = 34_200_000, 46_800_000  # 09:30 and 13:00


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of one session.

    Attributes
    ----------
    open, high, low, close : ticks of 0.01 CNY
    volume : shares
    amount : ticks times shares
    trades : how many
    """

    open: Int[ndarray, "A T"]
    high: Int[ndarray, "A T"]
    low: Int[ndarray, "A T"]
    close: Int[ndarray, "A T"]
    volume: Int[ndarray, "A T"]
    amount: Int[ndarray, "A T"]
    trades: Int[ndarray, "A T"]

    def longer(self, minutes: int) -> "Bars":
        """Bars of that many of these bars each."""
        stocks, bars = self.open.shape
        shape = (stocks, bars // minutes, minutes)
        return Bars(
            open=self.open.reshape(shape)[:, :, 0],
            high=self.high.reshape(shape).max(axis=2),
            low=self.low.reshape(shape).min(axis=2),
            close=self.close.reshape(shape)[:, :, -1],
            volume=self.volume.reshape(shape).sum(axis=2),
            amount=self.amount.reshape(shape).sum(axis=2),
            trades=self.trades.reshape(shape).sum(axis=2),
        )


def quiet_bars(preclose: Int[ndarray, "A"]) -> Bars:
    """Minute bars in which nothing trades: every price is the previous close."""
    price = np.repeat(preclose[:, None], MINUTES, axis=1)
    none = np.zeros((len(preclose), MINUTES), np.int64)
    return Bars(price, *(price.copy() for _ in range(3)), *(none.copy() for _ in range(3)))


def fill_minutes(bars: Bars, i: int, trades: Int[ndarray, "N 7"], preclose: int) -> None:
    """Write the minutes of stock ``i`` from its trades in the order of their time.

    Parameters
    ----------
    bars : of the session, changed in place
    i : the stock's place in them
    trades : rows of :attr:`~intralpha.sources.exchange.book.Book.trades`. Those before 09:30 go
        to the first minute, those stamped 11:30:00 or 15:00:00 to the last before it [Spec 2.2].
    preclose : ticks, price of the minutes before the first trade; later ones without trades repeat
        the last price
    """
    fill_bars(
        bars.open[i], bars.high[i], bars.low[i], bars.close[i],
        bars.volume[i], bars.amount[i], bars.trades[i], trades, preclose,
    )  # fmt: skip


@njit(**BARE_INNER)
@no_type_check
def _minute(time):
    if time < AFTERNOON_MS:
        return min(max(time - MORNING_MS, 0) // MINUTE_MS, NOON - 1)
    return min(NOON + (time - AFTERNOON_MS) // MINUTE_MS, MINUTES - 1)


@njit(**BARE)
@no_type_check
def fill_bars(opens, high, low, close, volume, amount, count, trades, last):
    """Minutes of one stock; see :func:`fill_minutes`.

    Parameters
    ----------
    opens, high, low, close, volume, amount, count : [minutes], written here
    trades : [n, fields], by time
    last : price before the first of them
    """
    n = 0
    for m in range(MINUTES):
        opens[m], high[m], low[m], close[m] = last, last, last, last
        volume[m], amount[m], count[m] = 0, 0, 0
        while n < len(trades) and _minute(trades[n, T_TIME]) == m:
            price, shares = trades[n, T_TICK], trades[n, T_SHARES]
            if count[m] == 0:
                opens[m], high[m], low[m] = price, price, price
            high[m], low[m], close[m] = max(high[m], price), min(low[m], price), price
            volume[m] += shares
            amount[m] += shares * price
            count[m] += 1
            n += 1
        last = close[m]
