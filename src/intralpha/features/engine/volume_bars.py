"""Volume bars: bars of equal volume of many stocks, from a window of minute rows [Spec 6.2].

Two passes over the window, each apart for every stock, so that threads change no bit. The first
reads volumes only and notes the row that closes each bar; the second knows where every bar goes
and reads its prices. A row traded if it has volume; others repeat an older price and make none.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from intralpha.base import ConfigError, DataError, thread_count
from intralpha.base.arrays import check_places, check_shape, read_only
from intralpha.base.compiling import KERNEL
from intralpha.features.engine.machine import Rows, run
from intralpha.features.engine.program import Program

MINUTES = 240
SESSIONS, BAR_NUM = 20, 960
TOLERANCE = 1e-9
STOCKS_AT_ONCE = 128
SERIES = ("open", "high", "low", "close", "vwap", "before", "minutes", "age")
FIELDS = ("open", "high", "low", "close", "volume", "amount")
A_STOCK = ("auction_price", "auction_volume", "auction_amount", "factor")
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME, _AMOUNT = range(len(FIELDS))
_PRICE, _SHARES, _PAID = range(3)
_ROWS = MINUTES + 1  # of a session: the opening auction is row 0


class MinuteRowsError(DataError):
    """Minute rows that no bar can be made of."""

    def __init__(self, stocks: ndarray) -> None:
        self.stocks = stocks
        super().__init__(
            f"{len(stocks)} stocks have bad minute rows, first number {stocks[0]}.\n"
            "Expected volumes of 0 or more, and where there is volume, prices above 0 and an "
            "amount; a factor above 0.\n"
            "Hint: mark a stock without data as suspended, and fill rows without trades."
        )


@dataclass(frozen=True, eq=False)
class SessionRows:
    """Minute rows and opening auctions of one session, A stocks.

    Nothing is copied or written to: the rows may be a mapped file.

    Attributes
    ----------
    open, high, low, close : [A, 240], CNY a share, not adjusted
    volume, amount : [A, 240], shares and CNY
    auction_price, auction_volume, auction_amount : [A]; the price may be NaN without volume
    suspended : [A]; such a stock adds nothing on this day, and its numbers are not looked at
    factor : [A], price times factor and volume over factor compare across the sessions
    place : [stocks of the window], where each of them stands here, -1 for nowhere, which is as if
        suspended; None: the stocks of the window are those A
    """

    open: Float[ndarray, "A 240"]
    high: Float[ndarray, "A 240"]
    low: Float[ndarray, "A 240"]
    close: Float[ndarray, "A 240"]
    volume: Float[ndarray, "A 240"]
    amount: Float[ndarray, "A 240"]
    auction_price: Float[ndarray, " A"]
    auction_volume: Float[ndarray, " A"]
    auction_amount: Float[ndarray, " A"]
    suspended: Bool[ndarray, " A"]
    factor: Float[ndarray, " A"]
    place: Int[ndarray, " stocks"] | None = None

    def __post_init__(self) -> None:
        check_shape("suspended", self.suspended, (None,), "b")
        stocks = len(self.suspended)
        for name in FIELDS:
            check_shape(name, getattr(self, name), (stocks, MINUTES))
        for name in A_STOCK:
            check_shape(name, getattr(self, name), (stocks,))
        if self.place is not None:
            check_places("place", self.place, stocks, least=-1)

    def placed(self, stocks: int) -> Int[ndarray, " stocks"]:
        """Where each stock of a window of so many stands, -1 for those that are not there.

        Raises
        ------
        DataError
            The window has another number of stocks.
        """
        place = np.arange(len(self.suspended)) if self.place is None else self.place
        if len(place) != stocks:
            raise DataError(
                f"{len(place)} stocks pushed, but the window was made for {stocks}.\n"
                "Hint: every session has the same stocks; `place` says where each of them stands."
            )
        absent = np.append(self.suspended, True)  # the last one is where -1 looks
        return np.where(absent[place], -1, place)


@dataclass(frozen=True, eq=False)
class VolumeBars:
    """Bars of A stocks, one stock after another, oldest first.

    Attributes
    ----------
    names : series, in the order of ``rows``
    rows : [F, N]
    bounds : [A + 1], where the stocks begin; the last is N
    """

    names: tuple[str, ...]
    rows: Float[ndarray, "F N"]
    bounds: Int[ndarray, " A_and_one"]

    def columns(self) -> dict[str, ndarray]:
        """Views of the series by name."""
        return dict(zip(self.names, self.rows, strict=True))

    def inputs(self, days: Float[ndarray, "G A"]) -> Rows:
        """What a program reads, if ``names`` are its inputs; ``days`` are those of the day."""
        return Rows(self.rows, days, self.bounds, 0, 0)


class VolumeBarWindow:
    r"""The last sessions of minute rows, and their bars of equal volume.

    A bar holds q shares, the window's volume over ``bar_num``. It closes with the row in which the
    volume since the window's start reaches the next multiple of q,

    .. math:: \lfloor c_i / q + 10^{-9} \rfloor > \lfloor c_{i-1} / q + 10^{-9} \rfloor ,

    so a row is never split, one that passes several multiples closes one bar, and the rows after
    the last trade belong to none. The opening auction is a row of its own if it traded.

    The rows are held once: 20 sessions take 115 kB a stock in float32, 576 MB for 5000 stocks.
    The numbers of the rows that close bars take 4 kB more. Bars are new arrays each time, up to
    31 kB a stock, or 154 MB.

    Parameters
    ----------
    stocks : number of them, the same ones in every session
    sessions : length of the window; before so many were pushed it holds what there is
    bar_num : bars asked of a window
    dtype : float32, or float64 for exact comparisons; sums are float64 either way
    threads : default: :func:`~intralpha.base.thread_count`; the bars do not depend on it

    Examples
    --------
    Six minutes with 50, 20, 30, 15, 20 and 15 shares make three bars of 50:

    >>> volume = np.zeros((1, 240))
    >>> volume[0, :6] = 50, 20, 30, 15, 20, 15
    >>> price, none = np.full((1, 240), 10.0), np.zeros(1)
    >>> window = VolumeBarWindow(1, sessions=1, bar_num=3)
    >>> window.push(SessionRows(price, price, price, price, volume, 10 * volume,
    ...     none, none, none, np.array([False]), np.ones(1)))
    >>> window.bars().columns()["minutes"].tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        stocks: int,
        sessions: int = SESSIONS,
        bar_num: int = BAR_NUM,
        dtype: type[np.floating] = np.float32,
        threads: int | None = None,
    ) -> None:
        self._stocks, self._sessions, self._bar_num = stocks, sessions, bar_num
        self._threads = max(min(threads or thread_count(), stocks), 1)
        self._minutes = np.empty((sessions, len(FIELDS), stocks, MINUTES), dtype)
        self._auctions = np.empty((sessions, 3, stocks))
        self._factors = np.empty((sessions, stocks))
        self._totals = np.empty((sessions, stocks))
        self._ends = np.empty((stocks, bar_num + 1), np.int32)
        self._pushed = 0

    @property
    def stocks(self) -> int:
        """How many."""
        return self._stocks

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Of the rows and the bars."""
        return self._minutes.dtype

    def push(self, day: SessionRows) -> None:
        """Take in a session; it replaces the oldest one once the window is full.

        Raises
        ------
        MinuteRowsError
            A stock that is not suspended has a negative or unknown volume, volume without a price
            or an amount, or no factor. The window stays as it was.
        """
        place = day.placed(self._stocks)
        o, h, w, c, v, a = (read_only(getattr(day, name)) for name in FIELDS)
        price, volume, amount, factor = (read_only(getattr(day, name)) for name in A_STOCK)
        bad = np.zeros(self._stocks, bool)
        every, of_stock = (0, self._stocks, self._threads), (price, volume, amount, factor)
        _share_out(lambda i, j: _check(o, h, w, c, v, a, *of_stock, place, i, j, bad), *every)
        if bad.any():
            raise MinuteRowsError(np.flatnonzero(bad))
        slot = self._pushed % self._sessions
        kept, totals = self._minutes[slot], self._totals[slot]
        _share_out(lambda i, j: _keep(o, h, w, c, v, a, place, i, j, kept, totals), *every)
        there = place >= 0
        at = place[there]
        self._factors[slot] = 0.0  # not there
        self._factors[slot, there] = factor[at]
        for kind, values in enumerate((price, volume, amount)):
            self._auctions[slot, kind, there] = values[at]
        totals[there] = (totals[there] + volume[at]) / factor[at]
        self._pushed += 1

    def bars(
        self, names: Sequence[str] = SERIES, first: int = 0, last: int | None = None
    ) -> VolumeBars:
        """Bars of the sessions that were pushed last.

        Parameters
        ----------
        names : series to make, of ``open high low close vwap before minutes age``, in any order.
            ``before`` is the close of the bar before, in the first bar its own open; ``age`` counts
            sessions since the bar closed and is 0 for the last one pushed
        first, last : stocks from ``first`` to before ``last``, on the calling thread; without
            ``last`` all from ``first``, on all threads

        Returns
        -------
        VolumeBars, at most ``bar_num`` a stock; none where nothing traded
        """
        if not set(names) <= set(SERIES) or len(set(names)) < len(names):
            raise ConfigError(f"series {tuple(names)}; expected different ones of {SERIES}")
        held = min(self._pushed, self._sessions)
        slots = np.arange(self._pushed - held, self._pushed) % self._sessions
        place = np.array([names.index(n) if n in names else -1 for n in SERIES])
        window, ends = (self._minutes, self._auctions, self._factors), self._ends
        stop = self._stocks if last is None else last
        part = (first, stop, self._threads if last is None else 1)
        counts = np.zeros(self._stocks, np.int64)
        wanted = (self._totals, self._bar_num)
        _share_out(lambda i, j: _mark(*window, *wanted, slots, i, j, ends, counts), *part)
        bounds = np.zeros(self._stocks + 1, np.int64)
        np.cumsum(counts, out=bounds[1:])
        rows = np.empty((len(names), int(bounds[-1])), self._minutes.dtype)
        _share_out(lambda i, j: _fill(*window, slots, ends, bounds, i, j, place, rows), *part)
        return VolumeBars(tuple(names), rows, bounds[first : stop + 1])


def run_bars(
    program: Program,
    window: VolumeBarWindow,
    days: Float[ndarray, "G A"],
    threads: int | None = None,
) -> Float[ndarray, "A F"]:
    """Factors of the bars of a window, some stocks at a time, so that few bars are ever held.

    Parameters
    ----------
    program : of the frame ``vbar``
    window : sessions up to the day
    days : numbers of the day of each stock, in the order of the program
    threads : default: :func:`~intralpha.base.thread_count`; no value depends on it

    Returns
    -------
    float [A, F] of the type of the window; NaN where nothing traded, say
    """
    out = np.empty((window.stocks, program.outputs), window.dtype)

    def work(first: int) -> None:
        last = min(first + STOCKS_AT_ONCE, window.stocks)
        bars = window.bars(program.rows, first, last)
        out[first:last] = run(program, bars.inputs(days[:, first:last]), threads=1)

    starts = range(0, window.stocks, STOCKS_AT_ONCE)
    with ThreadPoolExecutor(threads or thread_count()) as pool:
        list(pool.map(work, starts))
    return out


def _share_out(work: Callable[[int, int], None], first: int, last: int, threads: int) -> None:
    """Work on blocks of stocks at the same time."""
    if threads == 1:
        work(first, last)
        return
    edges = np.linspace(first, last, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))


@njit(**KERNEL, inline="always")
@no_type_check
def _is_price(x):
    return (x > 0) & (x < np.inf)


@njit(**KERNEL, inline="always")
@no_type_check
def _is_amount(x):
    return (x >= 0) & (x < np.inf)


@njit(**KERNEL)
@no_type_check
def _check(
    opened, high, low, close, volume, amount, price, shares, paid, factor,
    place, first, last, bad,
):  # fmt: skip
    """Mark the stocks that trade and have numbers that mean nothing."""
    for number in range(first, last):
        s = place[number]
        if s < 0:
            continue
        wrong = (shares[s] > 0) & ~(_is_price(price[s]) & _is_amount(paid[s]))
        wrong |= ~_is_amount(shares[s]) | ~_is_price(factor[s])
        for m in range(MINUTES):
            prices = _is_price(opened[s, m]) & _is_price(high[s, m])
            prices &= _is_price(low[s, m]) & _is_price(close[s, m])
            known = prices & _is_amount(amount[s, m])
            wrong |= ((volume[s, m] > 0) & ~known) | ~_is_amount(volume[s, m])
        bad[number] = wrong


@njit(**KERNEL)
@no_type_check
def _keep(opened, high, low, close, volume, amount, place, first, last, kept, totals):
    """Copy a session so that no later loop asks whether a row traded.

    Without volume a row holds the lowest high, the highest low, no amount, and the open of the next
    row that traded (NaN after the last one). Volumes are summed as they are kept: were they rounded
    after it, the last bar would not reach the total.
    """
    kind = kept.dtype.type
    lowest, highest, nothing = kind(-np.inf), kind(np.inf), kind(0)
    for number in range(first, last):
        totals[number] = 0.0
        s = place[number]
        if s < 0:
            continue
        total = 0.0
        for m in range(MINUTES):
            traded = volume[s, m] > 0
            h, w, a = kind(high[s, m]), kind(low[s, m]), kind(amount[s, m])
            kept[_HIGH, number, m] = h if traded else lowest
            kept[_LOW, number, m] = w if traded else highest
            kept[_AMOUNT, number, m] = a if traded else nothing
            kept[_CLOSE, number, m] = close[s, m]
            kept[_VOLUME, number, m] = volume[s, m]
            total += np.float64(kept[_VOLUME, number, m])
        totals[number] = total
        last_open = kind(np.nan)
        for m in range(MINUTES - 1, -1, -1):
            last_open = kind(opened[s, m]) if volume[s, m] > 0 else last_open
            kept[_OPEN, number, m] = last_open


@njit(**KERNEL)
@no_type_check
def _mark(minutes, auctions, factors, totals, bar_num, slots, first, last, ends, counts):
    """Rows that close the bars of each stock, counted through the window, 241 a session.

    ``done`` is the multiple of q reached so far. A row is written down as an end before it is known
    to be one, which needs no branch.
    """
    for s in range(first, last):
        total = 0.0
        for slot in slots:
            total += totals[slot, s]
        counts[s] = 0
        if not total > 0:
            continue
        per_bar, so_far, done, n = bar_num / total, 0.0, 0.0, 0
        for i in range(len(slots)):
            slot = slots[i]
            if totals[slot, s] == 0:
                continue
            shares = 1.0 / factors[slot, s]
            so_far += auctions[slot, _SHARES, s] * shares
            reached = np.floor(so_far * per_bar + TOLERANCE)
            ends[s, n] = i * _ROWS
            n += 1 if reached > done else 0
            done = reached
            volume = minutes[slot, _VOLUME, s]
            for m in range(MINUTES):
                so_far += np.float64(volume[m]) * shares
                reached = np.floor(so_far * per_bar + TOLERANCE)
                ends[s, n] = i * _ROWS + 1 + m
                n += 1 if reached > done else 0
                done = reached
        counts[s] = n


@njit(**KERNEL)
@no_type_check
def _fill(minutes, auctions, factors, slots, ends, bounds, first, last, place, rows):
    """Series of the bars of each stock, from the rows between one end and the next.

    The row that closes a bar has traded, so its close is the bar's.
    """
    bar = np.empty(len(place))
    for s in range(first, last):
        at, stop = bounds[s], bounds[s + 1]
        if at == stop:
            continue
        opened, high, low, shares, paid, count = np.nan, -np.inf, np.inf, 0.0, 0.0, 0
        before = np.nan
        for i in range(len(slots)):
            slot = slots[i]
            factor = factors[slot, s]
            if factor == 0:
                continue
            end = ends[s, at - bounds[s]] - i * _ROWS
            if auctions[slot, _SHARES, s] > 0:
                price = auctions[slot, _PRICE, s] * factor
                opened = price if shares == 0 else opened
                high, low = max(high, price), min(low, price)
                shares += auctions[slot, _SHARES, s] / factor
                paid += auctions[slot, _PAID, s]
                count += 1
            m = 0
            while m < MINUTES:
                upto = min(end, MINUTES)
                if shares == 0 and upto > m:
                    opened = minutes[slot, _OPEN, s, m] * factor
                top, bottom, volume, amount = _span(minutes[slot, :, s], m, upto)
                high, low = max(high, top * factor), min(low, bottom * factor)
                shares += volume / factor
                paid += amount
                count += upto - m
                m = upto
                if end > MINUTES:
                    break
                close = auctions[slot, _PRICE, s] if end == 0 else minutes[slot, _CLOSE, s, end - 1]
                bar[0], bar[1], bar[2], bar[3] = opened, high, low, close * factor
                bar[4], bar[5] = paid / shares, opened if at == bounds[s] else before
                bar[6], bar[7] = count, len(slots) - 1 - i
                for k in range(len(bar)):
                    if place[k] >= 0:
                        rows[place[k], at] = bar[k]
                before = bar[3]
                opened, high, low, shares, paid, count = np.nan, -np.inf, np.inf, 0.0, 0.0, 0
                at += 1
                if at == stop:
                    break
                end = ends[s, at - bounds[s]] - i * _ROWS
            if at == stop:
                break


@njit(**KERNEL, inline="always")
@no_type_check
def _span(kept, start, stop):
    """Highest and lowest price, shares and amount of some rows, not adjusted."""
    high, low, volume, amount = kept[_HIGH], kept[_LOW], kept[_VOLUME], kept[_AMOUNT]
    top, bottom, shares, paid = kept.dtype.type(-np.inf), kept.dtype.type(np.inf), 0.0, 0.0
    for m in range(start, stop):
        h, w = high[m], low[m]
        top, bottom = h if h > top else top, w if w < bottom else bottom
        shares += np.float64(volume[m])
        paid += np.float64(amount[m])
    return top, bottom, shares, paid
