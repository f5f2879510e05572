"""Tapes to test with: a plain matcher, and random days that hypothesis can shrink.

The matcher is two lists and nothing clever, on purpose: it shares no code with the exchange.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from intralpha.sources.exchange.tape import BUY, LIMIT, MARKET, NO_SIDE, OWN_BEST, SELL, Tape

OPEN_FROM, OPENED = 33_300_000, 33_900_000  # 09:15, 09:25
MORNING, NOON, AFTERNOON = 34_200_000, 41_400_000, 46_800_000  # 09:30, 11:30, 13:00
CLOSE_FROM, CLOSED = 53_820_000, 54_000_000  # 14:57, 15:00
SESSION_MS = NOON - MORNING + CLOSED - AFTERNOON
TAPE_COLUMNS = {
    "order": ("seq", "time", "side", "tick", "shares", "kind"),
    "cancel": ("seq", "time", "id", "shares"),
    "trade": ("seq", "time", "tick", "shares", "buy", "sell", "side"),
}


@dataclass
class Resting:
    seq: int
    side: int
    tick: int
    left: int


@dataclass
class Matcher:
    """Enter orders in the order of time; ``tape`` is what happened."""

    resting: list[Resting] = field(default_factory=list)
    orders: list[tuple[int, ...]] = field(default_factory=list)
    cancels: list[tuple[int, ...]] = field(default_factory=list)
    trades: list[tuple[int, ...]] = field(default_factory=list)

    def _next(self) -> int:
        return len(self.orders) + len(self.cancels) + len(self.trades) + 1

    def side(self, side: int) -> list[Resting]:
        """The best price first, the oldest first at a price."""
        mine = [o for o in self.resting if o.side == side]
        return sorted(mine, key=lambda o: (-side * o.tick, o.seq))

    def _enter(self, time: int, side: int, tick: int, shares: int, kind: int) -> Resting:
        order = Resting(self._next(), side, tick, shares)
        self.orders.append((order.seq, time, side, tick, shares, kind))
        return order

    def _trade(self, time: int, tick: int, buy: Resting, sell: Resting, side: int) -> None:
        shares = min(buy.left, sell.left)
        self.trades.append((self._next(), time, tick, shares, buy.seq, sell.seq, side))
        buy.left -= shares
        sell.left -= shares
        self.resting = [o for o in self.resting if o.left]

    def _drop(self, time: int, order: Resting) -> None:
        self.cancels.append((self._next(), time, order.seq, order.left))
        self.resting = [o for o in self.resting if o is not order]

    def _match(self, time: int, order: Resting, worst: int) -> None:
        for other in self.side(-order.side):
            if order.left and order.side * (worst - other.tick) >= 0:
                pair = (order, other) if order.side == BUY else (other, order)
                self._trade(time, other.tick, *pair, order.side)

    def rest(self, time: int, side: int, tick: int, shares: int) -> None:
        """An order of a call auction."""
        self.resting.append(self._enter(time, side, tick, shares, LIMIT))

    def limit(self, time: int, side: int, tick: int, shares: int) -> None:
        order = self._enter(time, side, tick, shares, LIMIT)
        self._match(time, order, tick)
        if order.left:
            self.resting.append(order)

    def market(self, time: int, side: int, shares: int) -> None:
        order = self._enter(time, side, 0, shares, MARKET)
        self._match(time, order, side * 10**9)
        if order.left:
            self._drop(time, order)

    def own_best(self, time: int, side: int, shares: int) -> None:
        best = self.side(side)
        order = self._enter(time, side, best[0].tick if best else 0, shares, OWN_BEST)
        if best:
            self.resting.append(order)
        else:
            self._drop(time, order)

    def cancel(self, time: int, pick: int) -> None:
        """Take back one of the resting orders."""
        if self.resting:
            self._drop(time, self.resting[pick % len(self.resting)])

    def uncross(self, time: int) -> None:
        """Trade all that crosses at the price of the largest volume (the lowest such)."""
        ticks = sorted({o.tick for o in self.resting})
        if not ticks:
            return
        tick = max(ticks, key=lambda t: (self._volume(t), -t))
        while self._volume(tick):
            self._trade(time, tick, self.side(BUY)[0], self.side(SELL)[0], NO_SIDE)

    def _volume(self, tick: int) -> int:
        return min(sum(o.left for o in self.side(s) if s * (o.tick - tick) >= 0) for s in (1, -1))

    def tape(self) -> Tape:
        columns = {}
        for what, names in TAPE_COLUMNS.items():
            rows = np.array(getattr(self, f"{what}s"), np.int64).reshape(-1, len(names))
            columns |= {f"{what}_{name}": rows[:, k].copy() for k, name in enumerate(names)}
        return Tape(**columns)


# Steps that often land on a boundary: the same millisecond, whole minutes, whole half hours.
STEPS_MS = st.sampled_from((0, 0, 1, 10, 2_990, 3_000, 60_000, 599_999, 600_000, 1_800_000))
ACTIONS = st.tuples(
    st.sampled_from(("limit", "limit", "limit", "limit", "market", "own_best", "cancel")),
    STEPS_MS,
    st.sampled_from((BUY, SELL)),
    st.integers(990, 1010),
    st.integers(1, 9).map(lambda lots: 100 * lots),
    st.integers(0, 99),
)


def _clock(elapsed_ms: int) -> int:
    """Time of day that many ms of trading after 09:30; noon belongs to the morning."""
    late = elapsed_ms > NOON - MORNING
    return MORNING + elapsed_ms + (AFTERNOON - NOON if late else 0)


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    """A day: an opening auction, continuous trading, a closing auction on some days."""
    floor, closing = Matcher(), draw(st.booleans())
    time = OPEN_FROM
    for kind, step, side, tick, shares, pick in draw(st.lists(ACTIONS, max_size=12)):
        time = min(time + step, OPENED - 1)
        _call(floor, kind, time, side, tick, shares, pick)
    floor.uncross(OPENED)
    elapsed, longest = 0, SESSION_MS - (CLOSED - CLOSE_FROM if closing else 0)
    for kind, step, side, tick, shares, pick in draw(st.lists(ACTIONS, max_size=40)):
        elapsed = min(elapsed + step, longest - (1 if closing else 0))
        _trade(floor, kind, _clock(elapsed), side, tick, shares, pick)
    if closing:
        for kind, _, side, tick, shares, pick in draw(st.lists(ACTIONS, max_size=8)):
            _call(floor, kind, CLOSE_FROM, side, tick, shares, pick)
        floor.uncross(CLOSED + draw(st.sampled_from((0, 1_060))))
    return floor.tape()


def _call(m: Matcher, kind: str, time: int, side: int, tick: int, shares: int, pick: int) -> None:
    if kind == "cancel":
        m.cancel(time, pick)
    else:
        m.rest(time, side, tick, shares)


def _trade(m: Matcher, kind: str, time: int, side: int, tick: int, shares: int, pick: int) -> None:
    if kind == "limit":
        m.limit(time, side, tick, shares)
    elif kind == "market":
        m.market(time, side, shares)
    elif kind == "own_best":
        m.own_best(time, side, shares)
    else:
        m.cancel(time, pick)
