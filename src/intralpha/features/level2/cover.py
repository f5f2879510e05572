"""Cover: whether ticks, or bars, hold the minutes of a stock-day that a factor reads.

A stream that stops at 10:30 looks like a stock in which nothing happened afterwards. What did
happen is told by a witness: the bars, where they hold what the daily row says was traded. A stock
that was halted has no volume there either, so it is not taken for a gap. Bars that hold less have
the daily row for a witness: it says that something is missing, and their silences say where.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Shaped
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_shape
from intralpha.base.compiling import INNER, KERNEL
from intralpha.features.level2.minutes import minute_of
from intralpha.market.hours import AFTER_HOURS_MS, AUCTION_MINUTES, MINUTES, MORNING_MS
from intralpha.market.stock_parts import over_stocks
from intralpha.market.ticks import Ticks

# Of what was traded, so much must be there. Daily rows of some boards hold trades after hours,
# bars of other vendors stamp a trade in the minute beside: both are a few per cent at most.
HELD = 0.95
# A stream is silent where so many minutes pass without a row, and so many of its usual pauses: were
# its rows independent, one pause in e^20 would be so long.
SILENT_MINUTES, SILENT_PAUSES = 10, 20
NO_VOLUME = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Spoken:
    """What a stream says, A stocks.

    Attributes
    ----------
    table : ``trades``, ``orders`` or ``snapshots``
    found : shares of trades, rows of other tables, in each minute
    early : the same before 09:30
    speaks : minutes that are not inside a long silence
    """

    table: str
    found: Float64[ndarray, "A T"]
    early: Float64[ndarray, "A"]
    speaks: Bool[ndarray, "A T"]


def spoken(ticks: Ticks, closing: Bool[ndarray, "A"]) -> Spoken:
    """What a stream says in each minute, and before 09:30; nothing of what comes after hours.

    Parameters
    ----------
    ticks : with ``time``, and ``volume`` for trades
    closing : the session ends with a call auction, which silence does not reach into
    """
    stocks = len(ticks.symbols)
    found, early = np.zeros((stocks, MINUTES)), np.zeros(stocks)
    speaks = np.ones(found.shape, bool)
    time, volume = ticks["time"], ticks["volume"] if ticks.table == "trades" else NO_VOLUME

    def work(first: int, last: int) -> None:
        _add(time, volume, ticks.bounds, closing, first, last, found, early, speaks)

    over_stocks(ticks.bounds, work)
    return Spoken(ticks.table, found, early, speaks)


def witnessed(
    day_volume: Float64[ndarray, "A"], daily_volume: Float64[ndarray, "A"]
) -> Bool[ndarray, "A"]:
    """Whether bars hold what was traded on the day, so that they say when it was.

    Parameters
    ----------
    day_volume : shares of all minutes and the opening auction, as bars and auctions say
    daily_volume : shares, as the daily row says; NaN: there is none

    Notes
    -----
    Known after the close, as all that is made of it.
    """
    return day_volume >= HELD * np.nan_to_num(daily_volume)


def covered(
    stream: Spoken,
    traded: Float64[ndarray, "A T"],
    auction_inside: Bool[ndarray, "A"],
    closing: Bool[ndarray, "A"],
    witness: Bool[ndarray, "A"],
    daily_volume: Float64[ndarray, "A"],
    minutes: Bool[ndarray, "F T"],
) -> Bool[ndarray, "A F"]:
    """Whether a stream holds the minutes that each factor reads.

    With a witness: of the shares that bars say were traded in these minutes, 95 % must be among
    the trades, or lie outside the silences of the orders or snapshots. Where the bars hold less
    than the day's volume (they were made from the same broken trades), 95 % of these minutes must
    lie outside the stream's own silences; trades that speak all day and lack volume lack it
    anywhere. The closing auction does not count: no factor reads it
    from ticks but by whole orders.

    Parameters
    ----------
    stream : of :func:`spoken`
    traded : shares of each minute of the same stocks, as bars say
    auction_inside : the first bar holds the opening auction
    closing : the session ends with a call auction of three minutes
    witness : of :func:`witnessed`
    daily_volume : shares, as the daily row says; NaN: unknown
    minutes : those that each factor reads

    Returns
    -------
    bool [A, F]
        True where nothing was traded in these minutes, or a factor reads none. Known after the
        close.
    """
    found, early, speaks = stream.found, stream.early, stream.speaks
    check_shape("traded", traded, found.shape, "f")
    held, due, trades = np.where(speaks, traded, 0.0), traded, stream.table == "trades"
    if trades:
        held = found.copy()
        held[auction_inside, 0] += early[auction_inside]
    if not witness.all():
        due = np.where(witness[:, None], due, 1.0)
        held = np.where(witness[:, None], held, speaks)
    out = _enough(held, due, closing, minutes)
    if trades and not witness.all():
        lacks = found.sum(axis=1) + early < HELD * np.nan_to_num(daily_volume)
        out[~witness & lacks & speaks.all(axis=1)] = False
    return out


def bars_cover(
    traded: Float64[ndarray, "A T"],
    closing: Bool[ndarray, "A"],
    of_trades: Bool[ndarray, "A"],
    minutes: Bool[ndarray, "F T"],
) -> Bool[ndarray, "A F"]:
    """Whether bars that lack volume hold the minutes that each factor of a whole day reads.

    95 % of these minutes must lie outside the bars' long silences. Bars that were made of trades,
    speak all day and lack volume lack it anywhere. The closing auction does not count, as for
    ticks.

    Parameters
    ----------
    traded : shares of each minute, of stocks that :func:`witnessed` is False for; of a longer bar
        any split over its minutes
    closing : the session ends with a call auction of three minutes
    of_trades : what a factor reads of these bars was made from the same trades as their volume
    minutes : those that each factor reads

    Returns
    -------
    bool [A, F]
        True where a factor reads no minutes. Known after the close.
    """
    check_shape("traded", traded, (len(closing), MINUTES), "f")
    speaks = np.ones(traded.shape, bool)
    _listen(traded, closing, speaks)
    out = _enough(speaks, np.ones(traded.shape), closing, minutes)
    out[of_trades & speaks.all(axis=1)] &= ~minutes.any(axis=1)
    return out


def _enough(
    held: Shaped[ndarray, "A T"],
    due: Float64[ndarray, "A T"],
    closing: Bool[ndarray, "A"],
    minutes: Bool[ndarray, "F T"],
) -> Bool[ndarray, "A F"]:
    """Whether the continuous minutes that each factor reads hold what is due in them."""
    continuous = np.ones(due.shape)
    continuous[closing, -AUCTION_MINUTES:] = 0.0
    read = minutes.T.astype(np.float64)
    return (held * continuous) @ read >= HELD * ((due * continuous) @ read)


@njit(**KERNEL)
@no_type_check
def _listen(traded, closing, speaks):
    for s in range(len(traded)):
        end = MINUTES - (AUCTION_MINUTES if closing[s] else 0)
        opened, closed, rows = end, -1, 0
        for m in range(end):
            if traded[s, m] > 0.0:
                opened, closed, rows = min(opened, m), max(closed, m), rows + 1
        _hush(traded[s], end, opened, closed, rows, speaks[s])


@njit(**INNER)
@no_type_check
def _hush(found, end, opened, closed, rows, speaks):
    """Minutes of long silences speak no more."""
    pause = (closed - opened + 1) / max(rows, 1)
    least, before = max(SILENT_MINUTES, SILENT_PAUSES * pause), -1
    for m in range(end + 1):
        if m == end or found[m] > 0.0:
            if m - before - 1 >= least:
                speaks[before + 1 : m] = False
            before = m


@njit(**KERNEL)
@no_type_check
def _add(time, volume, bounds, closing, first, last, found, early, speaks):
    for s in range(first, last):
        end = MINUTES - (AUCTION_MINUTES if closing[s] else 0)
        opened, closed, rows = end, -1, 0
        for i in range(bounds[s], bounds[s + 1]):
            if time[i] >= AFTER_HOURS_MS:
                continue
            size = np.float64(volume[i]) if len(volume) else 1.0
            if time[i] < MORNING_MS:
                early[s] += size
            else:
                m = minute_of(np.int64(time[i]))
                found[s, m] += size
                if m < end:
                    opened, closed, rows = min(opened, m), max(closed, m), rows + 1
        _hush(found[s], end, opened, closed, rows, speaks[s])
