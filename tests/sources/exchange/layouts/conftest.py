"""A market in which everything happens that vendors tell differently, and its lake."""

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import Batch, SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.index import INDEX
from intralpha.sources.exchange.layouts.layout import layout_of

EX_DAY, HALTS = date(2023, 2, 1), (date(2023, 2, 2), date(2023, 2, 3))
DIVIDEND, HALTED, SPECIAL = "600001.SH", "000001.SZ", "300001.SZ"
RATIO = {"300001.SZ": 0.2, "688001.SH": 0.2}


@cache
def market() -> tuple[Batch, ...]:
    """Batches of seven stocks over eight sessions, and in them a dividend, a halt and ST.

    The simulated market is too small for these to happen by themselves, so they are put in by hand:
    half a yuan is paid on the first of February, and a halted stock stands at its last close.
    """
    spec = SimulatedSpec(n_assets=7, start=date(2023, 1, 30), end=date(2023, 2, 8), freq=5)
    batches = list(SimulatedMarket(spec).batches())
    daily = pl.concat([b.frame for b in batches if b.table == "daily"], how="diagonal")
    changed = _changed(daily.sort("symbol", "date"))
    out = []
    for batch in batches:
        frame = batch.frame
        if "symbol" in frame.columns:
            frame = frame.filter(pl.col("symbol") != INDEX)
        if batch.table == "daily":
            frame = changed.join(frame.select("date", "symbol"), on=["date", "symbol"])
        elif batch.table == "bars":
            frame = _still(frame, changed)
        out.append(Batch(batch.table, frame, batch.origin))
    return tuple(out)


def _changed(daily: pl.DataFrame) -> pl.DataFrame:
    ex, symbol = pl.col("date") == EX_DAY, pl.col("symbol")
    halt = (symbol == HALTED) & pl.col("date").is_in(HALTS)
    last = pl.when(pl.col("date") < HALTS[0]).then("close").forward_fill().over("symbol")
    daily = daily.filter(symbol != INDEX).with_columns(
        *(pl.when(halt).then(last).otherwise(c).alias(c) for c in ("open", "high", "low", "close")),
        volume=pl.when(halt).then(0).otherwise("volume"),
        amount=pl.when(halt).then(0.0).otherwise("amount"),
        suspended=halt,
        st=symbol == SPECIAL,
    )
    before = pl.col("close").shift(1).over("symbol").fill_null(pl.col("preclose"))
    paid = pl.when(ex & (symbol == DIVIDEND)).then(0.5).otherwise(0.0)
    daily = daily.with_columns(preclose=(before - paid).round(2), before=before)
    step = pl.col("before") / pl.col("preclose")
    later = (symbol == DIVIDEND) & (pl.col("date") >= EX_DAY)
    factor = pl.when(ex).then(step).max().over("symbol")
    limit = symbol.replace_strict(RATIO, default=0.1, return_dtype=pl.Float64())
    limit = pl.when((symbol == SPECIAL) & (limit == 0.1)).then(0.05).otherwise(limit)
    hundredths = (pl.col("preclose") * 100).round()
    return daily.with_columns(
        adj_factor=pl.when(later).then(factor).otherwise(1.0),
        up_limit=(hundredths * (1 + limit) + 0.5 + 1e-6).floor().truediv(100).round(2),
        down_limit=(hundredths * (1 - limit) + 0.5 + 1e-6).floor().truediv(100).round(2),
    ).drop("before")


def _still(bars: pl.DataFrame, daily: pl.DataFrame) -> pl.DataFrame:
    """Bars without trades where the day is a halt."""
    facts = daily.select("date", "symbol", "suspended", day="close")
    both = bars.join(facts, on=["date", "symbol"], maintain_order="left")
    prices = ("open", "high", "low", "close")
    return both.with_columns(
        *(pl.when("suspended").then("day").otherwise(c).alias(c) for c in prices),
        *(pl.when("suspended").then(0).otherwise(c).alias(c) for c in ("volume", "amount")),
    ).select(bars.columns)


@pytest.fixture(scope="session")
def written(made_once: Callable[..., Path]) -> Callable[[str], Path]:
    """Folder with a folder of the layout's name, as the pages of the vendors have it."""

    def make(name: str) -> Path:
        def fill(folder: Path) -> None:
            list(layout_of(name).put(market(), folder / name))

        return made_once(f"layout {name}", fill)

    return make


@pytest.fixture(scope="session")
def truth(made_once: Callable[..., Path]) -> Lake:
    """The same market, straight into a lake; only read."""

    def fill(folder: Path) -> None:
        lake = Lake(folder, create=True)
        for batch in market():
            lake.append(batch.table, batch.frame)

    return Lake(made_once("layouts' truth", fill))
