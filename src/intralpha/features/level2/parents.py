"""Parent orders: trades of one order id merged to what the order executed in the day [Spec 2.5].

An id is turned into its place among the ids of the stock and side, in the order of their first
fill, through a table of int32: addressed by the id itself where the ids of the day lie close
together, else by a hash. Ids of one channel of the exchange count all its stocks, so the hash is
what most real days take.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import INNER, KERNEL
from intralpha.market.stock_parts import over_stocks
from intralpha.market.ticks import Ticks

TRADE_COLUMNS = ("time", "price", "volume", "buy_id", "sell_id")
DIRECT_IDS = 16  # the table is addressed by the id up to so many ids a trade
_HASH = np.uint64(0x9E3779B97F4A7C15)


class ParentTotals(NamedTuple):
    """What the orders behind each trade executed in the whole day, CNY."""

    buy: Float64[ndarray, "N"]
    sell: Float64[ndarray, "N"]


def parent_totals(trades: Ticks, threads: int | None = None) -> ParentTotals:
    r"""Day totals of both orders of every trade.

    .. math:: B_{j(\tau)} = \sum_{\tau': j(\tau') = j(\tau)} p_{\tau'} q_{\tau'}

    Parameters
    ----------
    trades : whole stocks, with ``price`` (CNY), ``volume`` (shares), ``buy_id``, ``sell_id``
    threads : default: :func:`~intralpha.base.thread_count`; the result does not depend on it

    Returns
    -------
    ParentTotals, two float64 [N] in the order of the trades
        CNY of the buy and of the sell order over all trades of the day, auctions included. An id
        of 0 or less is not known: such a fill is an order of its own and is never merged.

    Notes
    -----
    Known after the last trade of the day: a total stands at every fill of its order, also at
    those before the last one. Memory: 16 bytes a trade, and for each thread up to
    ``24 + 4 * DIRECT_IDS`` bytes a trade of its largest stock. Source: S:002, sums of trades that
    share a buyer or seller id.
    """
    out = ParentTotals(np.empty(len(trades)), np.empty(len(trades)))
    columns = (trades["price"], trades["volume"], trades["buy_id"], trades["sell_id"])

    def work(first: int, last: int) -> None:
        _day_totals(*columns, trades.bounds, first, last, out.buy, out.sell)

    over_stocks(trades.bounds, work, threads)
    return out


def parent_orders(trades: Ticks, threads: int | None = None) -> Ticks:
    """Orders of the day that executed anything, with what they executed.

    Parameters
    ----------
    trades : whole stocks, with ``TRADE_COLUMNS``, in their order of execution
    threads : default: :func:`~intralpha.base.thread_count`; the result does not depend on it

    Returns
    -------
    Ticks, table ``parents``, the same stocks
        ``id``; ``side`` (int8, 1 buy, -1 sell); ``amount`` (CNY) and ``shares`` executed;
        ``fills`` (trades); ``first_time`` and ``last_time`` of a fill (ms since midnight). Of a
        stock the buys come first, each side in the order of first fills. A fill without an id is
        an order of id 0, so amounts and shares of a side add up to the day's.

    Notes
    -----
    Known after the last trade of the day. Memory: 8 bytes a trade and 37 an order.
    """
    stocks = len(trades.symbols)
    place = np.empty((2, len(trades)), np.int32)
    counts = np.zeros((stocks, 2), np.int64)

    def number(first: int, last: int) -> None:
        _number_day(trades["buy_id"], trades.bounds, first, last, place[0], counts[:, 0])
        _number_day(trades["sell_id"], trades.bounds, first, last, place[1], counts[:, 1])

    over_stocks(trades.bounds, number, threads)
    bounds = np.concatenate([[0], np.cumsum(counts.sum(axis=1))]).astype(np.int64)
    total = int(bounds[-1])
    kinds = {"id": np.int64, "side": np.int8, "amount": np.float64, "shares": np.int64,
             "fills": np.int32, "first_time": np.int32, "last_time": np.int32}  # fmt: skip
    out = {name: np.zeros(total, kind) for name, kind in kinds.items()}
    numbers = (trades["price"], trades["volume"], trades["time"])

    def gather(first: int, last: int) -> None:
        for s, name in enumerate(("buy_id", "sell_id")):
            begin = bounds[:-1] + (counts[:, 0] if s else 0)
            _gather(*numbers, trades[name], place[s], trades.bounds, begin, first, last, 1 - 2 * s,
                    *out.values())  # fmt: skip

    over_stocks(trades.bounds, gather, threads)
    return Ticks(trades.on, "parents", trades.symbols, bounds, out)


@njit(**INNER)
@no_type_check
def table_size(ids):
    """Entries of the table for the ids of a stock and side: least id, entries, shift of the hash.

    The shift is -1 where the table is addressed by the id.
    """
    least, most = np.iinfo(np.int64).max, np.int64(0)
    for i in range(len(ids)):
        if ids[i] > 0:
            least = min(least, ids[i])
            most = max(most, ids[i])
    if most == 0:
        return np.int64(1), np.int64(0), np.int64(-1)
    if most - least < DIRECT_IDS * len(ids):
        return least, most - least + 1, np.int64(-1)
    bits = 4
    while (1 << bits) < len(ids) + len(ids) // 2:
        bits += 1
    return least, np.int64(1 << bits), np.int64(64 - bits)


@njit(**INNER)
@no_type_check
def number_ids(ids, least, shift, table, names, place):
    """Write the place of each trade's order, and the id at each place; returns their number.

    Parameters
    ----------
    ids : int64 [N], buy or sell ids of the trades of a stock; 0 or less is not known, and such a
        trade has an order, of id 0, to itself
    least, shift : of :func:`table_size`
    table : int32, of the size that :func:`table_size` asks for; scratch, written over
    names : int64 [N], written: the id of each order, in the order of first fills
    place : int32 [N], written: the order of each trade, a place in ``names``
    """
    table[:] = 0
    known, before, at = 0, np.int64(0), 0
    for i in range(len(ids)):
        name = ids[i]
        if name == before and name > 0:
            place[i] = at
            continue
        before = name
        if name <= 0:
            names[known] = 0
            known += 1
            place[i] = known - 1
            continue
        if shift < 0:
            h = name - least
            at = table[h] - 1
        else:
            h = np.int64((np.uint64(name) * _HASH) >> np.uint64(shift))
            at = table[h] - 1
            while at >= 0 and names[at] != name:
                h = (h + 1) & (len(table) - 1)
                at = table[h] - 1
        if at < 0:
            at = known
            names[known] = name
            known += 1
            table[h] = known
        place[i] = at
    return known


@njit(**INNER)
@no_type_check
def side_amounts(price, volume, ids, table, names, place, amounts):
    """Number the orders of a stock and side and add up their amounts; table grows where needed.

    Parameters
    ----------
    price, volume : [N], CNY and shares of the trades of a stock
    ids : int64 [N], ids of their buy orders, or of their sell orders
    table : int32, scratch
    names, place : as for :func:`number_ids`, N or longer; written
    amounts : float64, N or longer; written: CNY of each order, in the order of ``names``

    Returns
    -------
    number of orders, table
        The table may be a new one.
    """
    least, size, shift = table_size(ids)
    if size > len(table):
        table = np.empty(size, np.int32)
    known = number_ids(ids, least, shift, table[:size], names, place)
    amounts[:known] = 0.0
    for i in range(len(ids)):
        amounts[place[i]] += price[i] * volume[i]
    return known, table


@njit(**INNER)
@no_type_check
def longest(bounds, first, last):
    """Rows of the stock with most of them.

    Parameters
    ----------
    bounds : int64 [A + 1], where the rows of each stock begin
    first, last : stocks that are looked at, ``last`` not included
    """
    most = 0
    for s in range(first, last):
        most = max(most, bounds[s + 1] - bounds[s])
    return most


@njit(**KERNEL)
@no_type_check
def _day_totals(price, volume, buy, sell, bounds, first, last, buy_out, sell_out):
    most = longest(bounds, first, last)
    names, place = np.empty(most, np.int64), np.empty(most, np.int32)
    amounts, table = np.empty(most), np.empty(2 * most, np.int32)
    for s in range(first, last):
        lo, hi = bounds[s], bounds[s + 1]
        for side in range(2):
            ids = buy[lo:hi] if side == 0 else sell[lo:hi]
            out = buy_out[lo:hi] if side == 0 else sell_out[lo:hi]
            _, table = side_amounts(price[lo:hi], volume[lo:hi], ids, table, names, place, amounts)
            for i in range(hi - lo):
                out[i] = amounts[place[i]]


@njit(**KERNEL)
@no_type_check
def _number_day(ids, bounds, first, last, place, counts):
    most = longest(bounds, first, last)
    names, table = np.empty(most, np.int64), np.empty(2 * most, np.int32)
    for s in range(first, last):
        lo, hi = bounds[s], bounds[s + 1]
        least, size, shift = table_size(ids[lo:hi])
        if size > len(table):
            table = np.empty(size, np.int32)
        counts[s] = number_ids(ids[lo:hi], least, shift, table[:size], names, place[lo:hi])


@njit(**KERNEL)
@no_type_check
def _gather(price, volume, time, ids, place, bounds, begin, first, last, sign,
            name, side, amount, shares, fills, first_time, last_time):  # fmt: skip
    for s in range(first, last):
        for i in range(bounds[s], bounds[s + 1]):
            row = begin[s] + place[i]
            if fills[row] == 0:
                name[row], side[row], first_time[row] = max(ids[i], 0), sign, time[i]
                last_time[row] = time[i]
            amount[row] += price[i] * volume[i]
            shares[row] += volume[i]
            fills[row] += 1
            first_time[row] = min(first_time[row], time[i])
            last_time[row] = max(last_time[row], time[i])
