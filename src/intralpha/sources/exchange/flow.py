"""Flow: the orders of one stock-day, each decided with the book in view, and their matching.

The day's value path is given. Liquidity providers see it with an error and quote around it, and
whenever a side of the book is empty or far from the value one of them quotes there at once; so
the price follows the value, and what is left between them is spread, bounce and impact. The last
price is the value's: before the closing auction stale quotes beyond it are taken out, and the
auction clears at it. A day can therefore be traded without the days before it.
"""

from math import erf
from typing import Any, NamedTuple, no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import BARE, BARE_INNER
from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.auction import uncross
from intralpha.sources.exchange.rng import exponential, normal, uniform
from intralpha.sources.exchange.tape import BUY, SELL

OPEN_FROM, OPEN_UNTIL = 33_300_000, 33_900_000  # 09:15 and 09:25, ms since midnight
MORNING, AFTERNOON = 34_200_000, 46_800_000  # 09:30 and 13:00
CLOSE_FROM, CLOSE_UNTIL = 53_820_000, 54_000_000  # 14:57 and 15:00
MINUTE, NOON, LAST = 60_000, 120, 240
PARENTS, REQUOTES = 8, 5
MOMENTUM_MINUTES = 30
FAR, DEEP = 10.0, 120.0  # half spreads, over the usual distance and by itself
P_SIDE, P_LEFT, P_SIZE = 0, 1, 2
# Numba compiles a callee anew for every plain number it is handed; these have a type instead.
BUYER, SELLER = np.int64(BUY), np.int64(SELL)
OPENED, CLOSED = np.int64(OPEN_UNTIL), np.int64(CLOSE_UNTIL)

INLINED: dict[str, Any] = BARE_INNER | {"forceinline": True}


# Whole numbers of a plan, and those with a point, in the order of `PlanRows`.
WHOLE = ("low", "high", "preclose", "target", "least", "step", "shanghai", "closing_auction")
REAL = ("n_orders", "shares", "half_spread", "signal")


class DayPlan(NamedTuple):
    """One stock-day before it is traded.

    Attributes
    ----------
    value : float64 [241], ticks: value at the open and at the end of each minute, limits unapplied
    weight : float64 [240], share of the day's events in each minute of continuous trading
    low, high, preclose, target : ticks; the band, and the price the day must end at
    n_orders : expected number of orders
    shares : mean size of an order
    least, step : shares of a buy order, smallest and step above it
    half_spread : ticks
    signal : what the informed know
    shanghai, closing_auction : conventions of the exchange on the day
    """

    value: np.ndarray
    weight: np.ndarray
    low: int
    high: int
    preclose: int
    target: int
    n_orders: float
    shares: float
    least: int
    step: int
    half_spread: float
    signal: float
    shanghai: bool
    closing_auction: bool


class PlanRows(NamedTuple):
    """Plans of many stocks, a row each, as compiled code takes them.

    Attributes
    ----------
    value, weight : float64 [S, 241] and [S, 240], those of the plans
    whole, real : int64 [S, 8] and float64 [S, 4], the columns ``WHOLE`` and ``REAL``
    """

    value: np.ndarray
    weight: np.ndarray
    whole: np.ndarray
    real: np.ndarray


def plan_rows(plans: list[DayPlan]) -> PlanRows:
    """The rows of some plans, at least one."""
    return PlanRows(
        np.array([p.value for p in plans]),
        np.array([p.weight for p in plans]),
        np.array([[getattr(p, name) for name in WHOLE] for p in plans], np.int64),
        np.array([[getattr(p, name) for name in REAL] for p in plans], np.float64),
    )


@njit(**BARE_INNER)
@no_type_check
def plan_of(rows, k):
    """The plan of a row."""
    whole, real = rows.whole[k], rows.real[k]
    return DayPlan(
        rows.value[k], rows.weight[k], whole[0], whole[1], whole[2], whole[3], real[0], real[1],
        whole[4], whole[5], real[2], real[3], whole[6] != 0, whole[7] != 0,
    )  # fmt: skip


def new_parents() -> np.ndarray:
    """Scratch for parent orders, float64 [8, 3]: side, slices left, size of a slice over usual."""
    return np.zeros((PARENTS, 3))


@njit(**BARE)
@no_type_check
def trade_day(book, plan, habits, parents, live, rng):
    """Trade the whole day on a book that was reset.

    Parameters
    ----------
    book : of the band of the plan
    plan, habits : DayPlan, Habits
    parents : scratch, see :func:`new_parents`
    live : scratch, int64 [at least the number of orders]: orders that may be taken back
    rng : stream of the stock-day
    """
    parents[:] = 0
    n_live = _opening(book, plan, habits, live, rng)
    n_live = _stand(book, plan, habits, live, n_live, MORNING, plan.value[0], rng)
    minutes = LAST - 3 if plan.closing_auction else LAST
    continuous = plan.n_orders * (1 - habits.open_share - habits.close_share)
    events = continuous / (1 - habits.cancel_share)
    for m in range(minutes):
        start = MORNING + m * MINUTE if m < NOON else AFTERNOON + (m - NOON) * MINUTE
        rate = events * plan.weight[m]
        if rate <= 0:
            continue
        clock = exponential(rng) / rate
        while clock < 1.0:
            time = start + np.int64(clock * MINUTE)
            value = plan.value[m] + clock * (plan.value[m + 1] - plan.value[m])
            n_live = _event(book, plan, habits, parents, live, n_live, time, m, value, rng)
            n_live = _stand(book, plan, habits, live, n_live, time, value, rng)
            clock += exponential(rng) / rate
    if plan.closing_auction:
        _sweep(book, plan, np.int64(CLOSE_FROM - 1))
        _closing(book, plan, habits, rng)
    else:
        _sweep(book, plan, CLOSED)
        if lob.last_tick(book) != plan.target:
            lob.limit(book, CLOSED, SELLER, plan.target, plan.least)
            lob.limit(book, CLOSED, BUYER, plan.target, plan.least)


@njit(**BARE_INNER)
@no_type_check
def _lots(plan, shares):
    """Nearest size an order may have, at least the smallest."""
    steps = np.int64(np.floor((shares - plan.least) / plan.step + 0.5))
    return plan.least + max(steps, 0) * plan.step


@njit(**BARE_INNER)
@no_type_check
def _size(plan, habits, over, rng):
    """Shares of an order: log-normal around the mean times ``over``."""
    spread = habits.size_spread
    return _lots(plan, over * plan.shares * np.exp(spread * normal(rng) - 0.5 * spread * spread))


@njit(**BARE_INNER)
@no_type_check
def _in_band(plan, side, price):
    """Tick of a quote: a buyer above the band pays the limit, one below it stays away (0)."""
    tick = np.int64(np.floor(price + 0.5))
    if side == BUY:
        return 0 if tick < plan.low else min(tick, plan.high)
    return 0 if tick > plan.high else max(tick, plan.low)


@njit(**BARE_INNER)
@no_type_check
def _opening(book, plan, habits, live, rng):
    """Opening call auction around the first value; returns how many orders may be taken back.

    Deep orders stand far from the value all day: nobody takes them back.
    """
    count = max(np.int64(plan.n_orders * habits.open_share), 2)
    n_live, clock = 0, 0.0
    for _ in range(count):
        clock += exponential(rng) / (count + 1)
        time = OPEN_FROM + np.int64(min(clock, 0.9999) * (OPEN_UNTIL - OPEN_FROM))
        side = BUY if uniform(rng) < 0.5 else SELL
        deep = uniform(rng) < habits.deep_share
        away = DEEP * exponential(rng) if deep else 1.0 + 4.0 * normal(rng)
        tick = _in_band(plan, side, plan.value[0] - side * away * plan.half_spread)
        if tick > 0:
            placed = lob.rest(book, time, side, tick, _size(plan, habits, 1.0, rng))
            if not deep:
                live[n_live] = placed
                n_live += 1
    uncross(book, OPENED, plan.preclose, plan.shanghai)
    return n_live


@njit(**INLINED)
@no_type_check
def _event(book, plan, habits, parents, live, n_live, time, minute, value, rng):
    """One event of continuous trading; returns the number of orders that may be taken back."""
    draw = uniform(rng)
    if draw < habits.cancel_share and n_live > 0:
        return _take_back(book, live, n_live, time, rng)
    if draw < habits.cancel_share + habits.taker_share:
        placed = _slice(book, plan, habits, parents, time, minute, rng)
    else:
        placed = _quote(book, plan, habits, time, value, rng)
    if placed > 0 and n_live < len(live):
        live[n_live] = placed
        n_live += 1
    return n_live


@njit(**INLINED)
@no_type_check
def _take_back(book, live, n_live, time, rng):
    """Cancel one order picked at random; those that were filled meanwhile are forgotten."""
    while n_live > 0:
        place = np.int64(uniform(rng) * n_live)
        left = lob.cancel(book, time, live[place])
        n_live -= 1
        live[place] = live[n_live]
        if left > 0:
            break
    return n_live


@njit(**INLINED)
@no_type_check
def _stand(book, plan, habits, live, n_live, time, value, rng):
    """Quotes where a side is empty or its best is far from the value; returns the orders' number.

    An empty side counts as one that is the whole band away. A quote that meets stale ones across
    the book is filled and leaves its side empty: then another follows. Beyond a price limit nobody
    quotes: a side that is locked there stays empty.
    """
    for side in (BUYER, SELLER):
        for _ in range(REQUOTES):
            best = lob.best_bid(book) if side == BUY else lob.best_ask(book)
            away = side * (value - best) if best > 0 else plan.high - plan.low
            if away <= habits.requote * plan.half_spread:
                break
            distance = 0.6 + habits.quote_depth * exponential(rng)
            placed = _offer(book, plan, habits, time, side, value, distance, rng)
            if placed <= 0:
                break
            if n_live < len(live):
                live[n_live] = placed
                n_live += 1
    return n_live


@njit(**INLINED)
@no_type_check
def _quote(book, plan, habits, time, value, rng):
    """A liquidity provider's limit order, on either side, some of them far away."""
    side = BUY if uniform(rng) < 0.5 else SELL
    distance = 0.6 + habits.quote_depth * exponential(rng)
    if uniform(rng) < habits.far_share:
        distance *= FAR
    return _offer(book, plan, habits, time, side, value, distance, rng)


@njit(**BARE_INNER)
@no_type_check
def _offer(book, plan, habits, time, side, value, distance, rng):
    """A limit order at a distance, in half spreads, from the value as its sender sees it."""
    seen = value + 0.4 * plan.half_spread * normal(rng)
    tick = _in_band(plan, side, seen - side * distance * plan.half_spread)
    return 0 if tick == 0 else lob.limit(book, time, side, tick, _size(plan, habits, 1.0, rng))


@njit(**INLINED)
@no_type_check
def _slice(book, plan, habits, parents, time, minute, rng):
    """The next slice of a parent order; a new parent where the slot is free."""
    slot = np.int64(uniform(rng) * PARENTS)
    if parents[slot, P_LEFT] <= 0:
        _new_parent(plan, habits, parents, slot, minute, rng)
    parents[slot, P_LEFT] -= 1
    side = np.int64(parents[slot, P_SIDE])
    shares = _size(plan, habits, parents[slot, P_SIZE], rng)
    draw = uniform(rng)
    if draw < habits.own_best_share:
        return lob.own_best(book, time, side, shares)
    if draw < habits.own_best_share + habits.market_share:
        return lob.market(book, time, side, shares)
    best = lob.best_ask(book) if side == BUY else lob.best_bid(book)
    if best > 0:
        shown = lob.level_shares(book, -side, best)
        return lob.limit(book, time, side, best, min(shares, _lots(plan, float(shown))))
    return lob.own_best(book, time, side, shares)


@njit(**INLINED)
@no_type_check
def _new_parent(plan, habits, parents, slot, minute, rng):
    """Who comes next, on which side, with how many slices of which size."""
    tilt, size = 0.0, 1.0
    draw = uniform(rng)
    before = max(minute - MOMENTUM_MINUTES, 0)
    trend = np.sign(plan.value[minute] - plan.value[before])
    if draw < habits.informed_share:
        tilt, size = habits.informed_tilt * plan.signal, habits.informed_size
    elif draw < habits.informed_share + habits.momentum_share:
        tilt = 0.5 * trend
    elif draw < habits.informed_share + habits.momentum_share + habits.reversal_share:
        tilt = -0.5 * trend
    chance = 0.5 * (1.0 + erf(tilt / np.sqrt(2.0)))
    spread = habits.parent_spread
    parents[slot, P_SIDE] = BUY if uniform(rng) < chance else SELL
    parents[slot, P_LEFT] = 1 + np.int64((habits.parent_slices - 1) * exponential(rng))
    parents[slot, P_SIZE] = size * np.exp(spread * normal(rng) - 0.5 * spread * spread)


@njit(**BARE_INNER)
@no_type_check
def _sweep(book, plan, time):
    """Take out what stands beyond the last value, so that the day can end at it."""
    while lob.best_bid(book) > plan.target:
        shares = lob.level_shares(book, BUYER, lob.best_bid(book))
        lob.limit(book, time, SELLER, plan.target, shares)
    while 0 < lob.best_ask(book) < plan.target:
        shares = lob.level_shares(book, SELLER, lob.best_ask(book))
        lob.limit(book, time, BUYER, plan.target, shares)


@njit(**BARE_INNER)
@no_type_check
def _closing(book, plan, habits, rng):
    """Closing call auction: nobody bids above the last value or asks below it; both meet at it."""
    count = max(np.int64(plan.n_orders * habits.close_share), 2)
    clock = 0.0
    for i in range(count):
        clock += exponential(rng) / (count + 1)
        time = CLOSE_FROM + np.int64(min(clock, 0.9999) * (CLOSE_UNTIL - CLOSE_FROM))
        side = BUY if i % 2 == 0 else SELL
        away = 0.0 if i < 2 or uniform(rng) < 0.7 else habits.quote_depth * exponential(rng)
        tick = _in_band(plan, side, plan.target - side * away * plan.half_spread)
        if tick > 0:
            lob.rest(book, time, side, tick, _size(plan, habits, 1.5, rng))
    uncross(book, CLOSED, lob.last_tick(book), plan.shanghai)
