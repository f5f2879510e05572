"""A run that looks at its data: its own node, its section, and nobody else's address."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.pipeline.conftest import SIMPLE

from intralpha.explore import explore
from intralpha.pipeline import Plan, Recipe, RunResult, execute, load_recipe, plan, run_tables
from intralpha.pipeline.made import explored_tables

SERIES = ["daily", "30-minute", "rolling one-day"]


def looking(folder: Path, explore: str, *more: str) -> Recipe:
    keys = ("data.sources=[]", *SIMPLE, f"explore={explore}", *more)
    return load_recipe(folder / "tiny.yaml", keys)


@pytest.fixture(scope="module")
def run(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, RunResult]:
    """One run that looks at its data."""
    planned = plan(looking(finished[0], "{}"), tmp_path_factory.mktemp("looking"))
    return planned, execute(planned, show_progress=False)


@pytest.mark.slow
def test_nobody_else_moves(run: tuple[Plan, RunResult], simple_recipe: Recipe) -> None:
    after = run[0]
    before = plan(simple_recipe, after.store.root.parent)
    moved = {n for n in after.keys if before.keys.get(n) != after.keys[n]}
    assert moved == {"explore", "distribution/simple"}


@pytest.mark.parametrize("key", ["lags: 40", "stocks: [600000.SH]", "freq: 15"])
def test_every_key_moves_it(
    key: str, run: tuple[Plan, RunResult], finished: tuple[Path, RunResult]
) -> None:
    other = plan(looking(finished[0], f"{{{key}}}"), run[0].store.root.parent)
    moved = {n for n in other.keys if run[0].keys.get(n) != other.keys[n]}
    assert moved == {"explore"}
    alone = plan(looking(finished[0], "{features: false}"), run[0].store.root.parent)
    assert set(run[0].keys) - set(alone.keys) == {"distribution/simple"}


def test_coverage_is_what_the_features_have(run: tuple[Plan, RunResult]) -> None:
    planned, result = run
    table = explored_tables(planned)["distribution/simple"]
    features = planned.panel("features/simple")
    inside = planned.panel("universe").reindex(features.dates, features.assets)["universe"] > 0
    assert table.height == 2 * len(features.dates) > 200
    ret = table.filter(pl.col("feature") == "ret20")
    known = np.isfinite(features["ret20"]) & inside
    count = np.where(inside.any(1), inside.sum(1), np.nan)  # nobody is in at first
    np.testing.assert_allclose(ret["coverage"], known.sum(1) / count, equal_nan=True)
    late = int(np.flatnonzero(known.any(axis=1))[-1])
    expected = np.median(features["ret20"][late][known[late]].astype(np.float64))
    assert ret["median"][late] == pytest.approx(float(expected), rel=1e-12)
    page = result.report.read_text(encoding="utf-8")
    assert "Features of simple: coverage and distribution" in page
    assert run_tables(planned)["explore/distribution/simple"].height == table.height


@pytest.mark.slow
def test_it_is_the_memory_that_the_page_of_a_lake_shows(run: tuple[Plan, RunResult]) -> None:
    planned, result = run
    assert result.problems == ()
    table = explored_tables(planned)["memory"]
    assert table["series"].unique(maintain_order=True).to_list() == SERIES
    longest = table.group_by("series").agg(pl.col("lag").max())
    assert dict(longest.iter_rows())["30-minute"] == dict(longest.iter_rows())["rolling one-day"]
    assert dict(longest.iter_rows())["30-minute"] == 100
    assert_frame_equal(table, explore(planned.lake, min_stocks=20).memory)
    assert run_tables(planned)["explore/memory"].height == table.height
    page = result.report.read_text(encoding="utf-8")
    for series in SERIES:
        assert f"Partial autocorrelation of {series} returns" in page


@pytest.mark.slow
def test_daily_returns_are_those_of_polars(
    run: tuple[Plan, RunResult], finished: tuple[Path, RunResult]
) -> None:
    """One stock, its log returns from plain daily rows, its correlations by hand."""
    planned = run[0]
    symbol = str(planned.axes.assets[5])
    folder = planned.store.root.parent
    one = plan(looking(finished[0], f"{{stocks: [{symbol}]}}"), folder)
    execute(one, show_progress=False)
    table = explored_tables(one)["memory"].filter(pl.col("series") == "daily")
    rows = planned.lake.scan("daily").filter(pl.col("symbol") == symbol).sort("date").collect()
    x = np.diff(np.log((rows["close"] * rows["adj_factor"]).to_numpy()))
    x = x[rows["volume"].to_numpy()[1:] > 0]
    z = x - x.mean()
    assert len(x) == table["rows"][0] > 100
    expected = [(z[k:] * z[: len(z) - k]).mean() / (z**2).mean() for k in range(table.height)]
    np.testing.assert_allclose(table["acf"], expected, atol=1e-9)


def test_factors_with_the_same_features_are_told_of_once(finished: tuple[Path, RunResult]) -> None:
    """A third factor of the features of the second: no node of its own."""
    twin = "{kind: zscore_mean, features: {kind: library, library: price_volume, names: "
    twin += "[ret20, vol20]}, signs: {ret20: 1, vol20: 1}}"
    recipe = looking(finished[0], "{}", f"factors.twin={twin}", "combination={kind: equal}")
    names = {node.name for node in plan(recipe, finished[0] / "twin").nodes}
    assert {"features/simple", "features/twin", "distribution/simple"} <= names
    assert "distribution/twin" not in names


def test_without_bars_it_is_daily_returns_alone(finished: tuple[Path, RunResult]) -> None:
    recipe = looking(finished[0], "{}", "data.assets=daily", "data.bar_freq=null")
    planned = plan(recipe, finished[0] / "daily")
    reads = [read.table for read in planned.node("explore").reads]
    assert reads == ["daily"]


def test_a_stock_that_is_not_there_is_told(
    run: tuple[Plan, RunResult], finished: tuple[Path, RunResult]
) -> None:
    planned = plan(looking(finished[0], "{stocks: [600999.SH]}"), run[0].store.root.parent)
    result = execute(planned, show_progress=False)
    (problem,) = result.problems
    assert "no 600999.SH among the" in str(problem)
