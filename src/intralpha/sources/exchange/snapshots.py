"""Snapshots: the ten best levels of the book at given times, replayed from a tape alone."""

from typing import no_type_check

import numpy as np
import polars as pl
from numba import njit

from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.tape import BUY, MARKET, Tape

DEPTH = 10
STEP_MS = 3_000
PHASES = ((33_300_000, 33_900_000), (34_200_000, 41_400_000), (46_800_000, 54_000_000))
ORDER, CANCEL, TRADE = 0, 1, 2


def snapshot_times(step_ms: int = STEP_MS) -> np.ndarray:
    """Every step of the opening auction, the morning and the afternoon, ms since midnight."""
    parts = [np.arange(first, last + 1, step_ms) for first, last in PHASES]
    return np.concatenate(parts)


def snapshots(tape: Tape, times_ms: np.ndarray) -> pl.DataFrame:
    """Ten levels, last price and sums of the day so far at each time.

    Parameters
    ----------
    tape : a stock-day
    times_ms : ascending; what is stamped exactly at a time is in its snapshot

    Returns
    -------
    DataFrame
        ``time`` (ms), ``last`` (CNY; 0 before the first trade), ``volume`` (shares), ``amount``
        (CNY), ``trades``, and ``bid_price1`` ... ``ask_orders10``. Levels that do not exist are
        null; so are all levels while a call auction's book crosses.
    """
    events = _events(tape)
    low = int(tape.order_tick[tape.order_tick > 0].min())
    width = int(tape.order_tick.max()) - low + 1
    facts = np.zeros((len(times_ms), 4), np.int64)
    levels = np.zeros((len(times_ms), 2, 3, DEPTH), np.int64)
    orders = (tape.order_seq, tape.order_side, tape.order_tick, tape.order_kind)
    _replay(events, *orders, low, np.zeros((2, 2, width), np.int64), times_ms, facts, levels)
    columns: dict[str, object] = {
        "time": pl.Series(times_ms, dtype=pl.Int32),
        "last": facts[:, 0] / TICKS_PER_YUAN,
        "volume": facts[:, 1],
        "amount": facts[:, 2] / TICKS_PER_YUAN,
        "trades": pl.Series(facts[:, 3], dtype=pl.Int32),
    }
    for s, side in enumerate(("bid", "ask")):
        for w, what in enumerate(("price", "volume", "orders")):
            for k in range(DEPTH):
                values = levels[:, s, w, k]
                known = pl.Series(levels[:, s, 2, k] > 0)
                column = pl.Series(values / TICKS_PER_YUAN if what == "price" else values)
                if what == "orders":
                    column = column.cast(pl.Int32)
                columns[f"{side}_{what}{k + 1}"] = column.zip_with(
                    known, pl.Series([None], dtype=column.dtype)
                )
    return pl.DataFrame(columns)


def _events(tape: Tape) -> np.ndarray:
    """Everything in sequence: what, time, shares, tick, one or two order positions."""
    place = np.searchsorted
    none = np.zeros(len(tape.order_seq), np.int64)
    orders = (none + ORDER, tape.order_time, tape.order_shares, tape.order_tick)
    cancels = (tape.cancel_time, tape.cancel_shares, np.zeros(len(tape.cancel_seq), np.int64))
    trades = (tape.trade_time, tape.trade_shares, tape.trade_tick)
    parts = [
        np.stack([*orders, np.arange(len(none)), none]),
        np.stack(
            [
                np.full(len(tape.cancel_seq), CANCEL),
                *cancels,
                place(tape.order_seq, tape.cancel_id),
                cancels[2],
            ]
        ),
        np.stack(
            [
                np.full(len(tape.trade_seq), TRADE),
                *trades,
                place(tape.order_seq, tape.trade_buy),
                place(tape.order_seq, tape.trade_sell),
            ]
        ),
    ]
    order = np.argsort(np.concatenate([tape.order_seq, tape.cancel_seq, tape.trade_seq]))
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T[order].astype(np.int64))


@njit(cache=True, nogil=True)
@no_type_check
def _replay(events, seq, side, tick, kind, low, book, times, facts, levels):
    """Walk the events; ``book[side, 0]`` holds shares and ``book[side, 1]`` orders by level."""
    left = np.zeros(len(seq), np.int64)
    last, volume, amount, count, e = 0, 0, 0, 0, 0
    for n in range(len(times)):
        while e < len(events) and events[e, 1] <= times[n]:
            what, shares, first = events[e, 0], events[e, 2], events[e, 4]
            if what == ORDER:
                left[first] = shares
                if kind[first] != MARKET and tick[first] > 0:
                    _add(book, side[first], tick[first] - low, shares, 1)
            else:
                _reduce(book, left, side, tick, kind, low, first, shares)
            if what == TRADE:
                _reduce(book, left, side, tick, kind, low, events[e, 5], shares)
                last = events[e, 3]
                volume += shares
                amount += shares * last
                count += 1
            e += 1
        facts[n, 0], facts[n, 1], facts[n, 2], facts[n, 3] = last, volume, amount, count
        _top(book, low, levels[n])


@njit(cache=True, nogil=True)
@no_type_check
def _add(book, side, level, shares, orders):
    s = 0 if side == BUY else 1
    book[s, 0, level] += shares
    book[s, 1, level] += orders


@njit(cache=True, nogil=True)
@no_type_check
def _reduce(book, left, side, tick, kind, low, i, shares):
    left[i] -= shares
    if kind[i] != MARKET and tick[i] > 0:
        _add(book, side[i], tick[i] - low, -shares, -1 if left[i] == 0 else 0)


@njit(cache=True, nogil=True)
@no_type_check
def _top(book, low, out):
    """The best levels of both sides; nothing while the book crosses."""
    width = book.shape[2]
    bid, ask = width - 1, 0
    while bid >= 0 and book[0, 1, bid] == 0:
        bid -= 1
    while ask < width and book[1, 1, ask] == 0:
        ask += 1
    if bid >= ask:
        return
    for s in range(2):
        level, step = (bid, -1) if s == 0 else (ask, 1)
        k = 0
        while 0 <= level < width and k < out.shape[2]:
            if book[s, 1, level] > 0:
                out[s, 0, k] = level + low
                out[s, 1, k] = book[s, 0, level]
                out[s, 2, k] = book[s, 1, level]
                k += 1
            level += step
