"""A simulated market with trades, orders and snapshots: whole, and cut at a moment."""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.features.level2.enrich import enrich
from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest

TICKS = ("trades", "orders", "snapshots")
SPEC = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 2, 3), freq=1, ticks=TICKS)
CUT, NOON_MS = 15, 39_600_000  # the session of the cuts, and 11:00 in ms
KNOWN_AFTER = ("open", "high", "low", "close")


class Level2Lakes:
    """Lakes of one market, made for all workers when they are first asked for; not to be changed.

    Minutes are made from the trades of each lake, so what was cut cannot be in them.
    """

    def __init__(self, made_once: Callable[..., Path]) -> None:
        self._made_once = made_once

    @cached_property
    def whole(self) -> Lake:
        """All sessions."""
        return Lake(self._made_once("level2-whole", self._make_whole) / "lake")

    @cached_property
    def cut(self) -> Lake:
        """Nothing after the session ``CUT``."""
        return Lake(self._made_once("level2-cut", self._make_cut) / "lake")

    @cached_property
    def noon(self) -> Lake:
        """Nothing from 11:00 of the session ``CUT`` on but what was known before it opened.

        Minutes and snapshots are those of that session only.
        """
        return Lake(self._made_once("level2-noon", self._make_noon) / "lake")

    def _make_whole(self, folder: Path) -> None:
        lake = Lake(folder / "lake", create=True)
        ingest([SPEC], lake, show_progress=False)
        on = lake.dates("daily")[CUT].item()
        trades = lake.scan("trades", on, on).collect()
        lake.append("trades", with_long_orders(trades), on_conflict="replace")
        enrich(lake, lake.dates("trades"), show_progress=False)

    @property
    def days(self) -> np.ndarray:
        """Sessions of the market."""
        return self.whole.dates("daily")

    @property
    def assets(self) -> np.ndarray:
        """Its stocks."""
        rows = self.whole.scan("instruments").filter(pl.col("board") != "index").collect()
        return np.array(sorted(rows["symbol"]))

    def _make_cut(self, folder: Path) -> None:
        lake = self._upto(folder, self.whole.scan("daily", end=self._last))
        for table in TICKS:
            lake.append(table, self.whole.scan(table, end=self._last).collect())
        enrich(lake, lake.dates("trades"), show_progress=False)

    def _make_noon(self, folder: Path) -> None:
        last = self._last
        today, early = pl.col("date") == last, pl.col("time") < NOON_MS
        prices = [pl.when(today).then("preclose").otherwise(n).alias(n) for n in KNOWN_AFTER]
        sizes = [pl.when(today).then(0).otherwise(n).alias(n) for n in ("volume", "amount")]
        daily = self.whole.scan("daily", end=last).with_columns(*prices, *sizes)
        lake = self._upto(folder, daily)
        lake.append("trades", self.whole.scan("trades", end=last).filter(~today | early).collect())
        snapshots = self.whole.scan("snapshots", last, last).filter(early)
        lake.append("snapshots", snapshots.collect())
        enrich(lake, self.days[[CUT]], show_progress=False)

    @property
    def _last(self) -> date:
        return self.days[CUT].item()

    def _upto(self, folder: Path, daily: pl.LazyFrame) -> Lake:
        lake = Lake(folder / "lake", create=True)
        lake.append("instruments", self.whole.scan("instruments").collect())
        lake.append("daily", daily.collect())
        return lake


def with_long_orders(trades: pl.DataFrame) -> pl.DataFrame:
    """The first buy and sell order of every stock also stand behind all trades from 14:00 on.

    They are big because of what they do then.
    """
    first = [pl.col(n).filter(pl.col("time") >= 34_200_000).first() for n in ("buy_id", "sell_id")]
    late = pl.col("time") >= 50_400_000
    return trades.with_columns(
        pl.when(late).then(f.over("symbol")).otherwise(n).alias(n)
        for n, f in zip(("buy_id", "sell_id"), first, strict=True)
    )
