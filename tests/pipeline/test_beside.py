"""Portfolios beside a recipe's own: nodes of their own, shared where equal; mixtures of them."""

from pathlib import Path

import numpy as np
import pytest

from intralpha.pipeline import Plan, RecipeError, RunResult, execute, load_recipe, plan, run_tables
from intralpha.pipeline.compare import PastRun
from intralpha.pipeline.export import past_tables
from intralpha.pipeline.report import finished_courses

from .conftest import begun

CHANGES = (
    "data.sources=[]",
    "factors.gru=null",
    "factors.calm={kind: zscore_mean, features: {kind: library, library: price_volume, "
    "names: [vol20]}, signs: {vol20: -1}}",
    "combination={kind: single, name: simple}",
    "portfolio.figures=s003",
)
FURTHER = (
    "portfolios.same={}",
    "portfolios.calm={factors: {calm: 1}}",
    "portfolios.wide={portfolio: {problem: {stock_deviation: 0.02}}}",
    "portfolios.half={mixture: {portfolio: 0.5, calm: 0.5}}",
)


@pytest.fixture(scope="module")
def beside(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, RunResult]:
    recipe = load_recipe(finished[0] / "tiny.yaml", (*CHANGES, *FURTHER))
    planned = plan(recipe, begun(finished[0], tmp_path_factory.mktemp("beside") / "runs"))
    return planned, execute(planned, show_progress=False)


@pytest.mark.slow
def test_each_is_replayed_and_what_is_the_same_is_made_once(
    beside: tuple[Plan, RunResult],
) -> None:
    planned, result = beside
    assert result.problems == ()
    keys = planned.keys
    assert keys["portfolio/same"] == keys["portfolio"]
    assert result.made["portfolio"] > 5
    assert result.made["portfolio/same"] == 0
    assert len({keys[f"portfolio{n}"] for n in ("", "/calm", "/wide")}) == 3
    assert keys["benchmark/calm"] == keys["benchmark"] == keys["benchmark/wide"]
    courses = finished_courses(planned)
    assert list(courses) == ["portfolio", "same", "calm", "wide", "half"]
    half = (courses["portfolio"].ret + courses["calm"].ret) / 2
    np.testing.assert_allclose(courses["half"].ret, half, rtol=0, atol=1e-15)
    assert np.abs(courses["portfolio"].ret - courses["calm"].ret).max() > 1e-4


@pytest.mark.slow
def test_the_report_has_a_line_of_each(beside: tuple[Plan, RunResult]) -> None:
    page = beside[1].report.read_text()
    part = page[page.index("Portfolios side by side") :]
    for name in ("portfolio", "same", "calm", "wide", "half"):
        assert f">{name}</" in part, name
    assert "Returns by year" in part


@pytest.mark.slow
def test_every_table_of_each_is_exported(beside: tuple[Plan, RunResult]) -> None:
    planned, result = beside
    tables = run_tables(planned)
    lines = tables["portfolios"]
    assert lines["portfolio"].to_list() == ["portfolio", "same", "calm", "wide"]
    assert lines["excess_ret"][0] == result.figures["excess_ret"] == lines["excess_ret"][1]
    assert lines["excess_ret"][2] != lines["excess_ret"][0]
    years = tables["portfolios/Returns by year"]
    assert years["series"].to_list() == ["portfolio", "same", "calm", "wide", "half"]
    for name in ("daily", "fills", "holdings", "yearly"):
        assert tables[f"portfolios/same/{name}"].equals(tables[f"portfolio/{name}"])
    daily = tables["portfolios/calm/daily"]
    assert daily["ret"].to_list() == finished_courses(planned)["calm"].ret.tolist()
    filed = past_tables(PastRun.open(str(result.report.parent), planned.store.root.parent))
    assert filed["portfolios"].equals(lines)
    assert {name for name in filed if name.startswith("portfolios/")} <= set(tables)
    assert "portfolios/calm/fills" in filed


@pytest.mark.slow
def test_the_recipes_own_portfolio_stays_where_it_was(
    beside: tuple[Plan, RunResult], finished: tuple[Path, RunResult]
) -> None:
    planned = beside[0]
    alone = plan(load_recipe(finished[0] / "tiny.yaml", CHANGES), planned.store.root.parent)
    assert {name: planned.keys[name] for name in alone.keys} == alone.keys


def test_a_rule_of_its_own_is_that_of_a_recipe_that_has_it(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    """What it learns, its signal and its replay have the same addresses in both."""
    rule = "{kind: factor_premium, factors: [calm, simple], min_observations: 3}"
    further = f"portfolios.paid={{combination: {rule}}}"
    runs = begun(finished[0], tmp_path / "runs")
    path = finished[0] / "tiny.yaml"
    beside = plan(load_recipe(path, (*CHANGES, further)), runs).keys
    alone = plan(load_recipe(path, (*CHANGES, f"combination={rule}")), runs).keys
    for name in ("matured", "combination", "signal", "portfolio", "attribution"):
        assert beside[f"{name}/paid"] == alone[name], name
    assert beside["portfolio"] != alone["portfolio"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("portfolios.x={factors: {none: 1}}", "portfolios.x.factors: no none"),
        ("portfolios.x={mixture: {none: 1}}", "portfolios.x.mixture: no none"),
        ("portfolios.x={mixture: {portfolio: 0.5}}", "expected sum 1"),
        ("portfolios.x={mixture: {portfolio: 1}, factors: {calm: 1}}", "no factors"),
        ("portfolios.x={combination: {kind: single, name: none}}", "portfolios.x.combination: "),
        ("portfolios.x={combination: {kind: equal}, factors: {calm: 1}}", "expected one of them"),
        ("portfolios.portfolio={}", "other than portfolio"),
        ("portfolios.x={portfolio: {grid: {kind: month_end}}}", "grid and every are those of"),
    ],
)
def test_what_does_not_fit_is_named(
    finished: tuple[Path, RunResult], change: str, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(finished[0] / "tiny.yaml", (*CHANGES, change))


@pytest.mark.parametrize(
    ("other", "fits"), [("{kind: equal}", False), ("{kind: float_cap}", True), ("null", True)]
)
def test_a_mixture_has_one_benchmark(
    finished: tuple[Path, RunResult], other: str, fits: bool
) -> None:
    """Told before anything is made, not by the report after all of it."""
    own = "portfolio.benchmark={kind: float_cap}"
    part = f"portfolios.x={{portfolio: {{benchmark: {other}}}}}"
    if other == "null":
        part = "portfolios.x={}"
    further = (own, part, "portfolios.half={mixture: {portfolio: 0.5, x: 0.5}}")
    if fits:
        assert load_recipe(finished[0] / "tiny.yaml", (*CHANGES, *further)).portfolios["half"]
        return
    with pytest.raises(RecipeError, match=r"half\.mixture: expected one benchmark"):
        load_recipe(finished[0] / "tiny.yaml", (*CHANGES, *further))


def test_none_stands_beside_nothing(finished: tuple[Path, RunResult]) -> None:
    with pytest.raises(RecipeError, match="beside which they stand"):
        load_recipe(finished[0] / "tiny.yaml", (*CHANGES[:-1], FURTHER[0], "portfolio=null"))
