"""The recipe of one real day: its plan, and factors of it as a plain computation gives them."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from intralpha.cli import app
from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.market import Lake
from intralpha.market.schemas import shape
from intralpha.pipeline import load_recipe
from intralpha.sources import ingest

pytestmark = pytest.mark.real_data
RECIPES = Path(__file__).parents[2] / "recipes"
ON, STOCK = date(2023, 2, 1), "600519.SH"
# Of benchmarks/common/plain_level2.py: from the vendor's csv by numpy alone, big from the mean on.
PLAIN = {
    "early_active_buy_perc": 0.49247247,
    "corr_volume_item": 0.96366821,
    "bigorder_amt_perc": 0.53952490,
    "early_bigorder_buy_perc": 0.50702242,
    "bigorder_ret2": -0.03254399,
    "skew_order_diff": 5.63395003,
    "early_kurt_order": 174.98083218,
}


@pytest.fixture
def places(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INTRALPHA_REAL_DATA", str(real_data))
    monkeypatch.setenv("INTRALPHA_LAKES", str(tmp_path / "lakes"))
    return tmp_path


@pytest.mark.slow  # the daily rows of CSI 300 are unpacked to see which days they have
@pytest.mark.parametrize("name", ["real_level2", "real_level2_snapshots"])
def test_the_recipe_can_be_planned(places: Path, name: str) -> None:
    command = ["run", str(RECIPES / f"{name}.yaml"), "--dry-run", "--runs", str(places)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "ingest 8 source(s), then enrich" in done.output


def test_factors_of_a_real_day_are_those_of_a_plain_computation(places: Path) -> None:
    recipe = load_recipe(RECIPES / "real_level2.yaml")
    lake = Lake(places / "lake", create=True)
    ingest(recipe.data.sources[:1], lake, show_progress=False)
    row = {"date": ON, "symbol": STOCK, "open": 1854.98, "high": 1859.0, "low": 1811.4,
           "close": 1844.97, "preclose": 1845.76, "volume": 3_397_389, "adj_factor": 1.0,
           "suspended": False}  # fmt: skip
    lake.append("daily", shape("daily", pl.DataFrame([row])))
    known = {"symbol": STOCK, "exchange": "SSE", "board": "main"}
    lake.append("instruments", shape("instruments", pl.DataFrame([known])))
    day = np.array([ON], "datetime64[D]")
    assert recipe.data.enrich is not None
    enrich(lake, day, recipe.data.enrich.big_order, show_progress=False)
    spec = LibrarySpec.model_validate(
        {"library": "hf27", "names": tuple(PLAIN), "big_order": recipe.data.enrich.big_order}
    )
    made = spec.make().compute(lake, day, np.array([STOCK]))
    np.testing.assert_allclose(made.values[0, 0], [*PLAIN.values()], rtol=2e-6)
