"""Axes of a run: its sessions, its stocks, and since when each of them is known."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.pipeline.recipe import DataSpec


class NoAssetsError(DataError):
    """The lake has nothing that the recipe could use."""

    def __init__(self, lake: Path, why: str, hint: str) -> None:
        self.lake, self.why = lake, why
        super().__init__(f"{lake} has no {why}.\nHint: {hint}")


@dataclass(frozen=True, eq=False)
class Axes:
    """What a recipe is about.

    Parameters
    ----------
    dates : datetime64[D] [D], sessions in the recipe's range
    sessions : datetime64[D], all sessions of the lake's daily table
    assets : str [A], stocks with a daily row in the range or before it, sorted
    since : datetime64[D] [A], first session with a daily row

    Notes
    -----
    A stock counts from its first row on, so that one that is listed tomorrow changes nothing that
    was made of the days before.
    """

    dates: Shaped[ndarray, " D"]
    sessions: Shaped[ndarray, " N"]
    assets: Shaped[ndarray, " A"]
    since: Shaped[ndarray, " A"]

    def known(self, day: np.datetime64) -> Shaped[ndarray, " K"]:
        """Stocks with a row up to and with the day, sorted."""
        return self.assets[self.since <= day]

    def since_of(self, assets: Shaped[ndarray, " K"]) -> Shaped[ndarray, " K"]:
        """First day on which each of some of the stocks is known."""
        return self.since[np.searchsorted(self.assets, assets)]

    def print_of(self, day: np.datetime64) -> str:
        """Digest of :meth:`known`."""
        days, digests = self._prints
        at = int(np.searchsorted(days, day, side="right")) - 1
        return digests[at] if at >= 0 else ""

    @cached_property
    def _prints(self) -> tuple[ndarray, list[str]]:
        """Sessions on which stocks appeared, and the digest of all stocks until then."""
        days = np.unique(self.since)
        digest, out = hashlib.blake2b(digest_size=12), []
        for day in days:
            digest.update("\n".join(self.assets[self.since == day].tolist()).encode())
            out.append(digest.hexdigest())
        return days, out


def read_axes(lake: Lake, spec: DataSpec, symbols: ndarray | None = None) -> Axes:
    """Sessions and stocks of the part of a lake that a recipe uses.

    Parameters
    ----------
    lake : with ``daily``
    spec : range and kind of assets
    symbols : only these; default: all but indices

    Raises
    ------
    NoAssetsError
        No session or no stock is left; it says what the lake holds.
    """
    sessions = lake.dates("daily")
    if len(sessions) == 0:
        hint = (
            "a source with `table: daily` brings them; where there are only bars, `kind: "
            "days_of_bars` around their source makes them; see docs/your-data.md"
        )
        raise NoAssetsError(lake.root, "daily rows", hint)
    days = sessions
    held, what = f"{sessions[0]} to {sessions[-1]}", "session"
    if spec.assets == "bars":
        bars = lake.dates("bars", spec.bar_freq)
        if len(bars) == 0:
            there = ", ".join(map(str, lake.freqs())) or "none"
            hint = f"data.bar_freq names the minutes of one bar; this lake's: {there}"
            raise NoAssetsError(lake.root, f"bars of {spec.bar_freq} minutes", hint)
        days = days[(days >= bars[0]) & (days <= bars[-1])]
        what = f"session with bars of {spec.bar_freq} minutes"
        held += f" of daily rows, {bars[0]} to {bars[-1]} of these bars"
    lo = as_days([spec.start])[0] if spec.start else days[0]
    hi = as_days([spec.end])[0] if spec.end else days[-1]
    days = days[(days >= lo) & (days <= hi)]
    if len(days) == 0:
        hint = f"data.start and data.end must lie within what it holds: {held}"
        raise NoAssetsError(lake.root, f"{what} between {lo} and {hi}", hint)
    assets, since = _first_rows(lake, days[-1], symbols)
    if len(assets) == 0:
        raise NoAssetsError(lake.root, "stock with daily rows", f"its sessions are {held}")
    return Axes(days, sessions, assets, since)


def check_members(lake: Lake, indices: tuple[str, ...]) -> None:
    """Refuse indices of which the lake knows no member: nothing would be inside them.

    Parameters
    ----------
    lake : with or without ``membership``
    indices : symbols such as 000852.SH

    Raises
    ------
    NoAssetsError
    """
    if not indices:
        return
    there = lake.scan("membership").select(pl.col("index").unique().sort()).collect()
    lost = sorted(set(indices) - set(there["index"]))
    if lost:
        known = ", ".join(there["index"]) or "no index"
        hint = (
            f"it has members of {known}; a source such as index_members brings others. Indices are "
            "named like 000905.SH; `portfolio.benchmark: {kind: equal}` needs none"
        )
        raise NoAssetsError(lake.root, f"members of {', '.join(lost)}", hint)


def _first_rows(
    lake: Lake, last: np.datetime64, symbols: ndarray | None
) -> tuple[ndarray, ndarray]:
    """Symbols that are no index, sorted, and their first daily row up to the last session."""
    end = date.fromisoformat(str(last))
    rows = lake.scan("daily", None, end).group_by("symbol").agg(pl.col("date").min())
    boards = lake.scan("instruments").filter(pl.col("board") == "index").select("symbol")
    frame = rows.join(boards, on="symbol", how="anti").sort("symbol").collect()
    if symbols is not None:
        frame = frame.filter(pl.col("symbol").is_in(symbols.tolist()))
    assets = frame["symbol"].to_numpy().astype(str)
    return assets, as_days(frame["date"].to_numpy())
