"""Book check: how often a rebuilt book equals the published one, level by level, and why not.

A published stamp is coarser than the events (a whole second in Shanghai) and the exchange looks at
its book when it likes, so no rule of time alone can tell which of the states within that second
was published. Three alignments, from naive to fair:

``time``
    the book after the last event stamped at or before the stamp: what somebody sees who joins the
    two streams by their stamps;
``sums``
    the book after the last event, up to the end of the stamp's second, at which shares and number
    of trades of the day so far are the published ones;
``state``
    among all states with the published sums that were alive in that second (or ended less than
    ``behind_ms`` before it), the one with most equal levels. It asks whether the published book
    is one that the rebuild passed through. Candidates are the few orders and cancels between two
    trades; twenty levels with price, shares and count do not agree by chance.

Rows for which no state has the published sums are aligned by time and marked.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, no_type_check

import numpy as np
import polars as pl
from numba import njit

from intralpha.base import DataError
from intralpha.base.arrays import read_only
from intralpha.base.columns import floats
from intralpha.base.compiling import INNER, KERNEL
from intralpha.market.closing import closing_auctions
from intralpha.market.limits import HALF_TICK_YUAN
from intralpha.market.stock_parts import over_stocks
from intralpha.market.ticks import Ticks
from intralpha.sources.replay import book
from intralpha.sources.replay.book import DEPTH
from intralpha.sources.replay.rows import (
    TICKS_PER_YUAN,
    check_ticks,
    frame_of,
    most_rows,
    new_rows,
    order_columns,
    same_stocks,
    trade_columns,
    write_row,
)

Alignment = Literal["time", "sums", "state"]
ALIGNMENTS = ("time", "sums", "state")
RESOLUTION_MS = 1_000
BEHIND_MS = 500
GAP_MS = 60_000
SIDES = ("bid", "ask")
PARTS = ("price", "volume", "orders")
NO_COUNT = -1
# A state's claim to a published row: its time fits; its sums fit, and then its equal levels.
BY_TIME, BY_SUMS = 1, 2


class UnlikeRowsError(DataError):
    """Rebuilt and published rows that do not stand side by side."""

    def __init__(self, rebuilt: int, published: int) -> None:
        self.rebuilt, self.published = rebuilt, published
        super().__init__(
            f"{rebuilt:,} rebuilt rows beside {published:,} published ones, or other stocks and "
            "times; expected the same rows in the same order.\n"
            "Hint: `aligned_rows` makes them for the published rows."
        )


class UnsortedRowsError(DataError):
    """Published rows of a stock that do not ascend in time."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        super().__init__(f"published rows of {symbol} are not in order; sort by symbol and time.")


class Published(NamedTuple):
    """Published rows as numbers.

    Attributes
    ----------
    time : int64 [J], ms since midnight
    volume : int64 [J], shares of the day so far
    trades : int64 [J], of the day so far; -1 where the exchange does not say
    levels : int64 [2, 10, 3, J]: bids and asks, each as tick, shares and orders (-1 where the
        exchange does not say)
    """

    time: np.ndarray
    volume: np.ndarray
    trades: np.ndarray
    levels: np.ndarray


@dataclass(frozen=True)
class BookComparison:
    """Rebuilt beside published snapshots, call auctions left out.

    Attributes
    ----------
    snapshots : compared
    auctions : not compared, because the exchange shows an indicative price instead of a book
    aligned : share of the snapshots whose sums the rebuild reached (1 if not known)
    sums_equal : share with the same last price, volume, amount and trades
    all_equal : share in which all levels of both sides are equal
    levels_equal : share of the levels shown by either that are equal in price, volume and orders
    levels : DataFrame, a row a level: ``level``, ``shown`` (sides in which either shows it), and
        shares of equal ``price``, ``volume``, ``orders`` and ``all`` three
    reasons : DataFrame ``reason``, ``snapshots``, ``levels``: what differs, by the first that
        applies of `sums not reached`, `book crossed`, `order in flight`, `orders unseen`,
        `after a gap`, `other`
    """

    snapshots: int
    auctions: int
    aligned: float
    sums_equal: float
    all_equal: float
    levels_equal: float
    levels: pl.DataFrame
    reasons: pl.DataFrame


def aligned_rows(
    orders: Ticks,
    trades: Ticks,
    published: pl.DataFrame,
    align: Alignment = "state",
    resolution_ms: int = RESOLUTION_MS,
    behind_ms: int = BEHIND_MS,
    ticks_per_yuan: int = TICKS_PER_YUAN,
) -> pl.DataFrame:
    """The rebuilt book for each published snapshot.

    Parameters
    ----------
    orders, trades : whole stocks, as for :func:`~.book_rows.book_rows`
    published : rows of ``snapshots`` of the session, sorted by symbol and time; two rows of one
        stamp are both kept
    align : ``time``, ``sums`` or ``state``, see above
    resolution_ms : a stamp stands for so many ms from it on
    behind_ms : a state may have ended so long before the stamp
    ticks_per_yuan : 100 for stocks

    Returns
    -------
    DataFrame, a row for each published row
        Columns of ``snapshots`` with the published keys, those of ``facts`` in
        :func:`~.book_rows.book_rows`, ``aligned`` (the sums are the published ones) and
        ``states`` (how many states in the window have the published sums; 0 for ``time``).

    Raises
    ------
    OffTickError, MixedSessionsError
        As for :func:`~.book_rows.book_rows`.
    UnsortedRowsError
        Published rows of a stock are not in order.

    Notes
    -----
    ``sums`` and ``state`` look at the published row: they prove a rebuild, they are no feature.
    """
    symbols = published["symbol"].to_numpy().astype(str)
    _check_order(symbols, published["time"].to_numpy())
    orders, trades = same_stocks(orders, trades, symbols)
    bounds = np.searchsorted(symbols, [*orders.symbols, "~"]).astype(np.int64)
    out = new_rows(published.height, len(orders.symbols))
    ranks, states = np.zeros((2, published.height), np.int64)
    given = (order_columns(orders), trade_columns(trades), orders.bounds, trades.bounds)
    seen = (_numbers(published, ticks_per_yuan), bounds)
    rule = (ALIGNMENTS.index(align), resolution_ms, behind_ms)
    closing = closing_auctions(orders.symbols, orders.on)
    spaces = book.Spaces(*most_rows(orders, trades))

    def work(first: int, last: int) -> None:
        more = (float(ticks_per_yuan), ranks, states, spaces.mine, out)
        _match(*given, first, last, *seen, rule, closing, *more)

    over_stocks(orders.bounds + trades.bounds, work)
    check_ticks(orders.symbols, out, ticks_per_yuan)
    times = published["time"].to_numpy()
    rows = frame_of(orders.on, published["symbol"], times, out, True, ticks_per_yuan)
    aligned = _sums_equal(rows, published, ("volume", "trades"))
    return rows.with_columns(aligned=pl.Series(aligned), states=pl.Series(states))


def compare_books(rebuilt: pl.DataFrame, published: pl.DataFrame) -> BookComparison:
    """Share of equal levels, and what the others have in common.

    Parameters
    ----------
    rebuilt : rows of :func:`aligned_rows`, or any rows of ``snapshots``; columns of facts that
        are absent give no reasons
    published : the same stocks and times in the same order

    Returns
    -------
    BookComparison
        A level is equal if both show it with the same price, volume and number of orders; numbers
        of orders that were not published are not compared. Shares of nothing are NaN.

    Raises
    ------
    UnlikeRowsError
        The rows do not stand side by side.
    """
    keys = ["date", "symbol", "time"]
    if not rebuilt.select(keys).equals(published.select(keys)):
        raise UnlikeRowsError(rebuilt.height, published.height)
    calls = _calls(published)
    gaps = published.select(pl.col("time").diff().over("symbol").fill_null(GAP_MS))["time"]
    rebuilt, published = rebuilt.filter(~calls), published.filter(~calls)
    shown, equal = _levels(rebuilt, published)
    whole = np.all(equal, axis=2)
    different = (shown & ~whole).sum(axis=(0, 1))
    every = ("last", "volume", "amount", "trades")
    return BookComparison(
        snapshots=published.height,
        auctions=int(calls.sum()),
        aligned=_share(_fact(rebuilt, "aligned", 1)),
        sums_equal=_share(_sums_equal(rebuilt, published, every)),
        all_equal=_share(different == 0),
        levels_equal=_share(whole[shown]),
        levels=_by_level(shown, equal),
        reasons=_reasons(rebuilt, different, gaps.to_numpy()[~calls] >= GAP_MS),
    )


def _levels(rebuilt: pl.DataFrame, published: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Levels shown by either [2, 10, rows], and which parts are equal [2, 10, parts, rows]."""
    mine, theirs = _numbers(rebuilt), _numbers(published)
    shown = (mine.levels[:, :, 0] > 0) | (theirs.levels[:, :, 0] > 0)
    equal = np.equal(mine.levels, theirs.levels)
    equal[:, :, 2] |= theirs.levels[:, :, 2] == NO_COUNT
    return shown, equal


def _by_level(shown: np.ndarray, equal: np.ndarray) -> pl.DataFrame:
    rows = []
    for k in range(DEPTH):
        here = equal[:, k].transpose(0, 2, 1)[shown[:, k]]
        shares = [_share(here[:, i]) for i in range(len(PARTS))]
        rows.append((k + 1, len(here), *shares, _share(np.all(here, axis=1))))
    return pl.DataFrame(rows, schema=["level", "shown", *PARTS, "all"], orient="row")


def _reasons(rebuilt: pl.DataFrame, different: np.ndarray, gaps: np.ndarray) -> pl.DataFrame:
    """Rows that differ by the first reason that applies."""
    tests = {
        "sums not reached": _fact(rebuilt, "aligned", 1) == 0,
        "book crossed": _fact(rebuilt, "crossed", 0) > 0,
        "order in flight": _fact(rebuilt, "in_flight", 0) > 0,
        "orders unseen": _fact(rebuilt, "unseen", 0) > 0,
        "after a gap": gaps,
        "other": np.ones(len(different), np.bool_),
    }
    rows, left = [], different > 0
    for reason, test in tests.items():
        here = left & test
        rows.append((reason, int(here.sum()), int(different[here].sum())))
        left &= ~test
    return pl.DataFrame(rows, schema=["reason", "snapshots", "levels"], orient="row")


def _fact(rows: pl.DataFrame, name: str, otherwise: int) -> np.ndarray:
    if name not in rows.columns:
        return np.full(rows.height, otherwise)
    return rows[name].cast(pl.Int64).to_numpy()


def _sums_equal(
    rebuilt: pl.DataFrame, published: pl.DataFrame, names: tuple[str, ...]
) -> np.ndarray:
    """Rows in which the sums agree, to half a cent; numbers of trades only where published."""
    equal = np.ones(rebuilt.height, np.bool_)
    for name in names:
        theirs = floats(published[name])
        close = np.abs(rebuilt[name].cast(pl.Float64).to_numpy() - theirs) < HALF_TICK_YUAN
        equal &= close | np.isnan(theirs)
    return equal


def _calls(published: pl.DataFrame) -> np.ndarray:
    """Rows of a call auction: by their stamp, or because they show one price on both sides."""
    times = published["time"].to_numpy()
    one_price = published["bid_price1"] == published["ask_price1"]
    calls = one_price.fill_null(False).to_numpy()
    calls |= (times >= book.OPENING[0]) & (times < book.OPENING[1])
    late = (times >= book.CLOSING[0]) & (times < book.CLOSING[1])
    for on in published["date"].unique():
        here = (published["date"] == on).to_numpy() & late
        calls[here] |= closing_auctions(published["symbol"].to_numpy()[here].astype(str), on)
    return calls


def _share(flags: np.ndarray) -> float:
    return float(np.mean(flags)) if len(flags) else float("nan")


def _check_order(symbols: np.ndarray, times: np.ndarray) -> None:
    back = (symbols[1:] < symbols[:-1]) | ((symbols[1:] == symbols[:-1]) & (np.diff(times) < 0))
    if back.any():
        raise UnsortedRowsError(str(symbols[1:][back][0]))


def _numbers(rows: pl.DataFrame, ticks_per_yuan: int = TICKS_PER_YUAN) -> Published:
    levels = np.zeros((2, DEPTH, len(PARTS), rows.height), np.int64)
    for s, side in enumerate(SIDES):
        for k in range(DEPTH):
            price = rows[f"{side}_price{k + 1}"].fill_null(0.0).to_numpy()
            levels[s, k, 0] = np.round(price * ticks_per_yuan)
            levels[s, k, 1] = rows[f"{side}_volume{k + 1}"].fill_null(0).to_numpy()
            count = rows[f"{side}_orders{k + 1}"]
            unknown = pl.Series(np.where(price > 0, NO_COUNT, 0))
            levels[s, k, 2] = count.cast(pl.Int64).zip_with(count.is_not_null(), unknown).to_numpy()
    return Published(
        read_only(rows["time"].cast(pl.Int64).to_numpy()),
        read_only(rows["volume"].to_numpy()),
        read_only(rows["trades"].cast(pl.Int64).fill_null(-1).to_numpy()),
        levels,
    )


@njit(**KERNEL)
@no_type_check
def _match(
    orders, trades, o_bounds, t_bounds, first, last, seen, bounds, rule, closing, per_yuan, ranks,
    states, space, out,
):  # fmt: skip
    """For every published row the state with the highest claim; the later of equal ones.

    State ``p`` is the book after ``p`` events. It begins with event ``p - 1`` and lives until
    event ``p``. States are walked once; a row is looked at while the state lies in its window.
    """
    align, resolution, behind = rule
    levels = np.zeros((2, DEPTH, 3), np.int64)
    for s in range(first, last):
        rows = (o_bounds[s], o_bounds[s + 1], t_bounds[s], t_bounds[s + 1])
        events, of, depth, state, ticks = book.prepare(orders, trades, rows, per_yuan, space)
        row, end_row = bounds[s], bounds[s + 1]
        for p in range(len(events) + 1):
            if p > 0:
                book.step(events, of, depth, state, ticks, p - 1)
            start = events[p - 1, book.E_TIME] if p > 0 else np.int64(-1)
            end = events[p, book.E_TIME] if p < len(events) else np.int64(2**62)
            while row < end_row and seen.time[row] + resolution <= start:
                row += 1
            for j in range(row, end_row):
                if seen.time[j] - behind >= end:
                    break
                claim = _claim(depth, state, ticks, levels, seen, j, start, align)
                states[j] += claim >= BY_SUMS
                if claim > 0 and claim >= ranks[j]:
                    ranks[j] = claim
                    hidden = book.in_auction(seen.time[j], closing[s])
                    write_row(depth, state, ticks, levels, hidden, out, j)
        out[4][s] = state[book.OFF_TICK]


@njit(**INNER)
@no_type_check
def _claim(depth, state, ticks, levels, seen, j, start, align):
    """How well a state that begins at ``start`` fits published row ``j``; 0 if not at all."""
    in_time = BY_TIME if start <= seen.time[j] else 0
    if align == 0:
        return in_time
    if state[book.VOLUME] != seen.volume[j]:
        return in_time
    if seen.trades[j] >= 0 and state[book.TRADES] != seen.trades[j]:
        return in_time
    if align == 1:
        return BY_SUMS
    book.read_top(depth, state, ticks, levels)
    equal = 0
    for side in range(2):
        for k in range(DEPTH):
            same = levels[side, k, book.L_TICK] == seen.levels[side, k, 0, j]
            same = same and levels[side, k, book.L_SHARES] == seen.levels[side, k, 1, j]
            count = seen.levels[side, k, 2, j]
            equal += same and (count == NO_COUNT or levels[side, k, book.L_COUNT] == count)
    return BY_SUMS + equal
