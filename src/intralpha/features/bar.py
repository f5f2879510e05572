"""Bar features: 30-minute (or other) bars described by the shorter bars inside them (Spec 5)."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError, Panel, Spec
from intralpha.base.panel import as_days
from intralpha.features.bar_kernel import BAR_INPUTS, N_FEATURES, bar_amounts, bar_features
from intralpha.features.bar_table import BAR_FEATURES, checked_names
from intralpha.features.day_bars import read_day_bars
from intralpha.features.feature_set import FeatureSet, KnownAt
from intralpha.features.session_blocks import session_rows
from intralpha.features.slot_history import SlotHistory
from intralpha.market import Lake, bar_times, has_closing_auction, read_daily

AUCTION_MINUTES = 3
_EXCHANGES = {"SH": "SSE", "SZ": "SZSE"}


class BarFrequencyMismatchError(ConfigError):
    """Bars cannot be cut into the shorter bars they are to be made of."""

    def __init__(self, base_freq: int, freq: int) -> None:
        self.base_freq, self.freq = base_freq, freq
        super().__init__(
            f"bars of {freq} minutes cannot be made of bars of {base_freq} minutes.\n"
            "Hint: freq must be a multiple of base_freq, e.g. base_freq: 5, freq: 30."
        )


class BarSpec(Spec):
    """Bar features of Spec 5.3 that need prices, volume and amount only."""

    kind: Literal["bar"] = "bar"
    base_freq: int = Field(15, gt=0, description="minutes of the bars in the lake")
    freq: int = Field(30, gt=0, description="minutes of the bars that are described")
    names: tuple[str, ...] = Field((), description="features; empty: all that can be computed")
    min_obs: int = Field(5, ge=1, description="fewest valid sub-bars of a statistic")
    tval_days: int = Field(20, ge=1, description="earlier days that tval_rel compares with")


@dataclass(frozen=True, eq=False)
class _DayResult:
    """What one day leaves behind for the later ones."""

    amount_TA: Float[ndarray, "T A"]
    empty_TA: Bool[ndarray, "T A"]


class BarFeatureSet(FeatureSet):
    """Features of every bar of a day from the K = freq / base_freq sub-bars inside it.

    Masks follow Spec 2.2 on sub-bars instead of minutes: ``ok`` are those of the continuous
    session that are not locked at a limit price (H = L = limit within half a tick); of these,
    ``okT`` have volume. A bar without an ``okT`` sub-bar is NaN in every feature. Statistics over
    sub-bars need ``min_obs`` of them (``bar_apb`` and ``illiq``: with volume); an
    autocorrelation needs ``min_obs - 1`` neighbouring pairs, and three. A standard deviation
    under 1e-10 of the mean makes what divides by it NaN.

    The closing auction is left out of everything but ``tval_rel`` and ``bar_val_share`` when
    ``base_freq`` is 1 (minutes 238-240 on days with such an auction). With longer sub-bars it
    cannot be separated and stays in the last one. An opening auction that stands in the table
    ``auctions`` counts in those two features; one that the vendor puts into the first sub-bar
    stays where it is. Limit prices are those of the ``daily`` table; where they are null nothing
    counts as locked.

    ``C_start`` is the close of the sub-bar before the bar (first bar: the day's first open),
    whatever its mask; ``C_end``, ``H`` and ``L`` are those of ``ok`` sub-bars.

    Parameters
    ----------
    base_freq, freq : int
        Minutes of a sub-bar and of a bar; ``freq`` divides 120, so that no bar crosses lunch.
    names : tuple of str
        Empty: every feature that these frequencies and ``min_obs`` can give a value.
    min_obs, tval_days : int
        As in :class:`BarSpec`.
    threads : int
        Days read and computed at the same time; the result does not depend on it.

    Raises
    ------
    BarFrequencyMismatchError
        If ``freq`` is no multiple of ``base_freq``.
    UncomputableFeatureError, UnknownBarFeatureError
        If a name asked for could never have a value, or does not exist.

    Notes
    -----
    Spec 5.1-5.4. Prices are compared inside a day only, so splits and dividends do not matter.
    Peak memory: the output Panel, ``threads + 1`` days of sub-bars, and ``tval_days`` days of
    amounts (``[T, A]``).
    """

    def __init__(
        self,
        base_freq: int,
        freq: int,
        names: tuple[str, ...],
        min_obs: int,
        tval_days: int,
        threads: int = 2,
    ) -> None:
        if freq % base_freq:
            raise BarFrequencyMismatchError(base_freq, freq)
        self._base_freq, self._freq = base_freq, freq
        self._times = bar_times(freq)
        self._sub_bars = freq // base_freq
        self._min_obs, self._tval_days, self._threads = min_obs, tval_days, threads
        self._names = checked_names(names, self._sub_bars, min_obs)

    @property
    def name(self) -> str:
        """``bar_<base_freq>_<freq>``."""
        return f"bar_{self._base_freq}_{self._freq}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of Spec 5.3."""
        return self._names

    @property
    def times(self) -> tuple[time, ...]:
        """Ends of the bars of a day."""
        return self._times

    @property
    def lookback_days(self) -> int:
        """``tval_days`` if ``tval_rel`` is asked for, else 0."""
        return self._tval_days if "tval_rel" in self._names else 0

    def known_at_slot(self, name: str) -> KnownAt:
        """``"bar end"``, but the close for ``bar_val_share``, which needs the whole day."""
        at_close = super().known_at_slot(name)
        whole_day = {feature.name for feature in BAR_FEATURES if feature.whole_day}
        return at_close if name in whole_day else "bar end"

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, T, A, F]``, float32; a session without bars is NaN (see the class)."""
        days = as_days(dates)
        session_rows(lake.dates("daily"), days, "daily")
        out = Panel.full(days, assets, self._names, self._times)
        if len(days) == 0:
            return out
        limits = _limit_prices(lake, days, assets)
        sessions = lake.dates("bars", self._base_freq)
        history = SlotHistory(self._tval_days, len(self._times), len(assets))
        for session, row, result in self._stream(lake, sessions, out, limits):
            if row >= 0 and "tval_rel" in self._names:
                usual = history.mean_before(session)
                relative = np.log1p(np.where(usual > 0, result.amount_TA, np.nan) / usual)
                out["tval_rel"][row] = np.where(result.empty_TA, np.nan, relative)
            history.add(session, result.amount_TA)
        return out

    def _stream(
        self, lake: Lake, sessions: ndarray, out: Panel, limits: Panel
    ) -> Iterator[tuple[int, int, _DayResult]]:
        """Sessions in order, with their row in ``out`` (-1: look-back only); few at a time."""
        waiting: deque[tuple[int, int, Future[_DayResult]]] = deque()
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            for session, row in _needed(sessions, out.dates, self.lookback_days):
                task = pool.submit(self._one_day, lake, sessions[session].item(), row, out, limits)
                waiting.append((session, row, task))
                if len(waiting) > self._threads:
                    first, at, done = waiting.popleft()
                    yield first, at, done.result()
            for first, at, done in waiting:
                yield first, at, done.result()

    def _one_day(self, lake: Lake, day: date, row: int, out: Panel, limits: Panel) -> _DayResult:
        """Fill one day of ``out`` (if ``row`` is not -1) and keep the amounts of its bars."""
        columns = BAR_INPUTS if row >= 0 else ("amount",)
        bars = read_day_bars(lake, day, self._base_freq, self._freq, columns)
        rows = bars.rows(out.assets)
        opening = self._opening_amounts(lake, day, out.assets)
        amount = np.empty((len(self._times), len(out.assets)))
        empty = np.ones(amount.shape, dtype=bool)
        if row < 0:
            bar_amounts(bars.values, rows, opening, amount)
        else:
            bar_features(
                bars.values,
                rows,
                _session_ends(out.assets, day, self._base_freq),
                np.ascontiguousarray(limits["up_limit"][row]),
                np.ascontiguousarray(limits["down_limit"][row]),
                opening,
                self._min_obs,
                np.array([feature.needs(self._min_obs) for feature in BAR_FEATURES]),
                self._columns(),
                out.values[row],
                amount,
                empty,
            )
        # A day on which the stock did not trade at all is no day of its history.
        amount[:, ~(amount.sum(axis=0) > 0)] = np.nan
        return _DayResult(amount, empty)

    def _columns(self) -> Int[ndarray, " F"]:
        """Column of every feature of the table, -1 where it is not wanted or made elsewhere."""
        columns = np.full(N_FEATURES, -1)
        for place, feature in enumerate(BAR_FEATURES):
            if feature.name in self._names and feature.name != "tval_rel":
                columns[place] = self._names.index(feature.name)
        return columns

    def _opening_amounts(self, lake: Lake, day: date, assets: ndarray) -> Float[ndarray, " A"]:
        """CNY of the opening auctions that are not inside the first sub-bar, 0 where unknown."""
        amount = np.zeros(len(assets))
        wanted = {"tval_rel", "bar_val_share"} & set(self._names)
        if not wanted or not lake.has("auctions"):
            return amount
        table = lake.scan("auctions", day, day).group_by("symbol")
        separate = dict(table.agg(pl.col("amount").sum()).collect().iter_rows())
        first = read_day_bars(lake, day, self._base_freq, self._base_freq, ("auc_in_first",))
        inside = set(first.symbols[first.values[:, 0, 0, 0] == 1.0])
        for column, symbol in enumerate(assets):
            if symbol not in inside:
                amount[column] = separate.get(str(symbol), 0.0)
        return amount


def _needed(sessions: ndarray, days: ndarray, lookback: int) -> Iterator[tuple[int, int]]:
    """Sessions with bars to visit, ascending: the days asked for and the look-back of each."""
    row_of = {day: row for row, day in enumerate(days)}
    wanted = np.zeros(len(sessions), dtype=bool)
    for day in days:
        place = int(np.searchsorted(sessions, day))
        wanted[max(place - lookback, 0) : place] = True
        if place < len(sessions) and sessions[place] == day:
            wanted[place] = True
    for session in np.flatnonzero(wanted):
        yield int(session), row_of.get(sessions[session], -1)


def _limit_prices(lake: Lake, days: ndarray, assets: ndarray) -> Panel:
    names = ("up_limit", "down_limit")
    panel = read_daily(lake, names, days[0].item(), days[-1].item(), assets)
    return panel.at(days)


def _session_ends(assets: ndarray, day: date, base_freq: int) -> Int[ndarray, " A"]:
    """Number of sub-bars before the closing auction, where the bars are fine enough to tell."""
    whole = len(bar_times(base_freq))
    if base_freq > 1:
        return np.full(len(assets), whole)
    closes = {suffix: has_closing_auction(exchange, day) for suffix, exchange in _EXCHANGES.items()}
    # Beijing is not among them: it has had a closing auction ever since.
    shorter = [closes.get(str(symbol)[-2:], True) for symbol in assets]
    return np.where(shorter, whole - AUCTION_MINUTES, whole)
