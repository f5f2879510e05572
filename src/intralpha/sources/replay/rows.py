"""Book rows: ten-level snapshots at any times, rebuilt from orders and trades."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, no_type_check

import numpy as np
import polars as pl
from jaxtyping import Int, Int64
from numba import njit
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.arrays import check_count, check_shape, read_only
from intralpha.base.compiling import INNER, KERNEL, borrowed
from intralpha.market.closing import closing_auctions
from intralpha.market.hours import (
    AFTERNOON_MS,
    CLOSE_MS,
    LUNCH_MS,
    MORNING_MS,
    OPENED_MS,
    OPENING_MS,
)
from intralpha.market.lake import Lake
from intralpha.market.schemas import TABLES
from intralpha.market.stock_parts import over_stocks
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import Ticks
from intralpha.sources.replay import book
from intralpha.sources.replay.book import DEPTH, OrderColumns, TradeColumns

TICKS_PER_YUAN = 100
ORDER_NEEDS = OrderColumns._fields
TRADE_NEEDS = TradeColumns._fields
FACTS = ("crossed", "in_flight", "unseen", "overfilled", "repeated")
STEP_MS = 3_000
# Opening auction; the five minutes after it and the morning; the afternoon.
PHASES = ((OPENING_MS, OPENED_MS), (MORNING_MS, LUNCH_MS), (AFTERNOON_MS, CLOSE_MS))
BLOCK_ROWS = 2_000_000


class Portion(NamedTuple):
    """How much :func:`make_snapshots` works on at a time: orders read, rows of the result."""

    orders: int = BLOCK_ROWS
    rows: int = 200_000


PORTION = Portion()


class OffTickError(DataError):
    """A price between two ticks, which no level of the book can hold."""

    def __init__(self, symbol: str, count: int, ticks_per_yuan: int) -> None:
        self.symbol, self.count, self.ticks_per_yuan = symbol, count, ticks_per_yuan
        super().__init__(
            f"{symbol}: {count:,} prices are not multiples of {1 / ticks_per_yuan:g} CNY.\n"
            "Hint: give ticks_per_yuan (funds: 1000), or check the vendor's price scale."
        )


class MixedSessionsError(DataError):
    """Orders and trades are of two sessions."""

    def __init__(self, orders: date, trades: date) -> None:
        self.orders, self.trades = orders, trades
        super().__init__(f"orders of {orders} with trades of {trades}; expected one session.")


class UnorderedTimesError(DataError):
    """Times that do not ascend."""

    def __init__(self, before: int, after: int) -> None:
        self.before, self.after = before, after
        super().__init__(f"time {after} ms comes after {before} ms; expected ascending times.")


@dataclass(frozen=True)
class SnapshotsMade:
    """What :func:`make_snapshots` did.

    Attributes
    ----------
    rows : added to the lake, or put in place of others there
    stocks : that got rows
    had_some : stocks left alone, by default those that the lake has snapshots of on that day
    faults : DataFrame, a row a stock in which something did not fit: ``symbol``, ``unseen``
        (orders named by a trade or cancel and never entered), ``overfilled`` (events that take
        more than was left), ``repeated`` (ids entered twice)
    """

    rows: int
    stocks: int
    had_some: int
    faults: pl.DataFrame


def snapshot_times(step_ms: int = STEP_MS) -> Int64[ndarray, "times"]:
    """Every step of the opening auction, the morning and the afternoon, ms since midnight."""
    return np.concatenate([np.arange(first, last + 1, step_ms) for first, last in PHASES])


def book_rows(
    orders: Ticks,
    trades: Ticks,
    times_ms: Int[ndarray, "times"],
    facts: bool = False,
    ticks_per_yuan: int = TICKS_PER_YUAN,
    threads: int | None = None,
) -> pl.DataFrame:
    """Ten levels, last price and sums of the day so far of every stock at every time.

    Parameters
    ----------
    orders : whole stocks, columns ``ORDER_NEEDS``: orders as entered, and cancels
    trades : whole stocks of the same session, columns ``TRADE_NEEDS``
    times_ms : ascending, ms since midnight; what is stamped exactly at a time is in its row
    facts : add columns, see below
    ticks_per_yuan : 100 for stocks; prices are whole ticks
    threads : default: :func:`~intralpha.base.thread_count`; the rows do not depend on it

    Returns
    -------
    DataFrame, a row for each stock and time
        Columns of table ``snapshots``. ``last`` is 0 before the first trade. A level that does
        not exist is null. So are all levels in the call auctions (09:15-09:25, and 14:57-15:00
        where the day ends with one), when the exchange shows an indicative price instead, and
        while the book crosses (an auction's trades are not booked yet, or records are missing).
        An order that is being matched is not in the book, see :mod:`.book`.
        With ``facts``: ``crossed``, ``in_flight`` (an order was being matched), and counts from
        the start of the day of what did not fit: ``unseen``, ``overfilled``, ``repeated``.

    Raises
    ------
    OffTickError
        A price is not a whole tick.
    MixedSessionsError, UnorderedTimesError
        Arguments that do not belong together.

    Notes
    -----
    Known at the row's time. Memory: 1 kB a row, and what :func:`.book.new_space` says for each
    thread. Source: exchange rules; [Spec 2.4].
    """
    times_ms = np.asarray(times_ms)
    check_shape("times_ms", times_ms, (None,), "iu")
    times_ms = times_ms.astype(np.int64)
    check_count("ticks_per_yuan", ticks_per_yuan, 1)
    back = np.flatnonzero(np.diff(times_ms) < 0)
    if len(back):
        raise UnorderedTimesError(int(times_ms[back[0]]), int(times_ms[back[0] + 1]))
    orders, trades = same_stocks(orders, trades)
    out = new_rows(len(orders.symbols) * len(times_ms), len(orders.symbols))
    given = (order_columns(orders), trade_columns(trades), orders.bounds, trades.bounds)
    closing = closing_auctions(orders.symbols, orders.on)
    spaces = book.Spaces(*most_rows(orders, trades))

    def work(first: int, last: int) -> None:
        more = (float(ticks_per_yuan), spaces.mine, out)
        _at_times(*given, first, last, times_ms, closing, *more)

    over_stocks(orders.bounds + trades.bounds, work, threads)
    check_ticks(orders.symbols, out, ticks_per_yuan)
    count = len(times_ms)
    symbols = pl.Series(orders.symbols.tolist(), dtype=pl.String)
    keys = symbols.gather(np.repeat(np.arange(len(symbols)), count))
    return frame_of(orders.on, keys, np.tile(times_ms, len(symbols)), out, facts, ticks_per_yuan)


def make_snapshots(
    lake: Lake,
    on: date,
    times_ms: Int[ndarray, "times"] | None = None,
    symbols: ndarray | None = None,
    ticks_per_yuan: int = TICKS_PER_YUAN,
    kept: ndarray | None = None,
    progress: Callable[[int], object] | None = None,
    portion: Portion = PORTION,
) -> SnapshotsMade:
    """Rebuild the snapshots of a session and append them to the lake.

    Parameters
    ----------
    lake : with ``orders`` and ``trades`` of the session
    on : session
    times_ms : ascending; default: every 3 seconds, as :func:`snapshot_times`
    symbols : stocks wanted; default: all with orders
    ticks_per_yuan : 100 for stocks
    kept : stocks left alone; default: those that have snapshots of the session. Of other stocks,
        rows of the lake at the same times are replaced.
    progress : is told the orders and trades read since it was last called
    portion : stocks are worked on in portions of such a size; the lake's file does not depend on it

    Returns
    -------
    SnapshotsMade
        Rows without a trade so far and without a level are not written.

    Raises
    ------
    OffTickError
        A price is not a whole tick.
    ConflictError, LakeBusyError, LakeWriteError
        The lake could not be written.

    Notes
    -----
    A second call adds nothing. The day's file is put in place when the last stock is done, so a
    stopped call leaves it as it was. Memory: a portion, which is stocks with together at most 2
    million orders (70 bytes each, and the same for each of their trades) and 200,000 rows of the
    result (3 kB each at the peak, when the lake sorts and writes them), or one stock; and the space
    of the threads. All 1,375 stocks of a simulated session at 3 seconds, 6.6 million rows, took 1.1
    GB.
    """
    times = snapshot_times() if times_ms is None else times_ms
    if kept is None:
        names = lake.scan("snapshots", on, on).select(pl.col("symbol").unique()).collect()
        kept = names["symbol"].to_numpy().astype(str)
    faults, had_some, rows, stocks = [pl.DataFrame(schema=_FAULT_TYPES)], 0, 0, 0
    with lake.merging(on_conflict="replace") as merging:
        for orders, trades in read_books(lake, on, symbols, portion.orders):
            fresh = orders.symbols[~np.isin(orders.symbols, kept)]
            had_some += len(orders.symbols) - len(fresh)
            for part in _portions(orders.select(fresh), trades.select(fresh), times, portion):
                made = book_rows(*part, times, facts=True, ticks_per_yuan=ticks_per_yuan)
                faults.append(_faults(made))
                shown = pl.sum_horizontal("trades", "bid_orders1", "ask_orders1") > 0
                made = made.filter(shown).drop(FACTS)
                done = merging.append("snapshots", made)
                rows += done.rows_added + done.rows_replaced
                stocks += made["symbol"].n_unique()
                if progress is not None:
                    progress(sum(map(len, part)))
    return SnapshotsMade(rows, stocks, had_some, pl.concat(faults))


def _portions(
    orders: Ticks, trades: Ticks, times_ms: ndarray, portion: Portion
) -> Iterator[tuple[Ticks, Ticks]]:
    """Stocks of a block, so many at a time that their rows of the result are few enough."""
    step = max(portion.rows // max(len(times_ms), 1), 1)
    for first in range(0, len(orders.symbols), step):
        last = min(first + step, len(orders.symbols))
        yield orders.slice(first, last), trades.slice(first, last)


def read_books(
    lake: Lake, on: date, symbols: ndarray | None = None, block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[Ticks, Ticks]]:
    """Orders and trades of whole stocks of a session, block after block.

    Stocks without orders are left out: there is no book of them.

    Parameters
    ----------
    lake : with ``orders`` and ``trades``
    on : session; without orders nothing is yielded
    symbols : stocks wanted; default: all
    block_rows : a block has about so many orders, and at least one stock

    Yields
    ------
    orders, trades : Ticks
        Of the same stocks, sorted; columns ``ORDER_NEEDS`` and ``TRADE_NEEDS``. A stock without
        trades has none.

    Raises
    ------
    UnsortedTicksError
        Rows of a stock are not together.
    """
    for orders in read_ticks(lake, "orders", on, ORDER_NEEDS, symbols, block_rows):
        whole = read_ticks(lake, "trades", on, TRADE_NEEDS, orders.symbols, 2**62)
        trades = next(whole, None)
        yield orders, (_no_trades(on) if trades is None else trades).select(orders.symbols)


def same_stocks(orders: Ticks, trades: Ticks, wanted: ndarray | None = None) -> tuple[Ticks, Ticks]:
    """Both with the stocks of either and those wanted, in the same order.

    Parameters
    ----------
    orders, trades : of one session
    wanted : further symbols; default: none

    Returns
    -------
    orders, trades : Ticks
        A stock that one of them lacked has no rows there.

    Raises
    ------
    MixedSessionsError
        They are of two sessions.
    """
    if orders.on != trades.on:
        raise MixedSessionsError(orders.on, trades.on)
    symbols = np.union1d(orders.symbols, trades.symbols)
    if wanted is not None:
        symbols = np.union1d(symbols, wanted)
    if len(orders.symbols) == len(trades.symbols) == len(symbols):
        return orders, trades
    return orders.select(symbols), trades.select(symbols)


def order_columns(orders: Ticks) -> OrderColumns:
    """Columns in the types the kernels are compiled for."""
    types = ("i8", "i4", "i8", "i2", "f8", "i8", "i1", "?")
    return OrderColumns(*(_as(orders[n], t) for n, t in zip(ORDER_NEEDS, types, strict=True)))


def trade_columns(trades: Ticks) -> TradeColumns:
    """Columns in the types the kernels are compiled for."""
    types = ("i8", "i4", "f8", "i8", "i8", "i8", "i2")
    return TradeColumns(*(_as(trades[n], t) for n, t in zip(TRADE_NEEDS, types, strict=True)))


def most_rows(orders: Ticks, trades: Ticks) -> tuple[int, int]:
    """Most events, and most rows of orders, of one stock."""
    counts = np.diff(orders.bounds), np.diff(trades.bounds)
    return int((counts[0] + counts[1]).max(initial=0)), int(counts[0].max(initial=0))


def new_rows(rows: int, stocks: int) -> tuple[ndarray, ...]:
    """Arrays for so many rows: levels [3, 20, rows] in two parts, sums, facts, faults [stocks]."""
    return (
        np.zeros((2, 2 * DEPTH, rows), np.int64),
        np.zeros((2 * DEPTH, rows), np.int32),
        np.zeros((4, rows), np.int64),
        np.zeros((len(FACTS), rows), np.int32),
        np.zeros(stocks, np.int64),
    )


def check_ticks(symbols: ndarray, out: tuple[ndarray, ...], ticks_per_yuan: int) -> None:
    """Raise if any stock had prices between ticks.

    Parameters
    ----------
    symbols : shape [S]
    out : arrays of :func:`new_rows`; the last one counts such prices of each stock
    ticks_per_yuan : shown in the error

    Raises
    ------
    OffTickError
        Of the first such stock.
    """
    wrong = np.flatnonzero(out[-1])
    if len(wrong):
        raise OffTickError(str(symbols[wrong[0]]), int(out[-1][wrong[0]]), ticks_per_yuan)


def frame_of(
    on: date,
    symbols: pl.Series,
    times_ms: Int[ndarray, "rows"],
    out: tuple[ndarray, ...],
    facts: bool,
    ticks_per_yuan: int,
) -> pl.DataFrame:
    """Rows of ``snapshots`` from the arrays of :func:`new_rows`.

    Parameters
    ----------
    on : session
    symbols : of each row
    times_ms : of each row, ms since midnight
    out : arrays of :func:`new_rows`, prices in ticks
    facts : add the columns ``FACTS``
    ticks_per_yuan : ticks in one CNY

    Returns
    -------
    DataFrame
        Columns of table ``snapshots``, prices and amount in CNY; price, volume and orders of a
        level without orders are null.
    """
    numbers, counts, sums, found, _ = out
    columns: dict[str, object] = {
        "symbol": symbols,
        "time": times_ms.astype(np.int32),
        "last": sums[0] / ticks_per_yuan,
        "volume": sums[1],
        "amount": sums[2] / ticks_per_yuan,
        "trades": sums[3].astype(np.int32),
    }
    for side, name in enumerate(("bid", "ask")):
        for k in range(DEPTH):
            at = side * DEPTH + k
            shown = pl.Series(counts[at] > 0)
            for what, values in (
                ("price", numbers[0, at] / ticks_per_yuan),
                ("volume", numbers[1, at]),
                ("orders", counts[at]),
            ):
                column = pl.Series(values)
                nothing = pl.Series([None], dtype=column.dtype)
                columns[f"{name}_{what}{k + 1}"] = column.zip_with(shown, nothing)
    if facts:
        columns |= {name: found[i] for i, name in enumerate(FACTS)}
    frame = pl.DataFrame(columns).with_columns(pl.lit(on).alias("date"))
    flags = [pl.col(name).cast(pl.Boolean) for name in FACTS[:2] if facts]
    return frame.with_columns(flags).select(*TABLES["snapshots"].columns, *(FACTS if facts else ()))


_FAULT_TYPES = {"symbol": pl.String} | dict.fromkeys(FACTS[2:], pl.Int32)


def _faults(rows: pl.DataFrame) -> pl.DataFrame:
    """Stocks with anything that did not fit up to their last row."""
    last = rows.group_by("symbol", maintain_order=True).last().select(*_FAULT_TYPES)
    return last.filter(pl.any_horizontal(pl.col(name) > 0 for name in FACTS[2:]))


def _ends(symbols: ndarray) -> list[str]:
    return [symbol.rsplit(".", 1)[-1] for symbol in symbols.tolist()]


def _as(values: ndarray, kind: str) -> ndarray:
    return read_only(np.asarray(values, dtype=kind))


def _no_trades(on: date) -> Ticks:
    columns = {name: np.empty(0) for name in TRADE_NEEDS}
    return Ticks(on, "trades", np.empty(0, "U9"), np.zeros(1, np.int64), columns)


@njit(**KERNEL)
@no_type_check
def _at_times(
    orders, trades, o_bounds, t_bounds, first, last, times, closing, per_yuan, space, out
):
    """Rows of the stocks ``first`` to ``last``; a stock's stand at its place times their number."""
    levels = np.zeros((2, DEPTH, 3), np.int64)
    out = (borrowed(out[0]), borrowed(out[1]), borrowed(out[2]), borrowed(out[3]), out[4])
    for s in range(first, last):
        rows = (o_bounds[s], o_bounds[s + 1], t_bounds[s], t_bounds[s + 1])
        events, of, depth, state, ticks = book.prepare(orders, trades, rows, per_yuan, space)
        e = 0
        for k in range(len(times)):
            while e < len(events) and events[e, book.E_TIME] <= times[k]:
                book.step(events, of, depth, state, ticks, e)
                e += 1
            hidden = book.in_auction(times[k], closing[s])
            write_row(depth, state, ticks, levels, hidden, out, s * len(times) + k)
        out[4][s] = state[book.OFF_TICK]


@njit(**INNER)
@no_type_check
def write_row(depth, state, ticks, levels, hidden, out, row):
    """Write the book's state to a row.

    Parameters
    ----------
    depth, state, ticks : of a :class:`.book.Replay`
    levels : int64 [2, 10, 3], scratch
    hidden : leave the levels out, as in a call auction; sums and facts are written all the same
    out : arrays of :func:`new_rows`, written to at ``row``
    row : place
    """
    numbers, counts, sums, found, _ = out
    crossed = book.read_top(depth, state, ticks, levels)
    for i in range(4):
        sums[i, row] = state[book.LAST + i]
    found[0, row], found[1, row] = crossed, state[book.PENDING] != book.NONE
    for i in range(3):
        found[2 + i, row] = state[book.UNSEEN + i]
    if hidden:
        levels[:] = 0
    for side in range(2):
        for k in range(DEPTH):
            at = side * DEPTH + k
            numbers[0, at, row] = levels[side, k, book.L_TICK]
            numbers[1, at, row] = levels[side, k, book.L_SHARES]
            counts[at, row] = levels[side, k, book.L_COUNT]
