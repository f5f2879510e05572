"""BarDay: the bars of one session as dense float32 rows, read from a flat cache where there is one.

The cache lies in ``.cache`` inside the lake and is named by the checksum of the Parquet file it
was made from, so a changed file is never read from it. It can be deleted at any time.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Bool, Float32
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.summed import load_summed, save_summed
from intralpha.market.bars import first_known, read_bars
from intralpha.market.hours import bar_times
from intralpha.market.lake import Lake
from intralpha.market.manifest import replacing

FIELDS = ("open", "high", "low", "close", "volume", "amount", "trades")
# Series of minutes that were made from trades and snapshots -> column of ``bars``.
LEVEL2_COLUMNS = {
    "buy_volume": "active_buy_volume",
    "sell_volume": "active_sell_volume",
    "buy_amount": "active_buy_amount",
    "sell_amount": "active_sell_amount",
    "buy_trades": "active_buy_trades",
    "sell_trades": "active_sell_trades",
    "big_buy_amount": "big_buy_amount",
    "big_sell_amount": "big_sell_amount",
    "net_bid": "net_bid_amount",
    "quotes": "quotes",
    "spread": "spread",
    "depth_imbalance": "depth_imbalance",
}
LEVEL2_FIELDS = tuple(LEVEL2_COLUMNS)
SUMS = LEVEL2_FIELDS.index("quotes") + 1  # so many of them add up; the others are means of quotes
CACHE = ".cache"


@dataclass(frozen=True, eq=False)
class BarDay:
    """One session.

    Attributes
    ----------
    symbols : str [A], ascending
    values : float32 [7, A, T], the ``FIELDS``: prices CNY, shares, CNY, trades; NaN for null.
        Read-only where it comes from the cache, and then mapped, not read
    auction_inside : the first bar holds the opening auction
    level2 : float32 [12, A, T], the ``LEVEL2_FIELDS``, if they were asked for; NaN for a stock
        whose bars were not made from trades
    """

    symbols: ndarray
    values: Float32[ndarray, "F A T"]
    auction_inside: Bool[ndarray, "A"]
    level2: Float32[ndarray, "K A T"] | None = None

    def field(self, name: str) -> Float32[ndarray, "A T"]:
        """Rows of one field; a view."""
        if name in FIELDS or self.level2 is None:
            return self.values[FIELDS.index(name)]
        return self.level2[LEVEL2_FIELDS.index(name)]

    def only(self, kept: Bool[ndarray, "A"]) -> "BarDay":
        """Some of the stocks."""
        more = None if self.level2 is None else self.level2[:, kept]
        return BarDay(self.symbols[kept], self.values[:, kept], self.auction_inside[kept], more)

    def longer(self, rows: int) -> "BarDay":
        """Bars of that many of these bars each; those without a price, and trade, say nothing."""
        _, assets, count = self.values.shape
        parts = self.values.reshape(len(FIELDS), assets, count // rows, rows)
        values = np.empty(parts.shape[:3], np.float32)
        values[0], values[3] = first_known(parts[0]), parts[3, :, :, -1]
        values[1], values[2] = np.fmax.reduce(parts[1], axis=2), np.fmin.reduce(parts[2], axis=2)
        values[4:] = parts[4:].sum(axis=3, dtype=np.float64)
        more = None if self.level2 is None else _longer_level2(self.level2, rows)
        return BarDay(self.symbols, values, self.auction_inside, more)


class MissingBarsError(DataError):
    """A lake has no bars of the frequency that factors are made from.

    Parameters
    ----------
    lake : whole, or a view
    freq : minutes of the bars
    choice : what else may be chosen, as a hint says it; empty: nothing
    """

    def __init__(self, lake: Lake, freq: int, choice: str = "") -> None:
        self.root, self.freq = lake.root, freq
        self.known = Lake(lake.root).freqs()  # a view hides what is not declared
        have = ", ".join(map(str, self.known))
        found = f"bars of {have} minutes" if have else "no bars"
        hint = "ingest such bars" + (f", or {choice}" if choice else "")
        if freq == 1:
            hint += f"; `intralpha level2 enrich {lake.root}` makes them from trades"
        super().__init__(
            f"{lake.root} has {found}; expected bars of {freq}, which the factors are made from.\n"
            f"Hint: {hint}."
        )


def bar_files(lake: Lake, freq: int) -> dict[date, str]:
    """Checksum of each session's bars.

    Raises
    ------
    MissingBarsError
        There are none on any session.
    """
    found = lake.checksums("bars", freq)
    if not found:
        raise MissingBarsError(lake, freq)
    return found


class BarReader:
    """Reads sessions of one frequency.

    Parameters
    ----------
    lake : with ``bars`` of that frequency
    freq : minutes of one bar
    cache : keep and use the flat files; 7 float32 numbers a bar on disk, 12 more with ``level2``
    level2 : also read ``LEVEL2_FIELDS``

    Raises
    ------
    MissingBarsError
        The lake has no bars of that frequency on any session.
    """

    def __init__(self, lake: Lake, freq: int, cache: bool = True, level2: bool = False) -> None:
        self._lake, self._freq, self._level2 = lake, freq, level2
        self._folder = lake.root / CACHE / "bars" / f"freq={freq}min" if cache else None
        self._checksums = bar_files(lake, freq)

    def read(self, day: date) -> BarDay | None:
        """Bars of a session; None where the lake has none.

        Raises
        ------
        IncompleteDayError
            A stock does not have every bar of the day.
        """
        checksum = self._checksums.get(day)
        if checksum is None:
            return None
        if self._folder is None:
            found = read_bar_day(self._lake, day, self._freq)
            return replace(found, level2=self._read_level2(day)) if self._level2 else found
        path = self._folder / f"{day}.{checksum[:16]}.npy"
        kept = _kept(path)
        if kept is None:
            found = read_bar_day(self._lake, day, self._freq)
            _keep(found, path)
            kept = _kept(path) or found  # another process may drop it meanwhile
        more = self._kept_level2(day, path.with_suffix(".level2.npy")) if self._level2 else None
        return replace(kept, level2=more)

    def _kept_level2(self, day: date, path: Path) -> Float32[ndarray, "K A T"]:
        values = _there(path)
        if values is None:
            values = self._read_level2(day)
            with replacing(path) as partial:
                save_summed(partial, values)
        return values

    def _read_level2(self, day: date) -> Float32[ndarray, "K A T"]:
        """The fields of a complete day, in the order of its symbols."""
        columns, bars = list(LEVEL2_COLUMNS.values()), len(bar_times(self._freq))
        rows = self._lake.scan("bars", day, day, self._freq).select(columns)
        frame = rows.with_columns(pl.all().cast(pl.Float32).fill_null(np.nan)).collect()
        values = [frame[name].to_numpy().reshape(-1, bars) for name in columns]
        return np.array(values, np.float32)


def read_bar_day(lake: Lake, day: date, freq: int) -> BarDay:
    """Bars of a session from the Parquet file: one pass, no sorting, no grouping.

    Parameters
    ----------
    lake : with ``bars`` of that frequency
    day : session
    freq : minutes of one bar

    Returns
    -------
    BarDay, without ``level2``
        A bar is known at its end. Without rows on that day it has no stocks.

    Raises
    ------
    IncompleteDayError
        A stock does not have every bar of the day.
    """
    bars = len(bar_times(freq))
    rows = lake.scan("bars", day, day, freq).select("symbol", "auc_in_first", *FIELDS)
    frame = rows.with_columns(pl.col(*FIELDS).cast(pl.Float32)).collect()
    first = frame["symbol"].gather_every(bars)
    last = frame["symbol"].gather_every(bars, offset=bars - 1)
    if frame.height % bars or not (first == last).all() or first.n_unique() != len(first):
        read_bars(lake, day, freq, ("close",))  # its error tells which stock is incomplete
    values = np.empty((len(FIELDS), len(first), bars), np.float32)
    for i, name in enumerate(FIELDS):
        values[i] = frame[name].fill_null(np.nan).to_numpy().reshape(len(first), bars)
    inside = frame["auc_in_first"].gather_every(bars).fill_null(value=False).to_numpy()
    return BarDay(first.to_numpy().astype(str), values, inside.astype(bool))


def _longer_level2(values: Float32[ndarray, "K A T"], rows: int) -> Float32[ndarray, "K A U"]:
    """Sums; of the means, those of all quotes."""
    count, assets, bars = values.shape
    parts = values.reshape(count, assets, bars // rows, rows).astype(np.float64)
    out = np.empty(parts.shape[:3], np.float32)
    out[:SUMS] = parts[:SUMS].sum(axis=3)
    quotes = parts[SUMS - 1]
    total = np.where(quotes > 0, parts[SUMS:] * quotes, 0.0).sum(axis=3)
    with np.errstate(invalid="ignore"):
        out[SUMS:] = total / np.where(out[SUMS - 1] > 0, out[SUMS - 1], np.nan)
    return out


def _kept(path: Path) -> BarDay | None:
    """A day as it was kept; None where it was not, or is no longer what was."""
    values = _there(path)
    if values is None:
        return None
    try:
        # Which has checksums of its own; of a file that is none NumPy leaves what it opened open.
        with path.with_suffix(".npz").open("rb") as handle, np.load(handle) as about:
            symbols, inside = about["symbols"], about["auction_inside"]
    except Exception:  # not there, or whatever NumPy makes of bytes that are none of its own
        return None
    return BarDay(symbols, values, inside, None)


def _there(path: Path) -> Float32[ndarray, "K A T"] | None:
    """What a file holds; None where it is not there, or is no longer what was written."""
    try:
        return load_summed(path)
    except FileNotFoundError:
        return None


def _keep(day: BarDay, path: Path) -> None:
    """Write the flat file, its stocks first; drop what it replaces."""
    date_part = path.name.split(".")[0]
    stale = [p for p in path.parent.glob(f"{date_part}.*") if not p.name.startswith(path.stem)]
    with replacing(path.with_suffix(".npz")) as partial, partial.open("wb") as handle:
        np.savez(handle, symbols=day.symbols, auction_inside=day.auction_inside)
    with replacing(path) as partial:
        save_summed(partial, day.values)
    for old in stale:
        old.unlink(missing_ok=True)
