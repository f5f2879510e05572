"""Tick rows: trades, parent orders, orders and snapshots as programs of their frames read them.

Rows are those of continuous trading; what came in an auction is in the totals of parent orders and
of the day, and in no row. Rows are stored in float32 (2^-24 of a value).
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit
from numpy import ndarray

from intralpha.features.engine.compiling import KERNEL
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
INPUTS = {"trade": TRADE_ROWS, "order": ORDER_ROWS, "parent": PARENT_ROWS, "snapshot": ()}
TABLE = {"trade": "trades", "order": "orders", "parent": "trades", "snapshot": "snapshots"}
_COLUMNS = {
    "trade": ("time", "price", "volume", "buy_id", "sell_id", "side"),
    "parent": ("time", "price", "volume", "buy_id", "sell_id"),
    "order": ("time", "price", "volume", "side", "kind", "cancel"),
}


def columns_of(frame: str, program: Program) -> tuple[str, ...]:
    """Columns of the frame's table that its rows are made of."""
    if frame != "snapshot":
        return _COLUMNS[frame]
    best = ("bp1", "ap1", "bq1", "aq1")
    used = dict.fromkeys((*best, *(n for n in program.rows if n in BOOK)))
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
    ends = _ends(ticks)
    if frame == "parent":
        orders = parent_orders(ticks)
        values = (orders["side"], orders["amount"], orders["shares"], orders["fills"])
        return Rows(np.array(values, dtype), days, orders.bounds, 0, 0)
    if frame == "snapshot":
        return _snapshot_rows(program, ticks, days, ends, dtype)
    keep = _continuous(ticks["time"], ticks.bounds, ends)
    if frame == "order":
        keep &= ~ticks["cancel"]
    bounds = _bounds_of(keep, ticks.bounds)
    out = np.empty((len(INPUTS[frame]), bounds[-1]), dtype)
    lunch = np.zeros(len(ticks.symbols), np.int64)
    if frame == "order":
        row = np.flatnonzero(keep)
        time = ticks["time"][row]
        for i, name in enumerate(("price", "volume", "side")):
            out[i] = ticks[name][row]
        out[3], out[4] = _minutes(time) + 1, ticks["kind"][row] == 0
        _find_lunch(out[3], bounds, lunch)
        return Rows(out, days, bounds, 0, lunch)
    buy, sell = parent_totals(ticks)
    time, price, volume, side = (ticks[n] for n in ("time", "price", "volume", "side"))

    def work(first: int, last: int) -> None:
        _trade_rows(time, price, volume, side, buy, sell, keep, ticks.bounds, locked, bounds,
                    first, last, out, lunch)  # fmt: skip

    over_stocks(ticks.bounds, work)
    return Rows(out, days, bounds, 0, lunch)


def _snapshot_rows(
    program: Program,
    ticks: Ticks,
    days: Float64[ndarray, "G A"],
    ends: Int64[ndarray, "A"],
    dtype: type,
) -> Rows:
    """Snapshots of continuous trading with both best quotes; an empty level has price 0."""
    keep = _continuous(ticks["time"], ticks.bounds, ends)
    for name in ("bp1", "ap1", "bq1", "aq1"):
        keep &= ticks[BOOK[name]] > 0
    bounds, row = _bounds_of(keep, ticks.bounds), np.flatnonzero(keep)
    minute = _minutes(ticks["time"][row]) + 1
    lunch = np.zeros(len(ticks.symbols), np.int64)
    _find_lunch(minute.astype(np.float64), bounds, lunch)
    out = np.empty((len(program.rows), len(row)), dtype)
    for i, name in enumerate(program.rows):
        out[i] = minute if name == "minute" else np.nan_to_num(ticks[BOOK[name]][row])
    return Rows(out, days, bounds, 0, lunch)


def _ends(ticks: Ticks) -> Int64[ndarray, "A"]:
    """Last millisecond of continuous trading of every stock."""
    closing = {s: has_closing_auction(e, ticks.on) for s, e in EXCHANGES.items()}
    late = [closing.get(str(s)[-2:], True) for s in ticks.symbols]
    return np.where(late, CLOSING_MS - 1, CLOSE_MS).astype(np.int64)


def _continuous(
    time: ndarray, bounds: Int64[ndarray, "edges"], ends: Int64[ndarray, "A"]
) -> Bool[ndarray, "N"]:
    until = np.repeat(ends, np.diff(bounds))
    lunch = (time > LUNCH_MS) & (time < AFTERNOON_MS)
    return (time >= MORNING_MS) & (time <= until) & ~lunch


def _bounds_of(keep: Bool[ndarray, "N"], bounds: Int64[ndarray, "edges"]) -> ndarray:
    """Where the kept rows of a stock begin."""
    before = np.concatenate([[0], np.cumsum(keep)])
    return before[bounds].astype(np.int64)


@njit(**KERNEL)
@no_type_check
def _minutes(time):
    """Row of the minute of every time, from 0."""
    out = np.empty(len(time), np.int64)
    for i in range(len(time)):
        out[i] = minute_of(np.int64(time[i]))
    return out


@njit(**KERNEL)
@no_type_check
def _find_lunch(minute, bounds, lunch):
    """First row of the afternoon of every stock; 0 where there is none."""
    for s in range(len(lunch)):
        lunch[s] = 0
        for i in range(bounds[s], bounds[s + 1]):
            if minute[i] > NOON:
                lunch[s] = i - bounds[s]
                break


@njit(**KERNEL)
@no_type_check
def _trade_rows(time, price, volume, side, buy_total, sell_total, keep, bounds, locked,
                to_bounds, first, last, out, lunch):  # fmt: skip
    for s in range(first, last):
        to, before, half = to_bounds[s], 0.0, -1
        for i in range(bounds[s], bounds[s + 1]):
            if not keep[i]:
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
