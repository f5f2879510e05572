"""A simulated lake of daily rows for the exposures."""

from datetime import date

import pytest

from intralpha.market import Lake
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec

TABLES = ("daily", "instruments", "industry")


@pytest.fixture(scope="session")
def lake(tmp_path_factory) -> Lake:
    """48 stocks over 18 months, with listings, suspensions, a delisting, splits and dividends."""
    out = Lake(tmp_path_factory.mktemp("risk") / "lake", create=True)
    for batch in SimulatedMarket(SimulatedSpec(n_assets=48, end=date(2024, 6, 28))).batches():
        if batch.table in TABLES:
            out.append(batch.table, batch.frame)
    return out
