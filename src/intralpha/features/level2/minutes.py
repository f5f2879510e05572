"""Enriched minutes: the 240 rows of a stock-day with active sides, big orders and the book.

Trades and snapshots go into dense arrays, each row added to its minute in one pass; nothing is
sorted or grouped. Minutes are those of Spec 2.2: the first covers [09:30:00, 09:31:00), the 120th
holds 11:30:00 too, the 240th what is stamped 15:00:00 and so the closing auction.
"""

from dataclasses import dataclass
from datetime import date
from typing import no_type_check

import numpy as np
import polars as pl
from jaxtyping import Float64
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_shape
from intralpha.base.compiling import INNER, KERNEL
from intralpha.features.level2.parents import ParentTotals
from intralpha.market.closing import continuous_until
from intralpha.market.hours import (
    AFTERNOON_MS,
    LUNCH_MS,
    MINUTE_MS,
    MINUTES,
    MORNING_MS,
    NOON,
    OPENING_AUCTION,
    bar_times,
)
from intralpha.market.stock_parts import over_stocks
from intralpha.market.ticks import Ticks

TRADED = (
    "open", "high", "low", "close", "volume", "amount", "trades",
    "active_buy_volume", "active_sell_volume", "active_buy_amount", "active_sell_amount",
    "active_buy_trades", "active_sell_trades", "big_buy_amount", "big_sell_amount",
)  # fmt: skip
QUOTED = ("net_bid_amount", "spread", "depth_imbalance", "quotes")
AUCTION = ("price", "volume", "amount", "trades")
TRADE_COLUMNS = ("time", "price", "volume", "buy_id", "sell_id", "side")
LEVELS = tuple(range(1, 11))
SNAPSHOT_COLUMNS = (
    "time", "bid_price1", "ask_price1",
    *(f"bid_volume{n}" for n in LEVELS), *(f"ask_volume{n}" for n in LEVELS),
)  # fmt: skip
WHOLE = {"volume", "active_buy_volume", "active_sell_volume"}
COUNTS = {"trades", "active_buy_trades", "active_sell_trades", "quotes"}


@dataclass(frozen=True, eq=False)
class Minutes:
    """Minutes of a session made from its trades, A stocks.

    Attributes
    ----------
    on : session
    symbols : str [A], ascending
    values : float64 [15, A, 240], the columns ``TRADED``: prices and amounts CNY, volumes shares,
        trades counts. Big-order amounts are NaN where the threshold is.
    auction : float64 [4, A], the opening auction: price, shares, CNY, trades; price NaN where
        nothing traded in it
    """

    on: date
    symbols: ndarray
    values: Float64[ndarray, "C A T"]
    auction: Float64[ndarray, "4 A"]

    def __getitem__(self, name: str) -> Float64[ndarray, "A T"]:
        """A column; a view."""
        return self.values[TRADED.index(name)]

    @staticmethod
    def join(parts: "list[Minutes]") -> "Minutes":
        """Minutes of blocks of stocks of one session, one after another; at least one block."""
        return Minutes(
            parts[0].on,
            np.concatenate([p.symbols for p in parts]),
            np.concatenate([p.values for p in parts], axis=1),
            np.concatenate([p.auction for p in parts], axis=1),
        )


def trade_minutes(
    trades: Ticks,
    totals: ParentTotals,
    theta: Float64[ndarray, "A"],
    preclose: Float64[ndarray, "A"],
    threads: int | None = None,
) -> Minutes:
    """Minutes of whole stocks from their trades.

    Parameters
    ----------
    trades : with ``TRADE_COLUMNS``, in the order of execution; none from after hours
    totals : of :func:`~intralpha.features.level2.parents.parent_totals`, aligned with the trades
    theta : CNY, from which day total on an order is big; NaN: unknown
    preclose : CNY, price of the minutes before the first trade where there was no opening auction;
        NaN: the price of the first trade, **which those minutes did not know**
    threads : default: :func:`~intralpha.base.thread_count`; the result does not depend on it

    Returns
    -------
    Minutes
        Trades before 09:30 are the opening auction and in no minute. A minute without trades has
        the last price before it four times. Active sides are those of ``side``; 0 is in neither.
        Big amounts are fills in the minute of buy (sell) orders at or above the threshold.

    Raises
    ------
    ArrayFormError
        Arrays of another shape or kind.

    Notes
    -----
    A minute is known at its end, except its big amounts: whether an order is big is known after
    the last trade of the day. Memory: 29 kB a stock. Source: Spec 2.2, 2.5, 5.1.
    """
    stocks = len(trades.symbols)
    check_shape("theta", theta, (stocks,), "f")
    check_shape("preclose", preclose, (stocks,), "f")
    check_shape("totals.buy", totals.buy, (len(trades),), "f")
    check_shape("totals.sell", totals.sell, (len(trades),), "f")
    values = np.zeros((len(TRADED), stocks, MINUTES))
    auction = np.zeros((len(AUCTION), stocks))
    time, price, volume, side = (trades[n] for n in ("time", "price", "volume", "side"))

    def work(first: int, last: int) -> None:
        _add_trades(time, price, volume, side, totals.buy, totals.sell, trades.bounds, theta,
                    preclose, first, last, values, auction)  # fmt: skip

    over_stocks(trades.bounds, work, threads)
    return Minutes(trades.on, trades.symbols, values, auction)


def quote_minutes(snapshots: Ticks, threads: int | None = None) -> Float64[ndarray, "4 A T"]:
    r"""What the book says in every minute, from snapshots.

    ``net_bid_amount``: :math:`\sum \Delta(b_1 q^b_1) - \Delta(a_1 q^a_1)` in CNY over the
    snapshots of the minute, each against the one before it in the same half of the day; the first
    of a half has none, and an empty side is worth 0. ``spread``: mean of (ask1 - bid1) / mid, and
    ``depth_imbalance``: mean of (bids - asks) / (bids + asks) of the shares of ten levels, over
    the snapshots with both sides; ``quotes``: their number.

    Parameters
    ----------
    snapshots : whole stocks, with ``SNAPSHOT_COLUMNS``, in the order of time
    threads : default: :func:`~intralpha.base.thread_count`; the result does not depend on it

    Returns
    -------
    float64 [4, A, 240], the columns ``QUOTED``
        Without quotes in a minute its two means are NaN and its sums 0.

    Notes
    -----
    Known at the end of the minute. Only snapshots of continuous trading count: 09:30:00 to
    11:30:00 and 13:00:00 to before 14:57, or to 15:00:00 where the day has no closing auction.
    A snapshot shows the book at its stamp, so the one of 11:30:00 is in the 120th minute.
    Source: Spec 7 (net_bid_incr, in CNY), 4.3 (16, 17).
    """
    out = np.zeros((len(QUOTED), len(snapshots.symbols), MINUTES))
    ends = continuous_until(snapshots.symbols, snapshots.on)
    prices = (snapshots["time"], snapshots["bid_price1"], snapshots["ask_price1"])
    bids = tuple(snapshots[f"bid_volume{n}"] for n in LEVELS)
    asks = tuple(snapshots[f"ask_volume{n}"] for n in LEVELS)

    def work(first: int, last: int) -> None:
        _add_quotes(*prices, bids, asks, snapshots.bounds, ends, first, last, out)

    over_stocks(snapshots.bounds, work, threads)
    return out


def bar_rows(minutes: Minutes, quotes: Float64[ndarray, "4 A T"]) -> pl.DataFrame:
    """Rows of table ``bars``; the opening auction is not in the first of them.

    Parameters
    ----------
    minutes : of A stocks
    quotes : of the same stocks; all NaN for a stock without snapshots
    """
    times, stocks = pl.Series(bar_times(1), dtype=pl.Time), len(minutes.symbols)
    columns = {n: minutes.values[i].ravel() for i, n in enumerate(TRADED)}
    columns |= {n: quotes[i].ravel() for i, n in enumerate(QUOTED)}
    types = dict.fromkeys(WHOLE, pl.Int64) | dict.fromkeys(COUNTS, pl.Int32)
    symbols = pl.Series(minutes.symbols.tolist(), dtype=pl.String)
    return (
        pl.DataFrame(columns)
        .with_columns(pl.col(n).fill_nan(None).cast(types.get(n, pl.Float64)) for n in columns)
        .with_columns(
            pl.lit(minutes.on).alias("date"),
            pl.lit(1, pl.Int16).alias("freq"),
            symbols.gather(np.repeat(np.arange(stocks), MINUTES)).alias("symbol"),
            times.gather(np.tile(np.arange(MINUTES), stocks)).alias("time"),
            pl.lit(value=False).alias("auc_in_first"),
        )
    )


def auction_rows(minutes: Minutes) -> pl.DataFrame:
    """Rows of table ``auctions``: the opening auction of the stocks that traded in it."""
    columns = {name: minutes.auction[i] for i, name in enumerate(AUCTION)}
    rows = pl.DataFrame({"symbol": pl.Series(minutes.symbols.tolist(), dtype=pl.String), **columns})
    return (
        rows.filter(pl.col("trades") > 0)
        .with_columns(pl.col("volume").cast(pl.Int64), pl.col("trades").cast(pl.Int32))
        .select(
            pl.lit(minutes.on).alias("date"),
            "symbol",
            pl.lit(OPENING_AUCTION).alias("time"),
            *AUCTION,
        )
    )


@njit(**INNER)
@no_type_check
def minute_of(time):
    """Row of a time from 09:30 on; lunch belongs to the last of the morning."""
    if time < AFTERNOON_MS:
        return min((time - MORNING_MS) // MINUTE_MS, NOON - 1)
    return min(NOON + (time - AFTERNOON_MS) // MINUTE_MS, MINUTES - 1)


@njit(**KERNEL)
@no_type_check
def _add_trades(time, price, volume, side, buy_total, sell_total, bounds, theta, preclose,
                first, last, values, auction):  # fmt: skip
    for s in range(first, last):
        big = theta[s]
        for i in range(bounds[s], bounds[s + 1]):
            p, shares = price[i], np.float64(volume[i])
            amount = p * shares
            if time[i] < MORNING_MS:
                auction[0, s] = p
                auction[1, s] += shares
                auction[2, s] += amount
                auction[3, s] += 1.0
                continue
            m = minute_of(time[i])
            if values[6, s, m] == 0.0:
                values[0, s, m], values[1, s, m], values[2, s, m] = p, p, p
            values[1, s, m] = max(values[1, s, m], p)
            values[2, s, m] = min(values[2, s, m], p)
            values[3, s, m] = p
            values[4, s, m] += shares
            values[5, s, m] += amount
            values[6, s, m] += 1.0
            if side[i] > 0:
                values[7, s, m] += shares
                values[9, s, m] += amount
                values[11, s, m] += 1.0
            elif side[i] < 0:
                values[8, s, m] += shares
                values[10, s, m] += amount
                values[12, s, m] += 1.0
            if buy_total[i] >= big:
                values[13, s, m] += amount
            if sell_total[i] >= big:
                values[14, s, m] += amount
        _carry(s, _start(price, bounds, preclose, s, auction), values)
        if np.isnan(big):
            values[13:15, s] = np.nan
        if auction[3, s] == 0.0:
            auction[0, s] = np.nan


@njit(**INNER)
@no_type_check
def _start(price, bounds, preclose, s, auction):
    """Price before the first trade of continuous trading."""
    if auction[3, s] > 0.0:
        return auction[0, s]
    if np.isnan(preclose[s]) and bounds[s + 1] > bounds[s]:
        return price[bounds[s]]
    return preclose[s]


@njit(**INNER)
@no_type_check
def _carry(s, price, values):
    """Minutes without trades repeat the last price."""
    for m in range(MINUTES):
        if values[6, s, m] == 0.0:
            for c in range(4):
                values[c, s, m] = price
        price = values[3, s, m]


@njit(**INNER)
@no_type_check
def _side_amount(price, shares):
    """CNY at the best price of a side; 0 where it is empty."""
    return price * shares if price > 0.0 else 0.0


@njit(**KERNEL)
@no_type_check
def _add_quotes(time, bid, ask, bids, asks, bounds, ends, first, last, out):
    for s in range(first, last):
        half, before = -1, 0.0
        for i in range(bounds[s], bounds[s + 1]):
            now = time[i]
            if now < MORNING_MS or now > ends[s] or LUNCH_MS < now < AFTERNOON_MS:
                continue
            m = minute_of(now)
            worth = _side_amount(bid[i], bids[0][i]) - _side_amount(ask[i], asks[0][i])
            if half == m // NOON:
                out[0, s, m] += worth - before
            half, before = m // NOON, worth
            if bid[i] > 0.0 and ask[i] > 0.0 and bids[0][i] > 0 and asks[0][i] > 0:
                bought, sold = np.int64(0), np.int64(0)
                for n in range(10):
                    bought += bids[n][i]
                    sold += asks[n][i]
                out[1, s, m] += 2.0 * (ask[i] - bid[i]) / (ask[i] + bid[i])
                out[2, s, m] += (bought - sold) / (bought + sold)
                out[3, s, m] += 1.0
        for m in range(MINUTES):
            quotes = out[3, s, m] if out[3, s, m] > 0.0 else np.nan
            out[1, s, m] /= quotes
            out[2, s, m] /= quotes
