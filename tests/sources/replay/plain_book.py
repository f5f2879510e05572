"""Plain books: a small exchange that shows its book after every event, and a replay of rows."""

from collections import defaultdict
from dataclasses import dataclass, field

import polars as pl

from .book_inputs import order_frame, trade_frame

Levels = tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]


class Sides:
    """Dicts of lists: side -> tick -> [id, shares] in the order of arrival."""

    def __init__(self) -> None:
        self.queues: dict[int, dict[int, list[list[int]]]] = {
            1: defaultdict(list),
            -1: defaultdict(list),
        }

    def best(self, side: int) -> int | None:
        ticks = [tick for tick, queue in self.queues[side].items() if queue]
        return max(ticks, key=lambda tick: side * tick) if ticks else None

    def put(self, side: int, tick: int, number: int, shares: int) -> None:
        self.queues[side][tick].append([number, shares])

    def take(self, side: int, tick: int, number: int, shares: int) -> None:
        queue = self.queues[side][tick]
        for entry in queue:
            if entry[0] == number:
                entry[1] -= shares
        self.queues[side][tick] = [entry for entry in queue if entry[1] > 0]

    def show(self, depth: int = 10) -> Levels:
        """Tick, shares and orders of the best levels of both sides; nothing if they cross."""
        bid, ask = self.best(1), self.best(-1)
        if bid is not None and ask is not None and bid >= ask:
            return [], []
        out = []
        for side in (1, -1):
            ticks = sorted((t for t, q in self.queues[side].items() if q), key=lambda t: -side * t)
            levels = [(t, self.queues[side][t]) for t in ticks[:depth]]
            out.append([(t, sum(n for _, n in queue), len(queue)) for t, queue in levels])
        return out[0], out[1]


@dataclass
class SmallExchange:
    """Matches orders by price and time, writes rows down, and shows the book after each of them.

    An order that comes in is held outside the book until it is done. Every row has a stamp of its
    own, from 1, but what the exchange cancels itself has that of the row before. ``shown[i]`` is
    the book at stamp ``i + 1``.
    """

    sides: Sides = field(default_factory=Sides)
    orders: list[tuple] = field(default_factory=list)
    trades: list[tuple] = field(default_factory=list)
    shown: list[Levels] = field(default_factory=list)
    resting: dict[int, tuple[int, int]] = field(default_factory=dict)
    seq: int = 0

    def limit(self, side: int, tick: int, shares: int) -> None:
        number = self._order(side, tick, shares, "limit")
        left = self._match(side, tick, number, shares)
        self._finish(side, tick, number, left)

    def market(self, side: int, shares: int, converts: bool) -> None:
        """What is left is cancelled, or rests at the price of the last trade."""
        number = self._order(side, 0, shares, "market")
        before = len(self.trades)
        left = self._match(side, side * 10**9, number, shares, levels=2)
        traded = len(self.trades) > before
        if left and not (converts and traded):
            self._cancel_row(number, side, 0, left, "market", at_once=True)
        elif left:
            self._finish(side, round(100 * self.trades[-1][2]), number, left)

    def own_best(self, side: int, shares: int) -> None:
        tick = self.sides.best(side)
        number = self._order(side, 0, shares, "own_best")
        if tick is None:
            self._cancel_row(number, side, 0, shares, "own_best", at_once=True)
        else:
            self._finish(side, tick, number, shares)

    def cancel(self, pick: int) -> None:
        if not self.resting:
            return
        number = sorted(self.resting)[pick % len(self.resting)]
        side, tick = self.resting.pop(number)
        left = next(n for i, n in self.sides.queues[side][tick] if i == number)
        self.sides.take(side, tick, number, left)
        self._cancel_row(number, side, tick, left, "limit")

    def _stamp(self, at_once: bool = False) -> tuple[int, int]:
        """Sequence number and stamp of the next row; the book as it is now is shown there."""
        self.seq += 1
        if at_once:
            self.shown.pop()
        self.shown.append(self.sides.show())
        return self.seq, len(self.shown)

    def _order(self, side: int, tick: int, shares: int, kind: str) -> int:
        number = 7 * (len(self.orders) + 1)
        row = (*self._stamp(), number, side, tick / 100, shares, kind, False)
        self.orders.append(row)
        return number

    def _cancel_row(
        self, number: int, side: int, tick: int, left: int, kind: str, at_once: bool = False
    ) -> None:
        row = (*self._stamp(at_once), number, side, tick / 100, left, kind, True)
        self.orders.append(row)

    def _match(self, side: int, worst: int, number: int, left: int, levels: int = 10**9) -> int:
        seen: set[int] = set()
        while left and (best := self.sides.best(-side)) is not None:
            seen.add(best)
            if side * (best - worst) > 0 or len(seen) > levels:
                break
            other, there = self.sides.queues[-side][best][0]
            fill = min(left, there)
            self.sides.take(-side, best, other, fill)
            if fill == there:
                del self.resting[other]
            left -= fill
            buy, sell = (number, other) if side == 1 else (other, number)
            self.trades.append((*self._stamp(), best / 100, fill, buy, sell, side))
        return left

    def _finish(self, side: int, tick: int, number: int, left: int) -> None:
        if left:
            self.sides.put(side, tick, number, left)
            self.resting[number] = (side, tick)
        self.shown[-1] = self.sides.show()

    def frames(self, symbol: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        return order_frame(self.orders, symbol), trade_frame(self.trades, symbol)


def plain_replay(
    orders: pl.DataFrame, trades: pl.DataFrame, times: list[int]
) -> list[tuple[Levels, tuple[int, int, int, int]]]:
    """Levels, and last tick, shares, hundredths of CNY and trades so far, at each time.

    For rows in which an order and all its trades have one stamp, and own-best orders a price.
    """
    events = [(seq, 0, clock, row) for seq, clock, *row in _rows(orders, "id", "side", "price",
        "volume", "kind", "cancel")]  # fmt: skip
    events += [(seq, 1, clock, row) for seq, clock, *row in _rows(trades, "price", "volume",
        "buy_id", "sell_id")]  # fmt: skip
    events.sort(key=lambda event: event[:2])
    sides, at, sums, out, e = Sides(), {}, [0, 0, 0, 0], [], 0
    for clock in times:
        while e < len(events) and events[e][2] <= clock:
            _happen(events[e][1], events[e][3], sides, at, sums)
            e += 1
        out.append((sides.show(), tuple(sums)))
    return out


def _rows(frame: pl.DataFrame, *names: str) -> list[tuple]:
    return frame.select("seq", "time", *names).rows()


def _happen(what: int, row: list, sides: Sides, at: dict, sums: list[int]) -> None:
    if what == 1:
        price, volume, *numbers = row
        sums[0] = round(100 * price)
        sums[1] += volume
        sums[2] += volume * sums[0]
        sums[3] += 1
    else:
        number, side, price, volume, kind, cancel = row
        numbers = [number]
        if not cancel:
            if kind != "market" and price > 0:
                at[number] = (side, round(100 * price))
                sides.put(*at[number], number, volume)
            return
    for number in numbers:
        if number in at:
            sides.take(*at[number], number, volume)
