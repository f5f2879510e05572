"""Book: the limit order book of one stock on one day, with price-time priority.

Levels are addressed by their tick inside the day's band, so entering and cancelling take the same
few steps however deep the book is; a bit for each level finds the next best one. Every order,
cancel and trade is written to the columns of a :class:`~intralpha.sources.exchange.tape.Tape`.

Functions return an order's handle: its position among the day's orders, from 1; 0 means refused
(a price outside the band, no shares, no such side) and ``NO_ROOM`` that the book is full. A full
book is over: it shows no best prices, so that loops on them end, and takes nothing more;
:func:`check` turns that into an error.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from intralpha.base import ConfigError, DataError
from intralpha.base.compiling import BARE, BARE_INNER
from intralpha.sources.exchange.bits import NONE, WORD, at_or_above, at_or_below
from intralpha.sources.exchange.tape import BUY, LIMIT, MARKET, OWN_BEST, SELL, Tape

MARKET_LEVELS = 5
NO_ROOM = -1
# Numba compiles a callee anew for every plain number it is handed; these have a type instead.
AS_LIMIT, AS_MARKET, AS_OWN_BEST = np.int64(LIMIT), np.int64(MARKET), np.int64(OWN_BEST)
NO_TICK, AT_MOST_LEVELS = np.int64(0), np.int64(MARKET_LEVELS)
# Columns of Book.levels, of Book.orders, of Book.cancels and of Book.trades.
L_SHARES, L_COUNT, L_HEAD, L_TAIL = range(4)
O_SEQ, O_TIME, O_SIDE, O_TICK, O_SHARES, O_KIND, O_LEFT, O_AFTER, O_BEFORE = range(9)
C_SEQ, C_TIME, C_ID, C_SHARES = range(4)
T_SEQ, T_TIME, T_TICK, T_SHARES, T_BUY, T_SELL, T_SIDE = range(7)
# Positions in Book.state.
LOW, HIGH, BID, ASK, SEQ, ORDERS, TRADES, CANCELS, LAST, REFUSED, FULL, VOLUME = range(12)
# Values of state[FULL]; of a snapshot's last axis.
OUT_OF_ROOM, BAD_BAND = 1, 2
S_TICK, S_SHARES, S_COUNT = range(3)


class BookFullError(DataError):
    """A day had more orders or trades than the book has room for."""

    def __init__(self, orders: int, trades: int) -> None:
        self.orders, self.trades = orders, trades
        super().__init__(
            f"the book is full at {orders:,} orders and {trades:,} trades.\n"
            "Hint: make it with room for more, or enter fewer orders a day."
        )


class BandError(ConfigError):
    """A band of prices that a book cannot hold."""

    def __init__(self, low: int, high: int, levels: int) -> None:
        self.low, self.high, self.levels = low, high, levels
        super().__init__(
            f"a band from {low:,} to {high:,} ticks; the book has room for {levels:,} levels and "
            "prices start at 1 tick.\nHint: ask `fits` first, and make a book with more levels."
        )


class Book(NamedTuple):
    """Arrays of a book. They are few, because compiled code passes each of them at every call.

    Attributes
    ----------
    state : int64 [12], see the positions above; best prices are ticks, 0 where a side is empty
    levels : int64 [2, levels, 4]: shares, count, first and last order; side 0 buys, side 1 sells
    bits : uint64 [2, words], which levels hold orders
    orders : int64 [orders, 9]: the order columns of the tape, then shares that rest and both
        neighbours in the queue
    cancels, trades : int64 [cancels, 4] and [trades, 7], columns of the tape
    """

    state: np.ndarray
    levels: np.ndarray
    bits: np.ndarray
    orders: np.ndarray
    cancels: np.ndarray
    trades: np.ndarray


def new_book(levels: int, max_orders: int, max_trades: int) -> Book:
    """A book; reset it before use.

    Parameters
    ----------
    levels : ticks of the widest band it is to hold, both ends included
    max_orders, max_trades : of a day

    Returns
    -------
    Book
        Memory: 64 bytes a level, 104 an order, 56 a trade.
    """
    empty = np.zeros((2, levels, 4), np.int64)
    empty[:, :, [L_HEAD, L_TAIL]] = NONE
    return Book(
        state=np.zeros(12, np.int64),
        levels=empty,
        bits=np.zeros((2, levels // WORD + 1), np.uint64),
        orders=np.zeros((max_orders, 9), np.int64),
        cancels=np.zeros((max_orders, 4), np.int64),
        trades=np.zeros((max_trades, 7), np.int64),
    )


def fits(book: Book, low: int, high: int, max_orders: int, max_trades: int) -> bool:
    """Whether a day of that size can be traded on the book.

    Parameters
    ----------
    book : its arrays are measured, its content does not matter
    low, high : band in ticks, both included; what :func:`reset` would refuse does not fit
    max_orders, max_trades : of the day
    """
    return (
        1 <= low <= high < low + book.levels.shape[1]
        and max_orders <= len(book.orders)
        and max_trades <= len(book.trades)
    )


@njit(**BARE)
@no_type_check
def reset(book, low, high):
    """Empty the book and give it a band of prices.

    Only levels that still hold orders are cleared, the others are empty already; of the day before
    they lie in its band. A band that the book cannot hold leaves it full: :func:`check` raises.

    Parameters
    ----------
    book : changed in place
    low, high : band in ticks, both included, ``low`` at least 1
    """
    state, levels = book.state, book.levels
    words = min((state[HIGH] - state[LOW]) // WORD + 1, book.bits.shape[1])
    for side in range(2):
        for word in range(words):
            if book.bits[side, word] == 0:
                continue
            for level in range(word * WORD, min((word + 1) * WORD, levels.shape[1])):
                levels[side, level, L_SHARES], levels[side, level, L_COUNT] = 0, 0
                levels[side, level, L_HEAD], levels[side, level, L_TAIL] = NONE, NONE
            book.bits[side, word] = 0
    state[:] = 0
    state[LOW], state[HIGH] = low, high
    if low < 1 or high < low or high - low >= levels.shape[1]:
        state[FULL] = BAD_BAND


def check(book: Book) -> None:
    """Raise if the day did not fit.

    Raises
    ------
    BandError
        It was reset to a band it cannot hold.
    BookFullError
        It had no room for an order or a trade.
    """
    if book.state[FULL] == BAD_BAND:
        low, high = int(book.state[LOW]), int(book.state[HIGH])
        raise BandError(low, high, book.levels.shape[1])
    if book.state[FULL]:
        raise BookFullError(len(book.orders), len(book.trades))


def tape_of(book: Book) -> Tape:
    """Copy of what happened so far."""
    parts = {
        "order": book.orders[: book.state[ORDERS]],
        "cancel": book.cancels[: book.state[CANCELS]],
        "trade": book.trades[: book.state[TRADES]],
    }
    taken = dict.fromkeys(parts, 0)
    columns = {}
    for name in Tape.__dataclass_fields__:
        part = name.split("_")[0]
        columns[name] = parts[part][:, taken[part]].copy()
        taken[part] += 1
    return Tape(**columns)


@njit(**BARE)
@no_type_check
def best_bid(book):
    """Highest price bid in ticks; 0 if there is none."""
    return book.state[BID]


@njit(**BARE)
@no_type_check
def best_ask(book):
    """Lowest price asked in ticks; 0 if there is none."""
    return book.state[ASK]


@njit(**BARE)
@no_type_check
def last_tick(book):
    """Price of the last trade in ticks; 0 before the first."""
    return book.state[LAST]


@njit(**BARE)
@no_type_check
def volume(book):
    """Shares traded so far."""
    return book.state[VOLUME]


@njit(**BARE)
@no_type_check
def level_shares(book, side, tick):
    """Shares that rest on a side at a price; 0 outside the band.

    Parameters
    ----------
    book : looked at
    side : BUY or SELL
    tick : price
    """
    level = tick - book.state[LOW]
    if level < 0 or level >= book.levels.shape[1]:
        return 0
    return book.levels[0 if side == BUY else 1, level, L_SHARES]


@njit(**BARE)
@no_type_check
def level_count(book, side, tick):
    """Orders that rest on a side at a price; 0 outside the band.

    Parameters
    ----------
    book : looked at
    side : BUY or SELL
    tick : price
    """
    level = tick - book.state[LOW]
    if level < 0 or level >= book.levels.shape[1]:
        return 0
    return book.levels[0 if side == BUY else 1, level, L_COUNT]


@njit(**BARE)
@no_type_check
def snapshot(book, out):
    """Write the best levels of both sides.

    ``out`` is int64 [2, N, 3]: bids from the highest and asks from the lowest, each as tick,
    shares and orders; zeros where a side has fewer than N levels.
    """
    out[:] = 0
    low, last = book.state[LOW], book.state[HIGH] - book.state[LOW]
    for s in range(2):
        tick = book.state[BID] if s == 0 else book.state[ASK]
        level = tick - low if tick > 0 else NONE
        for n in range(out.shape[1]):
            if level == NONE:
                break
            out[s, n, S_TICK] = low + level
            out[s, n, S_SHARES] = book.levels[s, level, L_SHARES]
            out[s, n, S_COUNT] = book.levels[s, level, L_COUNT]
            if s == 0:
                level = at_or_below(book.bits[0], level - 1)
            else:
                level = at_or_above(book.bits[1], level + 1, last)


@njit(**BARE)
@no_type_check
def limit(book, time, side, tick, shares):
    """Limit order in continuous trading: trades at the resting orders' prices, then queues.

    Parameters
    ----------
    book : changed in place
    time : ms since midnight; not compared with earlier ones
    side : BUY or SELL
    tick : worst price, inside the band
    shares : more than 0

    Returns
    -------
    int
        The order's handle; 0 if it is refused, ``NO_ROOM`` if the book is full.
    """
    handle = _enter(book, time, side, tick, shares, AS_LIMIT)
    if handle > 0:
        left = _match(book, time, handle - 1, side, tick, shares, book.state[HIGH])
        if book.state[FULL]:
            return NO_ROOM
        if left > 0:
            _queue(book, handle - 1, side, tick, left)
    return handle


@njit(**BARE)
@no_type_check
def market(book, time, side, shares):
    """Market order: up to the five best opposite levels; the rest is cancelled at once.

    Parameters
    ----------
    book : changed in place
    time : ms since midnight, of the cancel too
    side : BUY or SELL
    shares : more than 0

    Returns
    -------
    int
        The order's handle; 0 if it is refused, ``NO_ROOM`` if the book is full.
    """
    handle = _enter(book, time, side, NO_TICK, shares, AS_MARKET)
    if handle > 0:
        worst = book.state[HIGH] if side == BUY else book.state[LOW]
        left = _match(book, time, handle - 1, side, worst, shares, AT_MOST_LEVELS)
        if book.state[FULL]:
            return NO_ROOM
        if left > 0:
            _note_cancel(book, time, handle - 1, left)
    return handle


@njit(**BARE)
@no_type_check
def own_best(book, time, side, shares):
    """Limit order at the best price of its own side; cancelled at once where that is empty.

    Parameters
    ----------
    book : changed in place
    time : ms since midnight, of the cancel too
    side : BUY or SELL
    shares : more than 0

    Returns
    -------
    int
        The order's handle; 0 if it is refused, ``NO_ROOM`` if the book is full.
    """
    tick = book.state[BID] if side == BUY else book.state[ASK]
    handle = _enter(book, time, side, tick, shares, AS_OWN_BEST)
    if handle > 0:
        if tick > 0:
            _queue(book, handle - 1, side, tick, shares)
        else:
            _note_cancel(book, time, handle - 1, shares)
    return handle


@njit(**BARE)
@no_type_check
def rest(book, time, side, tick, shares):
    """Limit order in a call auction: queued, not matched; the book may cross.

    Parameters
    ----------
    book : changed in place
    time : ms since midnight
    side : BUY or SELL
    tick : worst price, inside the band
    shares : more than 0

    Returns
    -------
    int
        The order's handle; 0 if it is refused, ``NO_ROOM`` if the book is full.
    """
    handle = _enter(book, time, side, tick, shares, AS_LIMIT)
    if handle > 0:
        _queue(book, handle - 1, side, tick, shares)
    return handle


@njit(**BARE)
@no_type_check
def cancel(book, time, handle):
    """Take an order back.

    Parameters
    ----------
    book : changed in place
    time : ms since midnight
    handle : of an order of the day

    Returns
    -------
    int
        Shares that were left. 0, and no cancel is written, if there were none, if there is no such
        order, or if the book is full.
    """
    slot = handle - 1
    if slot < 0 or slot >= book.state[ORDERS] or book.state[FULL]:
        return 0
    left = book.orders[slot, O_LEFT]
    if left == 0:
        return 0
    take(book, slot, left)
    _note_cancel(book, time, slot, left)
    return left


@njit(**BARE_INNER)
@no_type_check
def _enter(book, time, side, tick, shares, kind):
    """Write the order down; its handle, 0 if it is refused, NO_ROOM if the book is full."""
    state = book.state
    if state[FULL]:
        return NO_ROOM
    priced = state[LOW] <= tick <= state[HIGH] or (kind != LIMIT and tick == 0)
    if shares <= 0 or not priced or side not in (BUY, SELL):
        state[REFUSED] += 1
        return 0
    slot = state[ORDERS]
    if slot >= len(book.orders):
        _close(state)
        return NO_ROOM
    state[ORDERS] += 1
    state[SEQ] += 1
    book.orders[slot, O_SEQ], book.orders[slot, O_TIME] = state[SEQ], time
    book.orders[slot, O_SIDE], book.orders[slot, O_TICK] = side, tick
    book.orders[slot, O_SHARES], book.orders[slot, O_KIND] = shares, kind
    book.orders[slot, O_LEFT] = 0
    return slot + 1


@njit(**BARE_INNER)
@no_type_check
def _close(state):
    """End a book that ran out of room: without best prices nobody waits for it to change."""
    state[FULL], state[BID], state[ASK] = OUT_OF_ROOM, 0, 0


@njit(**BARE_INNER)
@no_type_check
def _match(book, time, slot, side, worst, shares, levels):
    """Trade against the other side up to a price and a number of levels; returns what is left."""
    state, seen, level = book.state, 0, 0
    while shares > 0:
        best = state[ASK] if side == BUY else state[BID]
        if best == 0 or (best > worst if side == BUY else best < worst):
            break
        if best != level:
            seen, level = seen + 1, best
            if seen > levels:
                break
        other = book.levels[1 if side == BUY else 0, best - state[LOW], L_HEAD]
        fill = min(shares, book.orders[other, O_LEFT])
        if not note_trade(book, time, best, fill, slot, other, side):
            break
        take(book, other, fill)
        shares -= fill
    return shares


@njit(**BARE_INNER)
@no_type_check
def note_trade(book, time, tick, shares, slot, other, side):
    """Write a trade down; what the orders have left is not touched, see :func:`take`.

    Parameters
    ----------
    book : changed in place: the trade, last price, volume and sequence
    time : ms since midnight
    tick : price
    shares : traded
    slot : position (handle less 1) of the order of ``side``; in an auction of the buyer's
    other : position of the order on the other side
    side : the active one, BUY or SELL; NO_SIDE in an auction

    Returns
    -------
    bool
        False if there is no room: then the book is full, and nothing is written.
    """
    state = book.state
    n = state[TRADES]
    if n >= len(book.trades):
        _close(state)
        return False
    state[TRADES] += 1
    state[SEQ] += 1
    state[LAST] = tick
    state[VOLUME] += shares
    mine, theirs = book.orders[slot, O_SEQ], book.orders[other, O_SEQ]
    book.trades[n, T_SEQ], book.trades[n, T_TIME] = state[SEQ], time
    book.trades[n, T_TICK], book.trades[n, T_SHARES], book.trades[n, T_SIDE] = tick, shares, side
    book.trades[n, T_BUY] = theirs if side == SELL else mine
    book.trades[n, T_SELL] = mine if side == SELL else theirs
    return True


@njit(**BARE_INNER)
@no_type_check
def _note_cancel(book, time, slot, shares):
    """Write a cancel down; there is room, because an order is cancelled once at most."""
    state = book.state
    n = state[CANCELS]
    state[CANCELS] += 1
    state[SEQ] += 1
    book.cancels[n, C_SEQ], book.cancels[n, C_TIME] = state[SEQ], time
    book.cancels[n, C_ID], book.cancels[n, C_SHARES] = book.orders[slot, O_SEQ], shares


@njit(**BARE_INNER)
@no_type_check
def _queue(book, slot, side, tick, shares):
    """Put an order at the end of its level."""
    state = book.state
    s, level = 0 if side == BUY else 1, tick - state[LOW]
    tail = book.levels[s, level, L_TAIL]
    book.orders[slot, O_LEFT], book.orders[slot, O_BEFORE], book.orders[slot, O_AFTER] = (
        shares,
        tail,
        NONE,
    )
    if tail == NONE:
        book.levels[s, level, L_HEAD] = slot
        book.bits[s, level // WORD] |= np.uint64(1) << np.uint64(level % WORD)
    else:
        book.orders[tail, O_AFTER] = slot
    book.levels[s, level, L_TAIL] = slot
    book.levels[s, level, L_SHARES] += shares
    book.levels[s, level, L_COUNT] += 1
    if side == BUY:
        state[BID] = max(state[BID], tick)
    elif state[ASK] == 0 or tick < state[ASK]:
        state[ASK] = tick


@njit(**BARE_INNER)
@no_type_check
def take(book, slot, shares):
    """Reduce a resting order; one with nothing left leaves its queue, and the best price follows.

    Parameters
    ----------
    book : changed in place; nothing is written to the tape
    slot : position (handle less 1) of an order that rests
    shares : to take, at most what it has left, which is not checked
    """
    state = book.state
    side = book.orders[slot, O_SIDE]
    s, level = 0 if side == BUY else 1, book.orders[slot, O_TICK] - state[LOW]
    book.orders[slot, O_LEFT] -= shares
    book.levels[s, level, L_SHARES] -= shares
    if book.orders[slot, O_LEFT] > 0:
        return
    before, after = book.orders[slot, O_BEFORE], book.orders[slot, O_AFTER]
    if before == NONE:
        book.levels[s, level, L_HEAD] = after
    else:
        book.orders[before, O_AFTER] = after
    if after == NONE:
        book.levels[s, level, L_TAIL] = before
    else:
        book.orders[after, O_BEFORE] = before
    book.levels[s, level, L_COUNT] -= 1
    if book.levels[s, level, L_COUNT] == 0:
        book.bits[s, level // WORD] &= ~(np.uint64(1) << np.uint64(level % WORD))
        _next_best(book, side, level)


@njit(**BARE_INNER)
@no_type_check
def _next_best(book, side, level):
    """The best price after the level emptied; nothing changes if it was not the best."""
    state = book.state
    tick = level + state[LOW]
    if side == BUY and state[BID] == tick:
        found = at_or_below(book.bits[0], level)
        state[BID] = 0 if found == NONE else found + state[LOW]
    elif side == SELL and state[ASK] == tick:
        found = at_or_above(book.bits[1], level, state[HIGH] - state[LOW])
        state[ASK] = 0 if found == NONE else found + state[LOW]
