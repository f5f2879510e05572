"""Trades planned ahead in a recipe: over what a decoder predicts, or told before anything runs."""

from pathlib import Path

import numpy as np
import pytest

from intralpha.backtest import load_run
from intralpha.pipeline import Plan, RecipeError, RunResult, execute, load_recipe, plan

from .conftest import begun

CHANGES = (
    "data.sources=[]",
    "factors.gru.label={kind: y_seq, horizons: 4}",
    "factors.gru.model={kind: seq_decoder, encoder: {kind: transformer, width: 4, heads: 2, "
    "inner: 4}, horizons: 4, heads: 2, inner: 4}",
    "factors.gru.objective={kind: seq_neg_ic}",
    "factors.gru.seeds=[0]",
    "factors.simple=null",
    "combination={kind: single, name: gru}",
)
HOW = "problem: {stock_deviation: 0.05, industry_deviation: 0.1, style_bounds: {size: 0.5}}"


def beside(name: str, keys: str) -> str:
    return f"portfolios.{name}={{factors: {{gru: 1}}, portfolio: {{{HOW}, plan: {keys}}}}}"


@pytest.fixture(scope="module")
def planned(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, RunResult]:
    further = (
        beside("one", "{trades: 1, sessions: 4}"),
        beside("two", "{trades: 2, sessions: 2}"),
    )
    recipe = load_recipe(finished[0] / "tiny.yaml", (*CHANGES, *further))
    work = plan(recipe, begun(finished[0], tmp_path_factory.mktemp("planned") / "runs"))
    return work, execute(work, show_progress=False)


def weights(work: Plan, name: str) -> np.ndarray:
    folders = list(work.folders(name).values())
    return load_run(folders, work.axes.assets).targets.values[:, :, 0]


@pytest.mark.slow
def test_one_trade_over_the_sequence_is_the_ordinary_problem(
    planned: tuple[Plan, RunResult],
) -> None:
    work, result = planned
    assert result.problems == ()
    own = weights(work, "portfolio")
    assert len(own) > 5, "nothing was compared"
    np.testing.assert_allclose(weights(work, "portfolio/one"), own, rtol=0, atol=1e-6)
    assert np.abs(weights(work, "portfolio/two") - own).max() > 1e-3


@pytest.mark.slow
def test_the_plan_reads_what_the_network_gives(planned: tuple[Plan, RunResult]) -> None:
    work, _ = planned
    node = work.node("portfolio/two")
    assert node.inputs["sequence"] == "outputs/gru"
    assert node.slices[0].needs["sequence"] == (node.slices[0].name,)
    assert "sequence" not in node.slices[-1].needs
    assert "sequence" not in work.node("portfolio").inputs
    keys = work.keys
    assert len({keys["portfolio/one"], keys["portfolio/two"], keys["portfolio"]}) == 3
    assert keys["benchmark/two"] == keys["benchmark"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((*CHANGES, "portfolio.plan={trades: 3, sessions: 2}"), "gru predicts 4"),
        (("portfolio.plan={}", "combination={kind: single, name: simple}"), "simple predicts no"),
        (("portfolio.plan={}", "combination={kind: single, name: gru}"), "gru predicts no"),
        (("portfolio.plan={}",), "portfolio.plan: the signal is made of gru, simple"),
        (
            ("portfolios.x={factors: {simple: 1}, portfolio: {plan: {}}}",),
            "portfolios.x.portfolio.plan: simple predicts no sequence",
        ),
    ],
)
def test_a_recipe_whose_factor_gives_no_sequence_is_refused(
    finished: tuple[Path, RunResult], changes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(finished[0] / "tiny.yaml", changes)
