"""The matching engine: order events a second on one core, beside a plain Python book.

A stream of 45 % limit orders near a wandering price, 40 % cancels and 15 % market orders is made
beforehand. The plain book keeps a heap a side and forgets cancelled orders when they come up, as
textbook engines do; it runs the beginning of the same stream, and its trades, its cancels and what
rests in it at the end must be the same.
The second figure is the whole simulated market: orders decided with the book in view.

    python benchmarks/matching.py            1,000,000 events
    python benchmarks/matching.py --quick    200,000 events
"""

import argparse
import heapq
import os
import platform
from datetime import date
from time import perf_counter
from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from intralpha.sources.exchange import book as lob
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.tape import BUY, SELL

LOW, HIGH = 1_800, 2_200
ADD, CANCEL, TAKE = 0, 1, 2


class Stream(NamedTuple):
    """Events as arrays: what, side, tick of a limit order, shares, which order is cancelled."""

    kind: np.ndarray
    side: np.ndarray
    tick: np.ndarray
    shares: np.ndarray
    pick: np.ndarray


def make_stream(events: int) -> Stream:
    """Limit orders a geometric distance from the price; cancels pick an earlier limit order."""
    rng = np.random.default_rng(0)
    middle = np.clip(2_000 + np.cumsum(rng.normal(0, 0.02, events)), LOW + 50, HIGH - 50)
    side = rng.choice([BUY, SELL], events)
    tick = np.clip(np.floor(middle - side * rng.geometric(0.15, events)), LOW, HIGH)
    return Stream(
        kind=rng.choice([ADD, CANCEL, TAKE], events, p=[0.45, 0.40, 0.15]),
        side=side,
        tick=tick.astype(np.int64),
        shares=100 * rng.geometric(0.3, events),
        pick=rng.random(events),
    )


@njit(nogil=True)
@no_type_check
def drive(book, stream, live):
    """Feed the stream to the engine; limit orders are picked once each for a cancel."""
    n = 0
    for i in range(len(stream.kind)):
        if stream.kind[i] == CANCEL:
            if n > 0:
                place = np.int64(stream.pick[i] * n)
                lob.cancel(book, i, live[place])
                n -= 1
                live[place] = live[n]
        elif stream.kind[i] == TAKE:
            lob.market(book, i, stream.side[i], stream.shares[i])
        else:
            live[n] = lob.limit(book, i, stream.side[i], stream.tick[i], stream.shares[i])
            n += 1


class HeapBook:
    """A heap a side of (signed price, number); cancelled and filled orders are dropped lazily."""

    def __init__(self) -> None:
        self.heaps: dict[int, list[tuple[int, int]]] = {BUY: [], SELL: []}
        self.left: dict[int, int] = {}
        self.count = 0
        self.trades: list[tuple[int, int, int, int]] = []
        self.cancels: list[tuple[int, int]] = []

    def best(self, side: int) -> tuple[int, int] | None:
        """Price and number of the best live order."""
        heap = self.heaps[side]
        while heap and self.left.get(heap[0][1], 0) == 0:
            heapq.heappop(heap)
        return (-side * heap[0][0], heap[0][1]) if heap else None

    def take(self, side: int, worst: int, shares: int, levels: int) -> int:
        """Trade the newest order against the other side; returns what is left."""
        seen, level, mine = 0, None, self.count
        while shares and (found := self.best(-side)):
            tick, number = found
            if side * (tick - worst) > 0:
                break
            if tick != level:
                seen, level = seen + 1, tick
                if seen > levels:
                    break
            fill = min(shares, self.left[number])
            self.left[number] -= fill
            buy, sell = (mine, number) if side == BUY else (number, mine)
            self.trades.append((tick, fill, buy, sell))
            shares -= fill
        return shares

    def limit(self, side: int, tick: int, shares: int) -> int:
        """Enter, trade, queue; returns the order's number."""
        self.count += 1
        left = self.take(side, tick, shares, 10**9)
        if left:
            self.left[self.count] = left
            heapq.heappush(self.heaps[side], (-side * tick, self.count))
        return self.count

    def market(self, side: int, shares: int) -> None:
        """Five levels; the rest is cancelled."""
        self.count += 1
        left = self.take(side, HIGH if side == BUY else LOW, shares, 5)
        if left:
            self.cancels.append((self.count, left))

    def cancel(self, number: int) -> None:
        """Take back what is left, if anything is."""
        left = self.left.pop(number, 0)
        if left:
            self.cancels.append((number, left))

    def run(self, stream: Stream) -> None:
        """The same loop as :func:`drive`."""
        live: list[int] = []
        columns = (column.tolist() for column in stream)
        for kind, side, tick, shares, pick in zip(*columns, strict=True):
            if kind == CANCEL:
                if live:
                    place = int(pick * len(live))
                    self.cancel(live[place])
                    live[place] = live[-1]
                    live.pop()
            elif kind == TAKE:
                self.market(side, shares)
            else:
                live.append(self.limit(side, tick, shares))


def engine_speed(stream: Stream, rounds: int = 3) -> tuple[float, lob.Book]:
    """Events a second, the best of a few rounds, and the book afterwards."""
    events = len(stream.kind)
    book = lob.new_book(HIGH - LOW + 1, events, 2 * events)
    live = np.zeros(events, np.int64)
    lob.reset(book, LOW, HIGH)
    drive(book, Stream(*(c[:10] for c in stream)), live)  # compile
    seconds = []
    for _ in range(rounds):
        lob.reset(book, LOW, HIGH)
        started = perf_counter()
        drive(book, stream, live)
        seconds.append(perf_counter() - started)
    lob.check(book)
    return events / min(seconds), book


def assert_same(book: lob.Book, plain: HeapBook) -> None:
    """Trades with both orders, cancels, and what is left of every order."""
    tape = lob.tape_of(book)

    def numbers(ids: np.ndarray) -> list[int]:
        return (np.searchsorted(tape.order_seq, ids) + 1).tolist()

    trades = (tape.trade_tick.tolist(), tape.trade_shares.tolist())
    trades += (numbers(tape.trade_buy), numbers(tape.trade_sell))
    assert list(zip(*trades, strict=True)) == plain.trades, "both books must trade the same"
    cancels = zip(numbers(tape.cancel_id), tape.cancel_shares.tolist(), strict=True)
    assert list(cancels) == plain.cancels, "both books must cancel the same"
    left = book.orders[: book.state[lob.ORDERS], lob.O_LEFT]
    rests = {int(slot) + 1: int(left[slot]) for slot in np.flatnonzero(left)}
    assert rests == {n: k for n, k in plain.left.items() if k}, "the same must rest in both"


def market_speed(sessions: int) -> tuple[float, float]:
    """Stock-days and sequence numbers a second of a market of 200 stocks on one thread."""
    spec = SimulatedSpec(n_assets=200, start=date(2023, 1, 3), end=date(2023, 6, 30))
    floor, market = Floor(0, spec.habits, threads=1), SimulatedMarket(spec)
    days = [day for day, _ in zip(market.days(), range(sessions + 1), strict=False)]
    floor.minutes(days[0])  # compile
    started, events, stock_days = perf_counter(), 0, 0
    for day in days[1:]:
        tapes = floor.trade(day)[1]
        events += sum(tape.events for tape in tapes.values())
        stock_days += len(tapes)
    seconds = perf_counter() - started
    return stock_days / seconds, events / seconds


def main() -> None:
    """Run and print one line a contender, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer events, under a minute")
    quick = parser.parse_args().quick
    stream = make_stream(200_000 if quick else 1_000_000)
    speed, book = engine_speed(stream)
    part = Stream(*(c[: 100_000 if quick else 300_000] for c in stream))
    plain = HeapBook()
    started = perf_counter()
    plain.run(part)
    plain_speed = len(part.kind) / (perf_counter() - started)
    lob.reset(book, LOW, HIGH)
    drive(book, part, np.zeros(len(part.kind), np.int64))
    assert_same(book, plain)
    stock_days, market_events = market_speed(2 if quick else 10)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {len(stream.kind):,} events, one core")
    print(f"engine            {speed:12,.0f} events/s")
    print(f"plain Python book {plain_speed:12,.0f} events/s")
    print(f"simulated market  {market_events:12,.0f} events/s, {stock_days:,.0f} stock-days/s")
    print(
        f"RESULT events_per_s_core={speed:.0f} x_python_book={speed / plain_speed:.1f} "
        f"market_events_per_s_core={market_events:.0f} stock_days_per_s_core={stock_days:.0f}"
    )


if __name__ == "__main__":
    main()
