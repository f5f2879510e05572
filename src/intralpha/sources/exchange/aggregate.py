"""Aggregate: minute bars, the opening auction and the daily row of one stock-day, from its trades.

Everything is counted in integers (ticks, shares, and fen, which are ticks times shares), so the
bars add up to the trades and the day to its bars and its auction without a remainder. CNY appear
at the very end, in :meth:`TradeBars.columns`.
"""

from dataclasses import dataclass, fields
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Int, Shaped
from numba import njit
from numpy import ndarray

from intralpha.base import DataError
from intralpha.market import bar_times
from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.tape import BUY, SELL

MINUTE_MS = 60_000
# Matched at the close, stamped later: Shanghai's closing auction of 2023-02-01 bears 15:00:01.060
# in 600519 (shared/data/level2). Less than a minute late still belongs to the last bar.
LATE_MS = MINUTE_MS - 1
PRICES = ("open", "high", "low", "close")


class OutsideSessionError(DataError):
    """A trade is stamped when nothing trades."""

    def __init__(self, position: int, time_ms: int) -> None:
        self.position, self.time_ms = position, time_ms
        minutes, ms = divmod(time_ms, MINUTE_MS)
        super().__init__(
            f"trade {position} is stamped {minutes // 60:02d}:{minutes % 60:02d}:{ms / 1000:06.3f};"
            " expected the opening auction (before 09:30), 09:30-11:30 or 13:00-15:00, or less"
            " than a minute after a close.\nHint: take out trades at fixed price after hours."
        )


class UnsortedTradesError(DataError):
    """Trades are not in the order of their time."""

    def __init__(self, position: int, before_ms: int, time_ms: int) -> None:
        self.position, self.before_ms, self.time_ms = position, before_ms, time_ms
        super().__init__(
            f"trade {position} is stamped {time_ms} ms, the one before it {before_ms} ms; expected "
            "times that never fall.\nHint: sort the trades by the exchange's sequence."
        )


@dataclass(frozen=True, eq=False)
class TradeBars:
    """Bars of one stock-day without the opening auction.

    Attributes
    ----------
    open, high, low, close : ticks; of a bar without trades, the price before it
    volume, active_buy_volume, active_sell_volume : shares
    fen, active_buy_fen, active_sell_fen : ticks times shares
    trades, active_buy_trades, active_sell_trades : counts
        Active is the side of the order that came later; a closing auction has none.
    """

    open: Int[ndarray, "T"]
    high: Int[ndarray, "T"]
    low: Int[ndarray, "T"]
    close: Int[ndarray, "T"]
    volume: Int[ndarray, "T"]
    fen: Int[ndarray, "T"]
    trades: Int[ndarray, "T"]
    active_buy_volume: Int[ndarray, "T"]
    active_buy_fen: Int[ndarray, "T"]
    active_buy_trades: Int[ndarray, "T"]
    active_sell_volume: Int[ndarray, "T"]
    active_sell_fen: Int[ndarray, "T"]
    active_sell_trades: Int[ndarray, "T"]

    def columns(self) -> dict[str, Shaped[ndarray, "T"]]:
        """Columns of the lake's ``bars``: prices and amounts in CNY, volumes in shares."""
        whole = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            n.replace("fen", "amount"): v / TICKS_PER_YUAN if n in PRICES or "fen" in n else v
            for n, v in whole.items()
        }


@dataclass(frozen=True)
class DayTotal:
    """One price range and its sums: an opening auction, or a whole day with both auctions.

    Attributes
    ----------
    open, high, low, close : ticks
    volume, fen, trades : shares, ticks times shares, a count
    """

    open: int
    high: int
    low: int
    close: int
    volume: int
    fen: int
    trades: int


def opening_auction(
    trade_time: Int[ndarray, "N"], trade_tick: Int[ndarray, "N"], trade_shares: Int[ndarray, "N"]
) -> DayTotal | None:
    """The trades stamped before 09:30; None if there are none.

    Parameters
    ----------
    trade_time, trade_tick, trade_shares : ms since midnight, never falling; ticks; shares

    Raises
    ------
    UnsortedTradesError
    """
    early = _early(trade_time)
    if early == 0:
        return None
    tick, shares = (a[:early].astype(np.int64) for a in (trade_tick, trade_shares))
    return DayTotal(
        open=int(tick[0]),
        high=int(tick.max()),
        low=int(tick.min()),
        close=int(tick[-1]),
        volume=int(shares.sum()),
        fen=int(tick @ shares),
        trades=early,
    )


def minute_bars(
    trade_time: Int[ndarray, "N"],
    trade_tick: Int[ndarray, "N"],
    trade_shares: Int[ndarray, "N"],
    trade_side: Int[ndarray, "N"],
    freq: int,
    preclose_tick: int,
) -> TradeBars:
    """Bars labelled by their end, T = 240 / freq of them [Spec 2.2].

    The first one-minute bar holds [09:30:00, 09:31:00). What is stamped 11:30:00 or 15:00:00, or
    less than a minute later, is in the last bar before it: the closing auction too. A bar without
    trades repeats the price before it, at first that of the opening auction, else the previous
    close.

    Parameters
    ----------
    trade_time, trade_tick, trade_shares : ms since midnight, never falling; ticks; shares
        All trades of the day; those before 09:30 only give the first price.
    trade_side : BUY, SELL or NO_SIDE, the side that came later
    freq : minutes of one bar, a divisor of 120
    preclose_tick : previous close, ticks

    Raises
    ------
    OutsideSessionError, UnsortedTradesError
    intralpha.market.session.BarFrequencyError

    Examples
    --------
    >>> import numpy as np
    >>> time = np.array([34_259_999, 34_260_000])  # 09:30:59.999 and 09:31:00.000
    >>> both = np.array([1, 1])
    >>> bars = minute_bars(time, 1000 * both, 100 * both, both, 1, 990)
    >>> bars.volume[:3].tolist(), bars.columns()["amount"][:3].tolist()
    ([100, 100, 0], [1000.0, 1000.0, 0.0])
    """
    early = _early(trade_time)
    last = int(trade_tick[early - 1]) if early else preclose_tick
    bar = _bar_of(trade_time[early:], early, freq)
    count = len(bar_times(freq))
    prices, sums = np.empty((4, count), np.int64), np.zeros((9, count), np.int64)
    columns = (a[early:].astype(np.int64) for a in (trade_tick, trade_shares, trade_side))
    _fill(bar, *columns, last, prices, sums)
    return TradeBars(*prices, *sums)


def daily_total(bars: TradeBars, auction: DayTotal | None) -> DayTotal:
    """The day: the bars and, before them, the opening auction.

    Opens with the auction, else with the first trade. Without any trade all prices are the
    previous close.

    Parameters
    ----------
    bars : of any frequency
    auction : from :func:`opening_auction`
    """
    traded: Bool[ndarray, T] = bars.trades > 0
    parts = traded if traded.any() or auction else np.ones_like(traded)
    opens, highs, lows = bars.open[parts], bars.high[parts], bars.low[parts]
    if auction:
        opens = np.append(auction.open, opens)
        highs, lows = np.append(auction.high, highs), np.append(auction.low, lows)
    return DayTotal(
        open=int(opens[0]),
        high=int(highs.max()),
        low=int(lows.min()),
        close=int(bars.close[-1]),
        volume=int(bars.volume.sum()) + (auction.volume if auction else 0),
        fen=int(bars.fen.sum()) + (auction.fen if auction else 0),
        trades=int(bars.trades.sum()) + (auction.trades if auction else 0),
    )


def _early(trade_time: Int[ndarray, "N"]) -> int:
    """How many trades belong to the opening auction."""
    falls = np.flatnonzero(trade_time[1:] < trade_time[:-1])
    if len(falls):
        n = int(falls[0])
        raise UnsortedTradesError(n + 1, int(trade_time[n]), int(trade_time[n + 1]))
    return int(np.searchsorted(trade_time, _ends_ms(1)[0] - MINUTE_MS))


def _ends_ms(freq: int) -> Int[ndarray, "T"]:
    return np.array([t.hour * 60 + t.minute for t in bar_times(freq)], np.int64) * MINUTE_MS


def _bar_of(trade_time: Int[ndarray, "N"], skipped: int, freq: int) -> Int[ndarray, "N"]:
    """Position of each trade's bar."""
    ends = _ends_ms(freq)
    starts = ends - freq * MINUTE_MS
    closes = np.append(starts[1:] != ends[:-1], True)
    final = np.where(closes, ends + LATE_MS, ends - 1)
    bar = np.searchsorted(final, trade_time)
    inside = trade_time >= np.append(starts, np.iinfo(np.int64).max)[bar]
    if not inside.all():
        n = int(np.argmin(inside))
        raise OutsideSessionError(skipped + n, int(trade_time[n]))
    return bar


@njit(cache=True, nogil=True)
@no_type_check
def _fill(bar, tick, shares, side, last, prices, sums):
    """Write [4, T] prices and [9, T] sums: volume, fen and trades of all, of buys, of sells."""
    n = 0
    for m in range(prices.shape[1]):
        prices[:, m] = tick[n] if n < len(bar) and bar[n] == m else last
        while n < len(bar) and bar[n] == m:
            last = tick[n]
            prices[1, m] = max(prices[1, m], last)
            prices[2, m] = min(prices[2, m], last)
            prices[3, m] = last
            _count(sums[0:3, m], last, shares[n])
            if side[n] == BUY:
                _count(sums[3:6, m], last, shares[n])
            elif side[n] == SELL:
                _count(sums[6:9, m], last, shares[n])
            n += 1


@njit(cache=True, nogil=True)
@no_type_check
def _count(sums, tick, shares):
    sums[0] += shares
    sums[1] += tick * shares
    sums[2] += 1
