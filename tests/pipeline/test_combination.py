"""Weights from RankICs in a recipe: those whose returns are over, and no others."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from pydantic import TypeAdapter
from scipy.stats import spearmanr

from intralpha.audit.probe import FutureLeakError
from intralpha.combination import CombinerSpec, weights_over_time
from intralpha.labels import fwd_buyable
from intralpha.market import Lake
from intralpha.pipeline import (
    Plan,
    Recipe,
    RunResult,
    audit_recipe,
    execute,
    load_recipe,
    plan,
)
from intralpha.pipeline.nodes import combination as nodes

AHEAD, OBSERVATIONS, LEAST = 6, 12, 5
LIBRARY = "features: {kind: library, library: price_volume, names: [%s]}, signs: {%s: -1}"
RULE = "{kind: icir_weight, observations: 12, min_observations: 5}"
FACTORS = ", ".join(
    f"{name}: {{kind: zscore_mean, {LIBRARY % (name, name)}}}" for name in ("ret20", "vol20")
)
CHOICES = (
    "data.sources=[]",
    f"factors={{{FACTORS}}}",
    f"combination={RULE}",
    "portfolio=null",
)


@pytest.fixture(scope="module")
def recipe(finished: tuple[Path, RunResult]) -> Recipe:
    return load_recipe(finished[0] / "tiny.yaml", CHOICES)


@pytest.fixture(scope="module")
def run(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("icir")
    result = execute(plan(recipe, folder), show_progress=False)
    assert result.problems == ()
    return plan(recipe, folder)


def rank_ics_by_hand(run: Plan) -> list[tuple[int, list[float]]]:
    """Of each date of the signal the session that ends its return, and a RankIC a factor: Spearman
    by SciPy over returns by Polars.
    """
    sessions = run.lake.dates("daily")
    daily = run.lake.scan("daily").select(
        "date", "symbol", price=pl.col("close") * pl.col("adj_factor"), volume="volume"
    )
    close = daily.collect().pivot(on="symbol", index="date", values="price").sort("date")
    price = close.select(run.axes.assets.tolist()).fill_null(strategy="forward").to_numpy()
    universe = run.panel("universe")
    scores = [run.panel(f"score/{name}") for name in ("ret20", "vol20")]
    found = []
    for t in run.panel("signal").dates[:-1]:
        place, day = int(np.searchsorted(sessions, t)), np.array([t])
        if place + AHEAD >= len(sessions):
            continue
        ret = price[place + AHEAD] / price[place + 1] - 1
        inside = universe.at(day)["universe"][0] > 0
        inside &= fwd_buyable(run.lake, day, run.axes.assets)[0]
        row = []
        for panel in scores:
            score = panel.at(day)["score"][0]
            kept = inside & np.isfinite(score) & np.isfinite(ret)
            row.append(spearmanr(score[kept], ret[kept])[0] if kept.sum() > 9 else np.nan)
        found.append((place + AHEAD, row))
    return found


def weights_by_hand(ends: list[tuple[int, list[float]]], today: int) -> np.ndarray:
    """What weighs the factors in a session, by the RankICs whose returns are over then."""
    over = [row for end, row in ends if end <= today]
    ics = np.array(over)[-OBSERVATIONS:] if over else np.empty((0, 2))
    ratio = np.zeros(2)
    for k in range(2):
        seen = ics[np.isfinite(ics[:, k]), k]
        if len(seen) >= LEAST:
            ratio[k] = max(seen.mean() / seen.std(ddof=1), 0.0)
    return ratio / ratio.sum() if ratio.sum() > 0 else np.full(2, 0.5)


def weights_of(run: Plan, at: int) -> np.ndarray:
    """What the signal is made with, by least squares on the z-scores over the universe."""
    signal = run.panel("signal")
    day = signal.dates[[at]]
    inside = run.panel("universe").at(day)["universe"][0] > 0
    columns = []
    for name in ("ret20", "vol20"):
        score = run.panel(f"score/{name}").at(day)["score"][0].astype(np.float64)
        score = np.where(inside, score, np.nan)
        columns.append((score - np.nanmean(score)) / np.nanstd(score))
    x, y = np.stack(columns, axis=1), signal["score"][at].astype(np.float64)
    kept = np.isfinite(x).all(axis=1) & np.isfinite(y)
    assert kept.sum() > 20
    return np.linalg.lstsq(x[kept], y[kept], rcond=None)[0]


def test_a_signal_is_weighed_by_finished_rank_ics(run: Plan) -> None:
    dates, sessions = run.panel("signal").dates, run.lake.dates("daily")
    ends = rank_ics_by_hand(run)
    unequal = 0
    for at in range(len(dates) - 1, 8, -7):
        expected = weights_by_hand(ends, int(np.searchsorted(sessions, dates[at])))
        np.testing.assert_allclose(weights_of(run, at), expected, atol=2e-3)
        unequal += abs(expected[0] - 0.5) > 0.02
    assert unequal >= 3, "the rule was not put to use"


def test_no_return_is_needed_before_it_is_over(run: Plan) -> None:
    sessions = run.lake.dates("daily")
    matured, learned = run.node("matured"), run.node("combination")
    ends = {
        s.name: sessions[int(np.searchsorted(sessions, np.datetime64(s.name))) + AHEAD].item()
        for s in matured.slices
    }
    assert [s.about for s in matured.slices] == list(ends.values())
    assert {read.ahead for read in matured.reads} <= {1, AHEAD}
    counts = []
    for one in learned.slices:
        needed = one.needs["matured"]
        assert all(ends[d] <= date.fromisoformat(one.name) for d in needed)
        counts.append(len(needed))
    assert counts[0] == 0
    assert counts[-1] == OBSERVATIONS


@pytest.mark.slow
def test_the_audit_finds_nothing(run: Plan, recipe: Recipe, tmp_path: Path) -> None:
    findings = audit_recipe(recipe, date(2023, 5, 26), tmp_path, False, ("noise",))
    compared = {f.what: f.compared for f in findings}
    assert compared.pop("combination") > 10
    assert min(compared.values()) > 500


@pytest.mark.slow
def test_a_rule_that_takes_returns_as_known_at_once_is_caught(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = nodes.matured_node

    def at_once(*args):
        node = honest(*args)
        assert node is not None
        early = [replace(s, about=date.fromisoformat(s.name)) for s in node.slices]
        return replace(node, slices=tuple(early))

    monkeypatch.setattr("intralpha.pipeline.nodes.matured_node", at_once)
    with pytest.raises(FutureLeakError, match="signal"):
        audit_recipe(recipe, date(2023, 5, 26), tmp_path, False, ("noise",))


@pytest.mark.slow
def test_a_lake_that_grows_leaves_old_signals(run: Plan, recipe: Recipe, tmp_path: Path) -> None:
    """Up to a date the addresses are those of a lake that ends on it."""
    sessions, upto = run.lake.dates("daily"), run.lake.dates("daily")[100]
    small = Lake(tmp_path / "lake", create=True)
    for table in ("instruments", "industry", "membership", "daily", "bars", "corporate_actions"):
        rows = run.lake.scan(table).collect()
        if "date" in rows.columns:
            rows = rows.filter(pl.col("date") <= upto.item())
        small.append(table, rows)
    data = recipe.data.model_copy(update={"lake": str(small.root)})
    other = plan(recipe.model_copy(update={"data": data}), tmp_path / "runs")
    execute(other, show_progress=False)
    again = plan(other.recipe, tmp_path / "runs").panel("signal")
    whole = run.panel("signal").at(again.dates).reindex(again.dates, again.assets)
    np.testing.assert_array_equal(again.values, whole.values)
    assert len(again.dates) > 25
    assert again.dates[-1] > sessions[90]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "rule",
    [
        "{kind: tree_weight, min_observations: 5, rounds: 3}",
        "{kind: roll_reg, min_observations: 5}",
        "{kind: corr_weight, observations: 5}",
        "{kind: horizon_choice, horizons: [[1, 2], [1, 6]], min_observations: 5}",
    ],
)
def test_a_rule_learns_on_its_grid_and_the_report_shows_it(
    recipe: Recipe, run: Plan, rule: str
) -> None:
    """Between two dates of the grid a signal rests on what was learned on the earlier one."""
    other = load_recipe_of(recipe, rule)
    planned = plan(other, run.store.root.parent)
    result = execute(planned, show_progress=False)
    assert result.problems == ()
    assert {kind for kind, made in result.made.items() if made} <= {
        "matured", "combination", "signal", "test",
    }  # fmt: skip
    learned = weights_over_time(planned.folders("combination"))
    grid = {one.name for one in planned.node("combination").slices}
    assert set(learned["date"].cast(pl.String)) == grid
    assert learned["weight"].is_finite().all()
    for one in planned.node("signal").slices:
        assert one.about == max(day for day in grid if day <= one.name)
    assert len(grid) < len(planned.node("signal").slices)
    assert "Weights of the combination" in result.report.read_text()
    assert np.isfinite(planned.panel("signal")["score"]).sum() > 500


def load_recipe_of(recipe: Recipe, rule: str) -> Recipe:
    spec = TypeAdapter(CombinerSpec).validate_python(yaml.safe_load(rule))
    return recipe.model_copy(update={"combination": spec})
