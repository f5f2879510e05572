"""The order book rebuilt from orders and trades: events a second on one core, beside plain Python.

A simulated day of busy stocks (the simulated market with 30,000 orders a stock and day)
gives orders, cancels and trades. Ours rebuilds the book and writes ten levels every three seconds.
The plain book keeps dicts of levels and of orders and a sorted list of prices a side; it does the
first stock, and its levels must be the same at every time. Merging the streams and finding orders
by their ids is part of both. With the real samples (INTRALPHA_REAL_DATA) the rebuilt book of
600519 is compared with the published one.

    python benchmarks/book.py            20 stocks
    python benchmarks/book.py --quick    5 stocks, under a minute
"""

import argparse
import os
import platform
import sys
from bisect import bisect_left, insort
from datetime import date
from pathlib import Path
from time import perf_counter

import polars as pl

from intralpha.market.ticks import ORDER_KINDS, Ticks
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.snapshots import tape_ticks
from intralpha.sources.replay.book import DEPTH, in_auction
from intralpha.sources.replay.check import aligned_rows, compare_books
from intralpha.sources.replay.rows import book_rows, snapshot_times

ROUNDS = 5


def simulated_day(stocks: int, orders_a_day: int) -> tuple[Ticks, Ticks]:
    """Orders and trades of the stocks with most orders of one session."""
    habits = HabitSpec(orders_per_day=float(orders_a_day))
    spec = SimulatedSpec(n_assets=max(stocks, 5), end=date(2023, 1, 6), habits=habits)
    market = SimulatedMarket(spec)
    day = next(iter(market.days()))
    tapes = Floor(spec.seed, habits).trade(day)[1]
    busy = sorted(tapes, key=lambda i: -tapes[i].events)[:stocks]
    names = {market.stock_symbols[i]: tapes[i] for i in busy}
    symbols = sorted(names)
    return tape_ticks([names[symbol] for symbol in symbols], symbols, day.on)


class DictBook:
    """Levels as dicts of [shares, orders], their prices in a sorted list; orders in a dict."""

    def __init__(self) -> None:
        self.sides: dict[int, dict[int, list[int]]] = {1: {}, -1: {}}
        self.prices: dict[int, list[int]] = {1: [], -1: []}
        self.orders: dict[int, list[int]] = {}

    def enter(self, number: int, side: int, tick: int, shares: int) -> None:
        self.orders[number] = [side, tick, shares]
        levels = self.sides[side]
        if tick in levels:
            levels[tick][0] += shares
            levels[tick][1] += 1
        else:
            levels[tick] = [shares, 1]
            insort(self.prices[side], tick)

    def take(self, number: int, shares: int) -> None:
        order = self.orders.get(number)
        if order is None:
            return
        order[2] -= shares
        side, tick, left = order
        level = self.sides[side][tick]
        level[0] -= shares
        if left == 0:
            level[1] -= 1
            del self.orders[number]
            if level[1] == 0:
                del self.sides[side][tick]
                del self.prices[side][bisect_left(self.prices[side], tick)]

    def top(self) -> list[list[tuple[int, int, int]]]:
        bids, asks = self.prices[1], self.prices[-1]
        if bids and asks and bids[-1] >= asks[0]:
            return [[], []]
        best = (bids[: -DEPTH - 1 : -1], asks[:DEPTH])
        sides = (self.sides[1], self.sides[-1])
        return [[(t, *side[t]) for t in ticks] for ticks, side in zip(best, sides, strict=True)]


def plain_levels(orders: Ticks, trades: Ticks, times: list[int]) -> list:
    """The same replay in plain Python; rows are read, merged and looked up in it, too."""
    market = ORDER_KINDS.index("market")
    names = ("seq", "time", "id", "side", "price", "volume", "kind", "cancel")
    rows = [(seq, 0, *row) for seq, *row in zip(*(orders[n].tolist() for n in names), strict=True)]
    names = ("seq", "time", "buy_id", "sell_id", "volume")
    rows += [(seq, 1, *row) for seq, *row in zip(*(trades[n].tolist() for n in names), strict=True)]
    rows.sort()
    book, out, e = DictBook(), [], 0
    for clock in times:
        while e < len(rows) and rows[e][2] <= clock:
            row = rows[e]
            if row[1] == 1:
                book.take(row[3], row[5])
                book.take(row[4], row[5])
            elif row[8]:
                book.take(row[3], row[6])
            elif row[7] != market and row[5] > 0:
                book.enter(row[3], row[4], round(100 * row[5]), row[6])
            e += 1
        out.append(book.top())
    return out


def assert_same(rows: pl.DataFrame, plain: list) -> None:
    """Every level of every row outside the call auctions."""
    names = ("price", "volume", "orders")
    compared = 0
    for row, levels in zip(rows.iter_rows(named=True), plain, strict=True):
        if in_auction(row["time"], True):
            continue
        for side, expected in zip(("bid", "ask"), levels, strict=True):
            found = [tuple(row[f"{side}_{n}{k}"] for n in names) for k in range(1, 11)]
            known = [(round(100 * p), v, n) for p, v, n in found if p is not None]
            assert known == expected, (row["time"], known, expected)
            compared += len(known)
    assert compared > 10_000, "nothing was compared"


def seconds_of(work, rounds: int = ROUNDS) -> float:
    """The best of a few rounds."""
    found = []
    for _ in range(rounds):
        started = perf_counter()
        work()
        found.append(perf_counter() - started)
    return min(found)


def real_book() -> float:
    """Share of equal levels of 600519 on 2023-02-01, each alignment printed; nan without data."""
    root = Path(__file__).resolve().parents[1]
    data = Path(os.environ.get("INTRALPHA_REAL_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        print("real book: no samples; set INTRALPHA_REAL_DATA")
        return float("nan")
    sys.path.insert(0, str(root))
    from tests.sources.replay.book_inputs import real_600519, ticks

    orders, trades, published = real_600519(data)
    given = (ticks("orders", orders), ticks("trades", trades))
    for align in ("time", "sums", "state"):
        rows = aligned_rows(*given, published, align)
        found = compare_books(rows, published)
        states = rows.drop_nulls("bid_orders1")["states"].mean()
        print(
            f"600519, aligned by {align:5s} {found.snapshots:,} snapshots: levels "
            f"{found.levels_equal:.4f}, all twenty {found.all_equal:.4f}, sums "
            f"{found.sums_equal:.4f}, states a row {states:.1f}"
        )
    return found.levels_equal


def main() -> None:
    """Run and print a line a measurement, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer stocks, under a minute")
    quick = parser.parse_args().quick
    orders, trades = simulated_day(5 if quick else 20, 30_000)
    events, stocks = len(orders) + len(trades), len(orders.symbols)
    print(f"{platform.machine()}, {os.cpu_count()} cores; {stocks} stocks, {events:,} events")
    times = snapshot_times()
    book_rows(orders, trades, times[:1])  # compile
    close = times[-1:]
    alone = seconds_of(lambda: book_rows(orders, trades, close, threads=1))
    every = seconds_of(lambda: book_rows(orders, trades, times, threads=1))
    shared = seconds_of(lambda: book_rows(orders, trades, times))
    first = (orders.slice(0, 1), trades.slice(0, 1))
    count = len(first[0]) + len(first[1])
    started = perf_counter()
    plain = plain_levels(*first, times.tolist())
    plain_speed = count / (perf_counter() - started)
    assert_same(book_rows(*first, times), plain)
    mine = count / seconds_of(lambda: book_rows(*first, times, threads=1))
    print(f"book at the close                 {events / alone:12,.0f} events/s, one core")
    print(f"ten levels every three seconds    {events / every:12,.0f} events/s, one core")
    print(f"the same, all threads             {events / shared:12,.0f} events/s")
    print(f"the same, one stock               {mine:12,.0f} events/s, one core")
    print(f"plain Python book, the same stock {plain_speed:12,.0f} events/s")
    equal = real_book()
    print(
        f"RESULT events_per_s_core={events / every:.0f} x_python_book={mine / plain_speed:.1f} "
        f"real_equal_levels={equal:.4f}"
    )


if __name__ == "__main__":
    main()
