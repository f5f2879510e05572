"""Tick rows: trades, parent orders, orders and snapshots as programs of their frames read them.

Rows are those of continuous trading; what came in an auction is in the totals of parent orders and
of the day, and in no row. Rows are stored in float32 (2^-24 of a value).
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit
from numpy import ndarray

from intralpha.features.engine.compiling import INNER, KERNEL
from intralpha.features.engine.machine import Rows
from intralpha.features.engine.program import Program
from intralpha.market import Ticks, has_closing_auction
from intralpha.market.level2.minutes import (
    AFTERNOON_MS,
    CLOSE_MS,
    CLOSING_MS,
    EXCHANGES,
    LUNCH_MS,
    MORNING_MS,
    NOON,
    minute_of,
)
from intralpha.market.level2.parents import parent_orders, parent_totals
from intralpha.market.level2.stock_parts import over_stocks

TRADE_ROWS = (
    *("price", "volume", "amount", "side", "buy_total", "sell_total", "step", "minute"),
    "locked",
)
ORDER_ROWS = ("price", "volume", "side", "minute", "limit")
PARENT_ROWS = ("side", "amount", "volume", "fills")
LEVELS = tuple(range(1, 11))
BOOK = {
    f"{side[0]}{letter}{n}": f"{side}_{what}{n}"
    for side in ("bid", "ask")
    for letter, what in (("p", "price"), ("q", "volume"), ("n", "orders"))
    for n in LEVELS
}
BEST = ("bp1", "ap1", "bq1", "aq1")
INPUTS = {"trade": TRADE_ROWS, "order": ORDER_ROWS, "parent": PARENT_ROWS, "snapshot": ()}
TABLE = {"trade": "trades", "order": "orders", "parent": "trades", "snapshot": "snapshots"}
_COLUMNS = {
    "trade": ("time", "price", "volume", "buy_id", "sell_id", "side"),
    "parent": ("time", "price", "volume", "buy_id", "sell_id"),
    "order": ("time", "price", "volume", "side", "kind", "cancel"),
}
# Rows [F, N], where those of a stock begin, and its first one of the afternoon.
Made = tuple[ndarray, ndarray, ndarray]
_NONE = np.zeros(0, np.bool_)


def columns_of(frame: str, program: Program) -> tuple[str, ...]:
    """Columns of the frame's table that its rows are made of."""
    if frame != "snapshot":
        return _COLUMNS[frame]
    used = dict.fromkeys((*BEST, *(n for n in program.rows if n in BOOK)))
    return ("time", *(BOOK[n] for n in used))


def tick_rows(
    frame: str,
    program: Program,
    ticks: Ticks,
    days: Float64[ndarray, "G A"],
    locked: Bool[ndarray, "A T"],
    dtype: type = np.float32,
) -> Rows:
    """Rows of some stocks for a program of a frame of ticks.

    Parameters
    ----------
    frame : ``trade``, ``parent``, ``order`` or ``snapshot``
    program : assembled with the frame's ``INPUTS``
    ticks : rows of the frame's ``TABLE`` with :func:`columns_of` it, whole stocks
    days : the numbers of the day that the program reads, of these stocks
    locked : minutes that had one price, a limit of the day
    dtype : float64 for tests of formulas

    Notes
    -----
    Memory: 4 bytes a row and input.
    """
    if frame == "parent":
        rows, bounds = _parent_rows(ticks, dtype)
        return Rows(rows, days, bounds, 0, 0)
    ends = _ends(ticks)
    match frame:
        case "snapshot":
            rows, bounds, lunch = _snapshot_rows(program.rows, ticks, ends, dtype)
        case "order":
            rows, bounds, lunch = _order_rows(ticks, ends, dtype)
        case _:
            rows, bounds, lunch = _trade_rows(ticks, ends, locked, dtype)
    return Rows(rows, days, bounds, 0, lunch)


def _trade_rows(
    ticks: Ticks, ends: Int64[ndarray, "A"], locked: Bool[ndarray, "A T"], dtype: type
) -> Made:
    """Trades of continuous trading."""
    time, price, volume, side = (ticks[n] for n in ("time", "price", "volume", "side"))
    bounds, lunch = _continuous(ticks, ends, _NONE), np.zeros(len(ends), np.int64)
    out = np.empty((len(TRADE_ROWS), bounds[-1]), dtype)
    totals = parent_totals(ticks)

    def fill(first: int, last: int) -> None:
        _fill_trades(time, price, volume, side, *totals, ticks.bounds, ends, locked, bounds,
                     first, last, out, lunch)  # fmt: skip

    over_stocks(ticks.bounds, fill)
    return out, bounds, lunch


def _parent_rows(ticks: Ticks, dtype: type) -> tuple[ndarray, ndarray]:
    """Orders of the whole day, auctions included, and where those of a stock begin."""
    orders = parent_orders(ticks)
    columns = [orders[n] for n in ("side", "amount", "shares", "fills")]
    bounds, out = orders.bounds, np.empty((len(PARENT_ROWS), len(orders)), dtype)

    def fill(first: int, last: int) -> None:
        here = slice(bounds[first], bounds[last])
        for i, values in enumerate(columns):
            out[i, here] = values[here]

    over_stocks(bounds, fill)
    return out, bounds


def _order_rows(ticks: Ticks, ends: Int64[ndarray, "A"], dtype: type) -> Made:
    """Orders that came in continuous trading; cancels are none."""
    time, price, volume, side = (ticks[n] for n in ("time", "price", "volume", "side"))
    kind, cancel = ticks["kind"], ticks["cancel"]
    bounds, lunch = _continuous(ticks, ends, cancel), np.zeros(len(ends), np.int64)
    out = np.empty((len(ORDER_ROWS), bounds[-1]), dtype)

    def fill(first: int, last: int) -> None:
        _fill_orders(time, price, volume, side, kind, cancel, ticks.bounds, ends, bounds,
                     first, last, out, lunch)  # fmt: skip

    over_stocks(ticks.bounds, fill)
    return out, bounds, lunch


def _snapshot_rows(
    names: tuple[str, ...], ticks: Ticks, ends: Int64[ndarray, "A"], dtype: type
) -> Made:
    """Snapshots of continuous trading with both best quotes; an empty level has price 0."""
    time = ticks["time"]
    bid, ask, bids, asks = (ticks[BOOK[n]] for n in BEST)
    kept, lunch = np.zeros((2, len(ends)), np.int64)
    place, minute = np.empty(len(ticks), np.int64), np.empty(len(ticks), dtype)

    def find(first: int, last: int) -> None:
        _find_quotes(time, bid, ask, bids, asks, ticks.bounds, ends, first, last,
                     place, minute, kept, lunch)  # fmt: skip

    over_stocks(ticks.bounds, find)
    bounds = _begins(kept)
    out = np.empty((len(names), bounds[-1]), dtype)
    columns = [minute if n == "minute" else ticks[BOOK[n]] for n in names]

    def fill(first: int, last: int) -> None:
        for i, values in enumerate(columns):
            _gather(values, place, ticks.bounds, bounds, first, last, out[i])

    over_stocks(ticks.bounds, fill)
    return out, bounds, lunch


def _ends(ticks: Ticks) -> Int64[ndarray, "A"]:
    """Last millisecond of continuous trading of every stock."""
    closing = {s: has_closing_auction(e, ticks.on) for s, e in EXCHANGES.items()}
    late = [closing.get(str(s)[-2:], True) for s in ticks.symbols]
    return np.where(late, CLOSING_MS - 1, CLOSE_MS).astype(np.int64)


def _continuous(
    ticks: Ticks, ends: Int64[ndarray, "A"], dropped: Bool[ndarray, "N"]
) -> Int64[ndarray, "edges"]:
    """Where the rows of continuous trading of a stock begin, those dropped left out."""
    time, kept = ticks["time"], np.zeros(len(ends), np.int64)

    def count(first: int, last: int) -> None:
        _count(time, dropped, ticks.bounds, ends, first, last, kept)

    over_stocks(ticks.bounds, count)
    return _begins(kept)


def _begins(kept: Int64[ndarray, "A"]) -> Int64[ndarray, "edges"]:
    """Where the kept rows of a stock begin."""
    return np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)


@njit(**INNER)
@no_type_check
def _is_continuous(time, end):
    return MORNING_MS <= time <= end and not LUNCH_MS < time < AFTERNOON_MS


@njit(**KERNEL)
@no_type_check
def _count(time, dropped, bounds, ends, first, last, kept):
    """Rows of continuous trading; ``dropped`` marks some that do not count, or is empty."""
    for s in range(first, last):
        for i in range(bounds[s], bounds[s + 1]):
            if _is_continuous(time[i], ends[s]) and not (len(dropped) and dropped[i]):
                kept[s] += 1


@njit(**KERNEL)
@no_type_check
def _fill_trades(time, price, volume, side, buy_total, sell_total, bounds, ends, locked,
                 to_bounds, first, last, out, lunch):  # fmt: skip
    for s in range(first, last):
        to, before, half = to_bounds[s], 0.0, -1
        for i in range(bounds[s], bounds[s + 1]):
            if not _is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if m // NOON != half:
                before, half = price[i], m // NOON
                if half == 1:
                    lunch[s] = to - to_bounds[s]
            out[0, to], out[1, to], out[2, to] = price[i], volume[i], price[i] * volume[i]
            out[3, to], out[4, to], out[5, to] = side[i], buy_total[i], sell_total[i]
            out[6, to] = np.log(price[i] / before) if price[i] != before else 0.0
            out[7, to], out[8, to] = m + 1, locked[s, m]
            before = price[i]
            to += 1


@njit(**KERNEL)
@no_type_check
def _fill_orders(time, price, volume, side, kind, cancel, bounds, ends, to_bounds,
                 first, last, out, lunch):  # fmt: skip
    for s in range(first, last):
        to, half = to_bounds[s], 0
        for i in range(bounds[s], bounds[s + 1]):
            if cancel[i] or not _is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if half == 0 and m >= NOON:
                half, lunch[s] = 1, to - to_bounds[s]
            out[0, to], out[1, to], out[2, to] = price[i], volume[i], side[i]
            out[3, to], out[4, to] = m + 1, kind[i] == 0
            to += 1


@njit(**KERNEL)
@no_type_check
def _find_quotes(time, bid, ask, bids, asks, bounds, ends, first, last, place, minute, kept, lunch):
    """Places of the rows that count, at the start of those of their stock, and their minutes."""
    for s in range(first, last):
        to, half = bounds[s], 0
        for i in range(bounds[s], bounds[s + 1]):
            quoted = bid[i] > 0.0 and ask[i] > 0.0 and bids[i] > 0 and asks[i] > 0
            if not quoted or not _is_continuous(time[i], ends[s]):
                continue
            m = minute_of(np.int64(time[i]))
            if half == 0 and m >= NOON:
                half, lunch[s] = 1, to - bounds[s]
            place[to], minute[i] = i, m + 1
            to += 1
        kept[s] = to - bounds[s]


@njit(**KERNEL)
@no_type_check
def _gather(values, place, bounds, to_bounds, first, last, out):
    """A column at those places; no number is 0."""
    for s in range(first, last):
        for k in range(to_bounds[s + 1] - to_bounds[s]):
            x = values[place[bounds[s] + k]]
            out[to_bounds[s] + k] = 0 if np.isnan(x) else x
