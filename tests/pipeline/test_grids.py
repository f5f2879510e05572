"""Samples, tests and decisions on grids of their own."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from intralpha.base.node import Node, Slice
from intralpha.datasets import WeekdaySpec
from intralpha.pipeline import Recipe, RunResult, audit_recipe, execute, load_recipe, plan
from intralpha.pipeline.made import finished_factors
from intralpha.pipeline.nodes.portfolio import UnscoredDecisionError, portfolio_nodes
from intralpha.pipeline.report import finished_run

FRIDAYS, MONTH_ENDS = "test.grid={kind: weekday}", "portfolio.grid={kind: month_end}"
MONTH_ENDS_OF_2023 = [
    "2023-01-31",
    "2023-02-28",
    "2023-03-31",
    "2023-04-28",
    "2023-05-31",
    "2023-06-30",
]


def names(node: Node) -> list[str]:
    return [one.name for one in node.slices]


def test_three_grids_lie_apart(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    base = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    apart = plan(load_recipe(folder / "tiny.yaml", (FRIDAYS, MONTH_ENDS)), folder / "runs")
    # What networks learn is made of the samples alone.
    for name in ("label/gru", "weights/gru"):
        assert apart.addresses[name] == base.addresses[name]
    fridays = names(apart.node("forward"))
    assert fridays[:3] == ["2023-01-06", "2023-01-13", "2023-01-20"]
    # The week of 22 June ends on Wednesday: Thursday and Friday were holidays.
    assert "2023-06-21" in fridays
    assert names(apart.node("score/simple")) == sorted({*fridays, *MONTH_ENDS_OF_2023})
    first = names(apart.node("signal"))[0]
    decided = names(apart.node("portfolio"))
    assert decided == [*(day for day in MONTH_ENDS_OF_2023 if day >= first), "end"]
    scored = names(apart.node("score/gru"))
    assert len(scored) > 10
    assert set(scored) == {d for d in names(apart.node("score/simple")) if d >= scored[0]}
    (test,) = apart.node("test").slices
    assert set(test.needs["score/gru"]) == set(scored) & set(fridays)
    assert list(test.needs["universe"]) == fridays


@pytest.mark.slow
def test_a_run_tests_on_fridays_and_decides_at_month_ends(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    folder, _ = finished
    simple = ("data.sources=[]", "factors.gru=null", "combination={kind: single}")
    recipe = load_recipe(folder / "tiny.yaml", (*simple, FRIDAYS, MONTH_ENDS, "grid.every=7"))
    planned = plan(recipe, tmp_path / "runs")
    result = execute(planned, show_progress=False)
    assert not result.problems
    tested = finished_factors(planned)[0].series["date"].to_numpy().astype("datetime64[D]")
    fridays = np.array(names(planned.node("forward")), dtype="datetime64[D]")
    assert len(tested) > 15
    assert np.isin(tested, fridays).all()
    run = finished_run(planned)
    assert run is not None
    assert [str(day) for day in run.targets.dates] == [
        day for day in MONTH_ENDS_OF_2023 if day >= str(run.targets.dates[0])
    ]
    assert len(run.targets.dates) >= 5


def test_a_decision_date_without_a_score_is_an_error(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    signal = planned.node("signal")
    grid = np.array(names(signal), dtype="datetime64[D]")
    sparse = Node("signal", signal.make, signal.spec, (*signal.slices[:4], *signal.slices[5:]))
    with pytest.raises(UnscoredDecisionError, match=f"the first of them is {grid[4]}"):
        portfolio_nodes(planned.recipe, sparse, grid, planned.axes)


def test_a_signal_without_dates_decides_nothing(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    signal = planned.node("signal")
    nothing: tuple[Slice, ...] = ()
    empty = Node("signal", signal.make, signal.spec, nothing)
    *_, portfolio = portfolio_nodes(planned.recipe, empty, planned.axes.dates, planned.axes)
    assert names(portfolio) == ["end"]


def test_the_dry_run_draws_every_training(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    head, legend, _, *lines = planned.timelines().splitlines()
    assert head == "time line of gru"
    assert legend.startswith("= train, . purged, v validation, p predicted")
    assert [line[:10] for line in lines] == [fold.name for fold in planned.folds["gru"]]
    assert len(lines) >= 2
    # Factors with the same dates share one drawing; one that learns nothing has none.
    raw = planned.recipe.factors
    twice = planned.recipe.model_copy(update={"factors": raw | {"other": raw["gru"]}})
    drawn = plan(twice, folder / "runs").timelines()
    assert drawn.splitlines()[0] == "time line of gru, other"
    assert drawn.count("time line of") == 1
    assert "simple" not in drawn


def test_the_report_has_the_dates_of_trainings(finished: tuple[Path, RunResult]) -> None:
    folder, result = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    page = Path(result.report).read_text(encoding="utf-8")
    assert "Training dates" in page
    assert f"<td>{planned.folds['gru'][0].name}</td>" in page.replace(' class="text"', "")


@pytest.mark.slow
def test_a_week_that_ends_early_is_known_without_what_follows(
    simple_recipe: Recipe, tmp_path: Path
) -> None:
    """Wednesday 21 June 2023 is the last session before a holiday: a date, in a world that ends."""
    test = simple_recipe.test.model_copy(update={"grid": WeekdaySpec()})
    recipe = simple_recipe.model_copy(update={"test": test})
    audit = tmp_path / "audit"
    findings = audit_recipe(recipe, date(2023, 6, 21), audit, False, ("removed",))
    assert {f.what for f in findings} >= {"score/simple", "signal"}
    assert all(f.clean for f in findings)
    assert "2023-06-21" in names(plan(recipe, audit / "true").node("score/simple"))
