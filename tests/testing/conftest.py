"""A small simulated market, and a date in it that has something before and after it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from intralpha.market import Lake
from intralpha.sources import SimulatedSpec, ingest
from intralpha.sources.exchange.habits import HabitSpec

ON = date(2023, 4, 3)
MARKET = SimulatedSpec(
    seed=4,
    n_assets=14,
    start=date(2023, 2, 1),
    end=date(2023, 4, 28),
    freq=30,
    habits=HabitSpec(orders_per_day=150),
)


@pytest.fixture(scope="session")
def lake(made_once: Callable[..., Path]) -> Lake:
    """Read only."""

    def make(folder: Path) -> None:
        ingest([MARKET], Lake(folder / "lake", create=True), show_progress=False)

    return Lake(made_once("testing", make) / "lake")


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the lake that several tests share."""
    return tmp_path_factory.mktemp("copies")
