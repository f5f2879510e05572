"""SessionReader: one session of bars with the numbers of the day that factors of minutes need."""

from dataclasses import dataclass
from datetime import date, time
from threading import Lock

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.columns import floats
from intralpha.base.panel import as_days
from intralpha.market import Lake, read_daily
from intralpha.market.bar_day import BarDay, BarReader
from intralpha.market.closing import closing_auctions
from intralpha.market.hours import AUCTION_MINUTES
from intralpha.market.limits import locked

DAILY = ("preclose", "up_limit", "down_limit", "suspended", "adj_factor")
BLOCK_SESSIONS = 120


@dataclass(frozen=True, eq=False)
class Session:
    """One session.

    Attributes
    ----------
    on : its date
    day : bars of the stocks that have any
    numbers : name -> float64 [A], one number a stock of ``day``: preclose, limits (CNY; NaN where
        there is none), suspended and closing_auction (0 or 1), adj_factor, and the opening auction
        where it is not inside the first bar
    """

    on: date
    day: BarDay
    numbers: dict[str, Float[ndarray, "A"]]

    def locked(self) -> Bool[ndarray, "A T"]:
        """Rows with one price that is a limit [A, T] [Spec 2.2]."""
        prices = (self.day.field(name) for name in ("high", "low"))
        return locked(*prices, *(self.numbers[n][:, None] for n in ("up_limit", "down_limit")))

    def total(self, part: str) -> Float[ndarray, "A"]:
        """Shares (``volume``) or CNY (``amount``) of all bars and of the opening auction."""
        inside = self.day.field(part).sum(axis=1, dtype=np.float64)
        return inside + np.nan_to_num(self.numbers[f"auction_{part}"])

    def price_ok(self, locked: Bool[ndarray, "A T"]) -> Float[ndarray, "A"]:
        """1 where at most half of the continuous rows are locked."""
        closing = self.numbers["closing_auction"]
        count = locked.shape[1] - AUCTION_MINUTES * closing
        found = locked.sum(axis=1) - closing * locked[:, -AUCTION_MINUTES:].sum(axis=1)
        return (2 * found <= count).astype(np.float64)


class SessionReader:
    """Reads sessions in any order, from several threads.

    Parameters
    ----------
    lake : with ``bars`` of that frequency, and ``daily``
    freq : minutes of one bar
    cache : keep dense bars beside the lake's files
    axis : symbols wanted, sorted; others are left out
    level2 : also read the series of trades and snapshots
    volume : also read ``daily_volume``, the shares that the daily row says were traded

    Notes
    -----
    Memory: 120 sessions of five daily columns.
    """

    def __init__(
        self,
        lake: Lake,
        freq: int,
        cache: bool,
        axis: Shaped[ndarray, "A"],
        level2: bool = False,
        volume: bool = False,
    ) -> None:
        self._lake, self._freq, self._axis = lake, freq, axis
        self._bars = BarReader(lake, freq, cache, level2)
        self._sessions = lake.dates("daily")
        self._auctions = lake.has("auctions")
        self._columns = (*DAILY, "volume") if volume else DAILY
        self._lock, self._daily = Lock(), Panel.full(as_days([]), axis, self._columns)

    def read(self, on: date) -> Session | None:
        """The session; None where the lake has no bars of it."""
        day = self._bars.read(on)
        if day is None:
            return None
        day = _only(day, self._axis)
        daily = self._of_day(on)
        columns = np.searchsorted(self._axis, day.symbols)
        numbers = {name: daily[name][0, columns].astype(np.float64) for name in DAILY}
        numbers["suspended"] = (np.nan_to_num(numbers["suspended"]) > 0).astype(np.float64)
        if "volume" in self._columns:
            numbers["daily_volume"] = daily["volume"][0, columns].astype(np.float64)
        closing = closing_auctions(day.symbols, on) if self._freq == 1 else np.zeros(len(columns))
        numbers["closing_auction"] = closing.astype(np.float64)  # bars that are longer hold it
        return Session(on, day, numbers | self._opening(on, day))

    def _of_day(self, on: date) -> Panel:
        """Daily columns of one session; a block of sessions is read at a time."""
        wanted = as_days([on])
        with self._lock:
            if not np.isin(wanted, self._daily.dates).all():
                place = int(np.searchsorted(self._sessions, wanted[0]))
                last = min(place + BLOCK_SESSIONS, len(self._sessions)) - 1
                first, end = wanted[0].item(), self._sessions[last].item()
                self._daily = read_daily(self._lake, self._columns, first, end, self._axis)
            return self._daily.at(wanted)

    def _opening(self, on: date, day: BarDay) -> dict[str, Float[ndarray, "A"]]:
        """The opening auction where it is not inside the first bar.

        Where there is none the price is NaN and the rest 0; trades are NaN if nobody counted them.
        """
        names = ("price", "volume", "amount", "trades")
        out = {f"auction_{n}": np.zeros(len(day.symbols)) for n in names}
        out["auction_price"][:] = np.nan
        if not self._auctions or not len(day.symbols):
            return out
        rows = self._lake.scan("auctions", on, on).filter(pl.col("time") <= time(9, 30)).collect()
        symbols = rows["symbol"].to_numpy().astype(str)
        place = np.minimum(np.searchsorted(day.symbols, symbols), len(day.symbols) - 1)
        fits = (day.symbols[place] == symbols) & ~day.auction_inside[place]
        for name in names:
            values = floats(rows[name])
            out[f"auction_{name}"][place[fits]] = values[fits]
        return out


def session_axis(lake: Lake, assets: Shaped[ndarray, "A"]) -> Shaped[ndarray, "S"]:
    """All symbols of the lake but indices: what is kept must not depend on who asked."""
    table = lake.scan("instruments").filter(pl.col("board") != "index")
    known = table.select("symbol").collect()["symbol"].to_numpy().astype(str)
    return np.union1d(known, np.asarray(assets, dtype=str))


def _only(day: BarDay, axis: ndarray) -> BarDay:
    """The stocks asked for; the same object if that is all of them."""
    if np.array_equal(day.symbols, axis):
        return day
    kept = np.isin(day.symbols, axis)
    return day if kept.all() else day.only(kept)
