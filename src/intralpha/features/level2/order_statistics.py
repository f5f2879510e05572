"""Daily statistics of order amounts, kept by day, so that a new day's threshold costs a day.

They lie in ``.cache`` inside the lake and are named by the checksum of the trades they were made
from, so what was made of a changed file is never read. They can be deleted at any time.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64, UInt32
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import KERNEL
from intralpha.features.level2.parents import longest, side_amounts
from intralpha.market.lake import Lake
from intralpha.market.manifest import replacing
from intralpha.market.stock_parts import over_stocks
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import Ticks

BINS_A_LOG = 25  # bins of the histogram in one unit of ln amount: 4 % of an amount each
BINS = 24 * BINS_A_LOG  # from 1 CNY to e^24, 26 billion CNY; what lies outside is in the end bins
COLUMNS = ("price", "volume", "buy_id", "sell_id")
CACHE = ".cache/level2/orders"
VERSION = 1


@dataclass(frozen=True, eq=False)
class OrderStatistics:
    """What executed orders of a session add up to, buys and sells together, A stocks.

    Attributes
    ----------
    symbols : str [A], ascending; those that traded
    count : orders with an executed amount above 0
    amount : sum, CNY
    log_sum, log_squares : sums of ln(amount / CNY) and of its square
    histogram : orders in bins of 1 / BINS_A_LOG of ln amount, from ln = 0
    """

    symbols: ndarray
    count: Int64[ndarray, "A"]
    amount: Float64[ndarray, "A"]
    log_sum: Float64[ndarray, "A"]
    log_squares: Float64[ndarray, "A"]
    histogram: UInt32[ndarray, "A bins"]

    @staticmethod
    def join(parts: "list[OrderStatistics]") -> "OrderStatistics":
        """Statistics of blocks of stocks, one after another."""
        if not parts:
            none = np.zeros(0)
            shape = np.zeros((0, BINS), np.uint32)
            return OrderStatistics(none.astype(str), none.astype(np.int64), none, none, none, shape)
        names = OrderStatistics.__dataclass_fields__
        return OrderStatistics(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def order_statistics(trades: Ticks, threads: int | None = None) -> OrderStatistics:
    """Statistics of the executed orders of whole stocks.

    Parameters
    ----------
    trades : with ``price``, ``volume``, ``buy_id``, ``sell_id``; a fill without an id counts as an
        order of its own
    threads : default: :func:`~intralpha.base.thread_count`; the result does not depend on it

    Notes
    -----
    Known after the last trade of the day. Memory: 2.4 kB a stock and what
    :func:`~intralpha.features.level2.parents.parent_totals` says for each thread.
    """
    stocks = len(trades.symbols)
    counts, sums = np.zeros(stocks, np.int64), np.zeros((3, stocks))
    histogram = np.zeros((stocks, BINS), np.uint32)
    price, volume, buy, sell = (trades[name] for name in COLUMNS)

    def work(first: int, last: int) -> None:
        _statistics(price, volume, buy, sell, trades.bounds, first, last, counts, sums, histogram)

    over_stocks(trades.bounds, work, threads)
    return OrderStatistics(trades.symbols, counts, sums[0], sums[1], sums[2], histogram)


class StatisticsStore:
    """Daily statistics of a lake, computed once; 11 MB of memory a session of 5,000 stocks.

    Parameters
    ----------
    lake : with ``trades``
    held : sessions held in memory

    Attributes
    ----------
    sessions : datetime64[D], those with daily rows or trades
    daily_sessions : datetime64[D], those with daily rows

    Notes
    -----
    Reading a session's trades is bounded by :func:`~intralpha.market.ticks.read_ticks`.
    """

    def __init__(self, lake: Lake, held: int = 21) -> None:
        self._lake, self._limit = lake, held
        self._folder = lake.root / CACHE
        self._checksums = lake.checksums("trades")
        self.daily_sessions = lake.dates("daily")
        self.sessions = np.union1d(self.daily_sessions, lake.dates("trades"))
        self._held: dict[date, OrderStatistics] = {}

    def has(self, on: date) -> bool:
        """Whether a session's statistics are kept already."""
        return on in self._held or (on in self._checksums and self._path(on).is_file())

    def get(self, on: date) -> OrderStatistics | None:
        """Statistics of a session, computed if they are not kept; None without trades."""
        if on not in self._checksums:
            return None
        if on not in self._held:
            kept = _load(self._path(on))
            if kept is not None:
                self._hold(on, kept)
            else:
                blocks = read_ticks(self._lake, "trades", on, COLUMNS)
                self.keep(on, OrderStatistics.join([order_statistics(b) for b in blocks]))
        return self._held[on]

    def keep(self, on: date, statistics: OrderStatistics) -> None:
        """File what was computed elsewhere from all trades of the session."""
        path = self._path(on)
        names = OrderStatistics.__dataclass_fields__
        with replacing(path) as partial, partial.open("wb") as handle:
            np.savez_compressed(handle, **{n: getattr(statistics, n) for n in names})
        for old in path.parent.glob(f"{on}.*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
        self._hold(on, statistics)

    def _path(self, on: date) -> Path:
        return self._folder / f"{on}.{self._checksums[on][:16]}.v{VERSION}.npz"

    def _hold(self, on: date, statistics: OrderStatistics) -> None:
        self._held[on] = statistics
        while len(self._held) > self._limit:
            del self._held[min(self._held)]


def _load(path: Path) -> OrderStatistics | None:
    """What was kept, which has checksums of its own; None where nothing sound is."""
    try:
        with np.load(path) as file:
            return OrderStatistics(**{n: file[n] for n in OrderStatistics.__dataclass_fields__})
    except Exception:  # not there, or whatever NumPy makes of bytes that are none of its own
        return None


@njit(**KERNEL)
@no_type_check
def _statistics(price, volume, buy, sell, bounds, first, last, counts, sums, histogram):
    most = longest(bounds, first, last)
    names, place = np.empty(most, np.int64), np.empty(most, np.int32)
    amounts, table = np.empty(most), np.empty(2 * most, np.int32)
    for s in range(first, last):
        lo, hi = bounds[s], bounds[s + 1]
        for side in range(2):
            ids = buy[lo:hi] if side == 0 else sell[lo:hi]
            known, table = side_amounts(
                price[lo:hi], volume[lo:hi], ids, table, names, place, amounts
            )
            for j in range(known):
                if amounts[j] > 0:
                    logged = np.log(amounts[j])
                    counts[s] += 1
                    sums[0, s] += amounts[j]
                    sums[1, s] += logged
                    sums[2, s] += logged * logged
                    place_of = min(max(int(np.floor(logged * BINS_A_LOG)), 0), BINS - 1)
                    histogram[s, place_of] += np.uint32(1)
