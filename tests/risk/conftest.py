"""A simulated lake of daily rows for the exposures."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.index import INDEX
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec

TABLES = ("daily", "instruments", "industry", "fundamentals")
# Few orders: only daily rows are looked at.
SPEC = SimulatedSpec(n_assets=48, end=date(2024, 6, 28), habits=HabitSpec(orders_per_day=60))


@pytest.fixture(scope="session")
def lake(made_once: Callable[..., Path]) -> Lake:
    """48 stocks over 18 months, with listings, suspensions, a delisting, splits and dividends."""

    def make(folder: Path) -> None:
        out = Lake(folder / "lake", create=True)
        for batch in SimulatedMarket(SPEC).batches():
            if batch.table in TABLES:
                out.append(batch.table, batch.frame)

    return Lake(made_once("risk", make) / "lake")


@pytest.fixture(scope="session")
def assets(lake: Lake) -> np.ndarray:
    """Symbols of the stocks, without the index."""
    names = lake.scan("instruments").filter(pl.col("symbol") != INDEX).collect()["symbol"]
    return np.sort(names.to_numpy().astype(str))
