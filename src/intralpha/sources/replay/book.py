"""Book: the order book of a stock replayed from its orders and trades, one event after another.

Rules
-----
* Orders, cancels and trades follow each other by ``seq``; at equal ``seq`` the order comes first.
* A trade takes its shares from both orders, a cancel from one.
* The order entered last is in flight while the next event is a trade in which it is the active
  side or, for a market order, its own cancel in the same millisecond. In flight it is not in the
  book: what the exchange shows is a book before or after an order, never half way through it.
  Afterwards what is left rests.
* A market order has no price. What is left of it is cancelled by the exchange, which is an event
  of its own; where none follows at once, it has become a limit order at the price of its last
  trade.
* An own-best order without a price takes the best price of its own side at arrival; where that
  side is empty it never rests.
* In call auctions orders rest at once and the book may cross: its trades have no active side.

What does not fit is counted, not dropped in silence: events of orders never seen, shares taken
from an order that has fewer, ids entered twice.
"""

from threading import local
from typing import Any, NamedTuple, no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import INNER, KERNEL, borrowed
from intralpha.market.hours import CLOSE_MS, CLOSING_MS, OPENED_MS, OPENING_MS
from intralpha.market.ticks import ORDER_KINDS

DEPTH = 10
# A ladder of prices is addressed by tick up to so many levels; wider ones by rank of the price.
MOST_LEVELS = 65_536
# Ids are addressed directly while their range is at most so many times the number of orders.
SPARSE = 4
NONE = -1
MARKET, OWN_BEST = ORDER_KINDS.index("market"), ORDER_KINDS.index("own_best")
# What an event is; trades by their active side.
ORDER, CANCEL, TRADE, TRADE_BUY, TRADE_SELL = range(5)
# Columns of Replay.events and of Replay.orders.
E_WHAT, E_TIME, E_SHARES, E_LEVEL, E_FIRST, E_SECOND = range(6)
O_SIDE, O_KIND, O_LEVEL, O_LEFT, O_RESTS = range(5)
# Positions in Replay.state; bounds of the best levels, and how many levels of a side hold orders.
BID_BOUND, ASK_BOUND, BID_LEVELS, ASK_LEVELS, PENDING = range(5)
LAST, VOLUME, AMOUNT, TRADES, UNSEEN, OVER, REPEATED, OFF_TICK = range(5, 13)
L_TICK, L_SHARES, L_COUNT = range(3)
# Called for every event, where passing the arrays costs more than the work.
INLINE: dict[str, Any] = INNER | {"forceinline": True}
OPENING = (OPENING_MS, OPENED_MS)
CLOSING = (CLOSING_MS, CLOSE_MS)


class OrderColumns(NamedTuple):
    """Columns of ``orders`` of many stocks, each [N].

    Attributes
    ----------
    seq, time, id : int64, int32 (ms since midnight), int64
    side : int16, 1 buys, -1 sells
    price, volume : float64 (CNY), int64 (shares)
    kind : int8, place in ``ORDER_KINDS``
    cancel : bool
    """

    seq: np.ndarray
    time: np.ndarray
    id: np.ndarray
    side: np.ndarray
    price: np.ndarray
    volume: np.ndarray
    kind: np.ndarray
    cancel: np.ndarray


class TradeColumns(NamedTuple):
    """Columns of ``trades`` of many stocks, each [N].

    Attributes
    ----------
    seq, time : int64, int32 (ms since midnight)
    price, volume : float64 (CNY), int64 (shares)
    buy_id, sell_id : int64, ids of the orders
    side : int16, 1 active buy, -1 active sell, 0 none
    """

    seq: np.ndarray
    time: np.ndarray
    price: np.ndarray
    volume: np.ndarray
    buy_id: np.ndarray
    sell_id: np.ndarray
    side: np.ndarray


class Space(NamedTuple):
    """Memory of one thread, used again for stock after stock: the same pages, already there.

    Attributes
    ----------
    events, orders, depth, state, ticks : what a :class:`Replay` is cut from
    seen : int64 [E], prices before they are levels
    table : int64 [places, 2], ids and their slots
    """

    events: np.ndarray
    orders: np.ndarray
    depth: np.ndarray
    state: np.ndarray
    ticks: np.ndarray
    seen: np.ndarray
    table: np.ndarray


class Replay(NamedTuple):
    """A stock-day ready to be walked, and its book; arrays of a :class:`Space` that outlives it.

    Attributes
    ----------
    events : int64 [E, 6], in order; orders as rows of ``orders``, prices as levels
    orders : int64 [O, 5]
    depth : int64 [levels, 2, 2]: shares and orders of each side, first those who buy
    state : int64 [13]
    ticks : int64 [levels], price of each level
    """

    events: np.ndarray
    orders: np.ndarray
    depth: np.ndarray
    state: np.ndarray
    ticks: np.ndarray


def new_space(most_events: int, most_orders: int) -> Space:
    """Memory for stocks with up to so many events, and rows of orders among them.

    Memory: 64 bytes an event, 104 an order, 2.5 MB for the levels; pages that no stock of the
    session needs are never touched.
    """
    levels = max(MOST_LEVELS, most_events)
    return Space(
        events=np.empty((most_events, 6), np.int64),
        orders=np.empty((most_orders, 5), np.int64),
        depth=np.empty((levels, 2, 2), np.int64),
        state=np.empty(13, np.int64),
        ticks=np.empty(levels, np.int64),
        seen=np.empty(most_events, np.int64),
        table=np.empty((SPARSE * most_orders + 2, 2), np.int64),
    )


class Spaces(local):
    """A :class:`Space` for each thread that asks.

    Parameters
    ----------
    most_events, most_orders : of one stock
    """

    def __init__(self, most_events: int, most_orders: int) -> None:
        super().__init__()
        self.mine = new_space(most_events, most_orders)


@njit(**KERNEL)
@no_type_check
def in_auction(time_ms, closing):
    """Whether a call auction collects orders; ``closing`` says whether the day ends with one."""
    return OPENING[0] <= time_ms < OPENING[1] or (closing and CLOSING[0] <= time_ms < CLOSING[1])


@njit(**INNER)
@no_type_check
def prepare(orders, trades, rows, per_yuan, space):
    """Merge a stock's rows, and address its orders and prices.

    Parameters
    ----------
    orders, trades : OrderColumns, TradeColumns
    rows : first and last (not included) row of the orders, then of the trades
    per_yuan : ticks in one CNY
    space : Space, large enough; the caller of the kernel keeps it

    Returns
    -------
    Replay
    """
    # Taken out of their tuples once: each time would count their owners anew.
    o_seq, o_time, o_id, o_side, o_price, o_volume, o_kind, o_cancel = orders
    t_seq, t_time, t_price, t_volume, t_buy, t_sell, t_side = trades
    o, o_end, t, t_end = rows
    start = o
    events, book = borrowed(space.events), borrowed(space.orders)
    seen, table = borrowed(space.seen), borrowed(space.table)
    state, ticks = borrowed(space.state), borrowed(space.ticks)
    state[:] = 0
    state[PENDING] = NONE
    width, low = _ladder(o_price, o_cancel, o_kind, t_price, rows, per_yuan, state, seen, ticks)
    ticks = ticks[:width]
    places, base = _index(o_id, o_cancel, o, o_end)
    table = table[:places]
    table[:] = 0
    state[BID_BOUND], state[ASK_BOUND] = NONE, width
    events = events[: o_end - o + t_end - t]
    for e in range(len(events)):
        if o < o_end and (t == t_end or o_seq[o] <= t_seq[t]):
            events[e, E_TIME], events[e, E_SHARES] = o_time[o], o_volume[o]
            events[e, E_LEVEL], events[e, E_SECOND] = NONE, NONE
            if o_cancel[o]:
                events[e, E_WHAT], events[e, E_FIRST] = CANCEL, _slot(table, base, o_id[o])
            else:
                slot = o - start
                state[REPEATED] += _enter(table, base, o_id[o], slot)
                events[e, E_WHAT], events[e, E_FIRST] = ORDER, slot
                kind = o_kind[o]
                book[slot, O_SIDE] = 0 if o_side[o] > 0 else 1
                book[slot, O_KIND] = kind
                tick = 0 if kind == MARKET else _tick(o_price[o], per_yuan)
                book[slot, O_LEVEL] = _level(ticks, low, tick)
                book[slot, O_LEFT], book[slot, O_RESTS] = 0, 0
            o += 1
        else:
            side = t_side[t]
            events[e, E_WHAT] = TRADE + (1 if side > 0 else 2 if side < 0 else 0)
            events[e, E_TIME], events[e, E_SHARES] = t_time[t], t_volume[t]
            events[e, E_LEVEL] = _level(ticks, low, _tick(t_price[t], per_yuan))
            events[e, E_FIRST] = _slot(table, base, t_buy[t])
            events[e, E_SECOND] = _slot(table, base, t_sell[t])
            t += 1
    depth = borrowed(space.depth)[:width]
    depth[:] = 0
    return Replay(events, book, depth, state, ticks)


@njit(**INLINE)
@no_type_check
def _tick(price, per_yuan):
    """Price in whole ticks; 0 for none."""
    return np.int64(price * per_yuan + 0.5) if price > 0 else np.int64(0)


@njit(**INLINE)
@no_type_check
def _off_tick(price, per_yuan):
    return price > 0 and abs(price * per_yuan - _tick(price, per_yuan)) > 1e-4


@njit(**INNER)
@no_type_check
def _ladder(o_price, o_cancel, o_kind, t_price, rows, per_yuan, state, seen, ticks):
    """Write the price of every level.

    Returns
    -------
    levels, low : how many, and the first price if they are all neighbours (else ``NONE``)
    """
    o, o_end, t, t_end = rows
    count = 0
    low, high = np.int64(2**62), np.int64(0)
    for i in range(o, o_end):
        if not (o_cancel[i] or o_kind[i] == MARKET):
            state[OFF_TICK] += _off_tick(o_price[i], per_yuan)
            seen[count] = _tick(o_price[i], per_yuan)
            count += 1
    for i in range(t, t_end):
        state[OFF_TICK] += _off_tick(t_price[i], per_yuan)
        seen[count] = _tick(t_price[i], per_yuan)
        count += 1
    for i in range(count):
        if seen[i] > 0:
            low, high = min(low, seen[i]), max(high, seen[i])
    if high == 0:
        return 0, np.int64(1)
    if high - low >= MOST_LEVELS:
        return _distinct(seen[:count], ticks), np.int64(NONE)
    for level in range(high - low + 1):
        ticks[level] = low + level
    return high - low + 1, low


@njit(**INNER)
@no_type_check
def _distinct(seen, out):
    """Write positive values, each once, ascending; returns how many; sorts ``seen`` in place.

    A shell sort: rare days need it, and compiling NumPy's would take longer than it saves.
    """
    gap = len(seen)
    while gap > 1:
        gap = max(gap * 5 // 11, 1)
        for i in range(gap, len(seen)):
            value, j = seen[i], i
            while j >= gap and seen[j - gap] > value:
                seen[j] = seen[j - gap]
                j -= gap
            seen[j] = value
    count = 0
    for i in range(len(seen)):
        if seen[i] > 0 and (count == 0 or seen[i] != out[count - 1]):
            out[count] = seen[i]
            count += 1
    return count


@njit(**INLINE)
@no_type_check
def _level(ticks, low, tick):
    if tick <= 0:
        return NONE
    if low != NONE:
        return tick - low
    first, last = 0, len(ticks) - 1
    while first < last:
        middle = (first + last) // 2
        if ticks[middle] < tick:
            first = middle + 1
        else:
            last = middle
    return first


@njit(**INNER)
@no_type_check
def _index(ids, cancel, first, last):
    """How many places the table of ids has, and the least id.

    The least id is ``NONE`` where the places are those of a hash.
    """
    low, high, count = np.int64(2**62), np.int64(0), 0
    for i in range(first, last):
        if not cancel[i] and ids[i] > 0:
            low, high, count = min(low, ids[i]), max(high, ids[i]), count + 1
    if count == 0:
        return np.int64(0), np.int64(0)
    if high - low < SPARSE * count:
        return high - low + 1, low
    size = np.int64(2)
    while size < 2 * count:
        size *= 2
    return size, np.int64(NONE)


@njit(**INLINE)
@no_type_check
def _place(table, base, number):
    """Where an id stands or would stand; ``NONE`` if it has no place.

    The table holds the id and slot + 1 of each place, zeros where there is nobody.
    """
    if number <= 0:
        return NONE
    if base != NONE:
        place = number - base
        return place if 0 <= place < len(table) else NONE
    mask = len(table) - 1
    mixed = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    place = np.int64(mixed >> np.uint64(32)) & mask
    while table[place, 0] != 0 and table[place, 0] != number:
        place = (place + 1) & mask
    return place


@njit(**INLINE)
@no_type_check
def _enter(table, base, number, slot):
    """Write an order's id down; whether it was there before."""
    place = _place(table, base, number)
    if place == NONE:
        return False
    before = table[place, 1] != 0
    table[place, 0], table[place, 1] = number, slot + 1
    return before


@njit(**INLINE)
@no_type_check
def _slot(table, base, number):
    """An order's row; ``NONE`` if it was not entered before."""
    place = _place(table, base, number)
    return NONE if place == NONE else table[place, 1] - 1


@njit(**INLINE)
@no_type_check
def step(events, orders, depth, state, ticks, e):
    """Let event ``e`` happen to the book; events must come in order, each once.

    Parameters
    ----------
    events, orders, depth, state, ticks : of a :class:`Replay`; ``orders``, ``depth`` and ``state``
        are changed in place
    e : place of the event
    """
    what, shares, first = events[e, E_WHAT], events[e, E_SHARES], events[e, E_FIRST]
    if what == ORDER:
        orders[first, O_LEFT] = shares
        if orders[first, O_KIND] == OWN_BEST and orders[first, O_LEVEL] == NONE:
            orders[first, O_LEVEL] = best(depth, state, orders[first, O_SIDE])
        state[PENDING] = first
    elif what == CANCEL:
        _take(orders, depth, state, first, shares)
    else:
        second, level = events[e, E_SECOND], events[e, E_LEVEL]
        _take(orders, depth, state, first, shares)
        _take(orders, depth, state, second, shares)
        state[LAST] = ticks[level]
        state[VOLUME] += shares
        state[AMOUNT] += shares * ticks[level]
        state[TRADES] += 1
        pending = state[PENDING]
        if pending != NONE and orders[pending, O_KIND] == MARKET and pending in (first, second):
            orders[pending, O_LEVEL] = level
    if state[PENDING] != NONE and not _goes_on(events, e + 1, orders, state[PENDING]):
        _rest(orders, depth, state, state[PENDING])
        state[PENDING] = NONE


@njit(**INLINE)
@no_type_check
def _goes_on(events, e, orders, slot):
    """Whether event ``e`` still belongs to the order's arrival."""
    if e == len(events):
        return False
    what = events[e, E_WHAT]
    if orders[slot, O_SIDE] == 0:
        if what == TRADE_BUY and events[e, E_FIRST] == slot:
            return True
    elif what == TRADE_SELL and events[e, E_SECOND] == slot:
        return True
    ended = what == CANCEL and events[e, E_TIME] == events[e - 1, E_TIME]
    return ended and orders[slot, O_KIND] == MARKET and events[e, E_FIRST] == slot


@njit(**INLINE)
@no_type_check
def _rest(orders, depth, state, slot):
    """Put what is left of an order into the book."""
    side, level, left = orders[slot, O_SIDE], orders[slot, O_LEVEL], orders[slot, O_LEFT]
    if left <= 0 or level == NONE:
        return
    orders[slot, O_RESTS] = 1
    depth[level, side, 0] += left
    depth[level, side, 1] += 1
    if depth[level, side, 1] == 1:
        state[BID_LEVELS + side] += 1
    if side == 0:
        state[BID_BOUND] = max(state[BID_BOUND], level)
    else:
        state[ASK_BOUND] = min(state[ASK_BOUND], level)


@njit(**INLINE)
@no_type_check
def _take(orders, depth, state, slot, shares):
    """Take shares from an order, and from the book if it rests there."""
    if slot == NONE:
        state[UNSEEN] += 1
        return
    left = orders[slot, O_LEFT]
    if shares > left:
        state[OVER] += 1
        shares = left
    orders[slot, O_LEFT] = left - shares
    if orders[slot, O_RESTS] == 0 or shares == 0:
        return
    side, level = orders[slot, O_SIDE], orders[slot, O_LEVEL]
    depth[level, side, 0] -= shares
    if left == shares:
        depth[level, side, 1] -= 1
        if depth[level, side, 1] == 0:
            state[BID_LEVELS + side] -= 1


@njit(**INNER)
@no_type_check
def best(depth, state, side):
    """Best level of a side, ``NONE`` if it is empty.

    The bound of a side is never worse than its best level; orders move it out and looking moves
    it back in, so each level is passed once for every time the price came by.

    Parameters
    ----------
    depth : int64 [levels, 2, 2], of a :class:`Replay`
    state : int64 [13], of the same; the side's bound is changed in place
    side : 0 those who buy, 1 those who sell
    """
    if state[BID_LEVELS + side] == 0:
        state[BID_BOUND + side] = NONE if side == 0 else len(depth)
        return NONE
    towards = -1 if side == 0 else 1
    level = state[BID_BOUND + side]
    while depth[level, side, 1] == 0:
        level += towards
    state[BID_BOUND + side] = level
    return level


@njit(**INNER)
@no_type_check
def read_top(depth, state, ticks, levels):
    """Write the best levels of both sides, unless the book crosses.

    Parameters
    ----------
    depth, state, ticks : of a :class:`Replay`; bounds in ``state`` are changed in place
    levels : int64 [2, N, 3], written to: bids from the highest and asks from the lowest, each as
        tick, shares and orders; zeros where a side has fewer than N levels

    Returns
    -------
    bool
        Whether the book crosses; then all of ``levels`` is 0.
    """
    levels[:] = 0
    bid, ask = best(depth, state, 0), best(depth, state, 1)
    if 0 <= ask <= bid:
        return True
    for side in range(2):
        level, towards = (bid, -1) if side == 0 else (ask, 1)
        for n in range(min(levels.shape[1], state[BID_LEVELS + side])):
            while depth[level, side, 1] == 0:
                level += towards
            levels[side, n, L_TICK] = ticks[level]
            levels[side, n, L_SHARES] = depth[level, side, 0]
            levels[side, n, L_COUNT] = depth[level, side, 1]
            level += towards
    return False
