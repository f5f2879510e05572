"""Studies: every combination once, what they share once, the best of them with its luck."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.evaluation import FactorReport, chance_above, expected_best
from intralpha.pipeline import (
    RecipeError,
    RunResult,
    StudyError,
    collect_garbage,
    file_study,
    list_runs,
    plan_study,
    render_study,
    run_study,
)
from intralpha.pipeline.study import _tested
from intralpha.pipeline.study_result import StudyResult
from intralpha.pipeline.trials import Study, combinations, space_of
from intralpha.search import Told

from .conftest import begun

LAID = ("data.sources=[]", "combination={kind: equal}")
SIGNS = "factors.simple.signs=[{ret20: -1, vol20: -1}, {ret20: 1, vol20: -1}]"
RATES = "factors.gru.training.learning_rate=[0.01, 0.00001]"


def test_a_grid_is_every_combination_in_order() -> None:
    assert combinations(space_of(["a=[1, {b: [2, null]}]", "c.d=[x, true]"])) == [
        {"a": 1, "c.d": "x"},
        {"a": 1, "c.d": True},
        {"a": {"b": [2, None]}, "c.d": "x"},
        {"a": {"b": [2, None]}, "c.d": True},
    ]


@pytest.mark.parametrize(
    "over", ["a", "=[1]", "a=1", "a=[]", "a=[1", "a={low: 2, high: 1}", "a={low: 1}"]
)
def test_what_cannot_be_varied_is_told(over: str) -> None:
    with pytest.raises(StudyError, match="--over"):
        space_of([over])


def test_a_key_is_varied_once_and_a_grid_has_no_ranges() -> None:
    with pytest.raises(StudyError, match="a twice"):
        space_of(["a=[1]", "a=[2]"])
    with pytest.raises(StudyError, match="a search"):
        combinations(space_of(["a=[1]", "b={low: 1, high: 2}"]))


def test_a_key_that_is_none_is_told_before_anything_is_made(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="unknown key"):
        plan_study(finished[0] / "tiny.yaml", LAID, ["factors.gru.trainin.x=[1]"], tmp_path)
    trials = plan_study(finished[0] / "tiny.yaml", LAID, [SIGNS], tmp_path)
    with pytest.raises(StudyError, match="expected one of signal, gru, simple"):
        run_study(trials, "gruu", show_progress=False)
    assert not (tmp_path / "artifacts").exists()


def test_a_recipe_says_what_its_study_varies(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    """The trials are those of the same words given to --over, which counts before the recipe."""
    recipe = finished[0] / "tiny.yaml"
    key, values = RATES.split("=")
    block = f"study={{factor: simple, over: {{{key}: {values}, grid.every: [3]}}}}"
    own = plan_study(recipe, (*LAID, block), (), tmp_path).trials
    told = plan_study(recipe, LAID, (RATES, "grid.every=[3]"), tmp_path).trials
    assert [trial.settings for trial in own] == [trial.settings for trial in told]
    assert [trial.plan.keys for trial in own] == [trial.plan.keys for trial in told]
    assert len(own) == 2
    (one,) = plan_study(recipe, (*LAID, block), ["grid.every=[4]"], tmp_path).trials
    assert one.settings == {"grid.every": 4}
    assert _tested(one.plan.recipe, None) == "simple"
    with pytest.raises(StudyError, match="in `study` of the recipe"):
        plan_study(recipe, LAID, (), tmp_path)
    for wrong in ("{over: {}}", "{over: {grid.every: []}}", "{trials: 3}"):
        with pytest.raises(RecipeError, match="study"):
            plan_study(recipe, (*LAID, f"study={wrong}"), (), tmp_path)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_trials_share_what_they_have_in_common(
    finished: tuple[Path, RunResult], tmp_path: Path, workers: int
) -> None:
    recipe = finished[0] / "tiny.yaml"
    more = (*LAID, "factors.gru=null", f"workers={workers}")
    study = plan_study(recipe, more, [SIGNS], tmp_path)
    result = run_study(study, show_progress=False)
    assert result.factor == "simple", "the signal is made of nothing else"
    made = {p.parent.name for p in tmp_path.glob("artifacts/test/*/artifact.json")}
    assert len(made) == 2
    sessions = len(plan_study(recipe, more, [SIGNS], tmp_path).trials[0].plan.axes.dates)
    kept = list(tmp_path.glob("artifacts/features/days/*/*"))
    assert len(kept) == sessions, "one of each day, and not one a trial"
    assert result.table["trial"].to_list() == [0, 1]
    assert result.chosen is None
    assert "valid_rank_ic" not in result.to_text(), "nothing was trained"
    assert "highest RankIC in the test" in result.to_text()
    assert [row["problem"] for row in result.table.rows(named=True)] == [None, None]
    _files_the_same_each_time(study, result)


def _files_the_same_each_time(study: Study, result: StudyResult) -> None:
    """A folder of its own each time, no byte of the file another; what it is made of is kept."""
    runs = study.runs
    assert not collect_garbage(runs, dry_run=True).startswith("0 of"), "no run needs it yet"
    one = file_study(study, result)
    again = plan_study(study.recipe, study.overrides, [SIGNS], runs)
    other = file_study(again, run_study(again, show_progress=False))
    assert one.parent == other.parent == runs / "tiny"
    assert one != other
    assert (one / "study.json").read_bytes() == (other / "study.json").read_bytes()
    assert (one / "report.html").read_text() == (runs / "tiny/study.html").read_text()
    assert "simple" in (one / "recipe.yaml").read_text()
    assert collect_garbage(runs, dry_run=True).startswith("0 of")
    assert f"{one}/report.html  study" in list_runs(runs)


@pytest.mark.slow
def test_figures_are_those_of_training_and_test(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = finished[0] / "tiny.yaml"
    more = (*LAID, "factors.simple=null", "factors.gru.seeds=[0]")
    study = plan_study(recipe, more, [RATES], begun(finished[0], tmp_path / "runs"))
    result = run_study(study, "gru", show_progress=False)
    for at, trial in enumerate(study.trials):
        row = result.table.row(at, named=True)
        folders = trial.plan.folders("weights/gru").values()
        histories = [pl.read_parquet(folder / "history.parquet") for folder in folders]
        best = [h.row(h["best_epoch"][0] - 1, named=True)["valid_rank_ic"] for h in histories]
        assert row["valid_rank_ic"] == pytest.approx(np.mean(best))
        assert row["epochs"] == np.mean([len(h) for h in histories])
        assert row["factors.gru.training.learning_rate"] == (0.01, 0.00001)[at]
        (folder,) = trial.plan.folders("test").values()
        reports = [FactorReport.load(part) for part in sorted(folder.iterdir()) if part.is_dir()]
        own = next(report for report in reports if report.name == "gru")
        assert row["rank_ic"] == own.summary["rank_ic"]
        # every third session is tested, returns are of five: every second date is apart
        np.testing.assert_array_equal(result.series[at], own.series["rank_ic"].to_numpy()[::2])
    assert result.chosen == int(np.argmax(result.table["valid_rank_ic"].to_numpy()))
    page = render_study(result, tmp_path / "study.html").read_text()
    assert page.count("<tr>") == 3
    assert "1e-05" in page


@pytest.mark.slow
def test_a_search_asks_for_batches_and_goes_on_where_it_stopped(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    recipe = finished[0] / "tiny.yaml"
    more = (
        *LAID,
        "factors.simple=null",
        "factors.gru.seeds=[0]",
        "factors.gru.training.max_epochs=1",
    )
    key = "factors.gru.training.learning_rate"
    over = [f"{key}={{low: 0.0001, high: 0.1, log: true}}"]
    search = "{kind: tpe, trials: 3, batch: 2, startup: 2}"
    runs = begun(finished[0], tmp_path / "runs")
    study = plan_study(recipe, more, over, runs, search)
    assert (len(study.trials), study.size) == (2, 3)
    table = run_study(study, show_progress=False).table
    rates, reached = table[key].to_list(), table["valid_rank_ic"].to_list()
    assert len(set(rates)) == 3
    assert None not in reached
    told = [Told({key: rate}, value) for rate, value in zip(rates, reached, strict=True)]
    assert study.asked(told) == []
    assert study.search is not None
    assert study.search.ask(study.space, told[:2], 1) == [{key: rates[2]}]
    before = sorted(tmp_path.rglob("artifact.json"))
    again = plan_study(recipe, more, over, runs, search)
    assert run_study(again, show_progress=False).table.equals(table)
    assert sorted(tmp_path.rglob("artifact.json")) == before


def test_a_search_needs_something_that_learns(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    study = plan_study(
        finished[0] / "tiny.yaml", (*LAID, "factors.gru=null"), [SIGNS], tmp_path, "{kind: tpe}"
    )
    with pytest.raises(StudyError, match="simple, of which nothing is trained"):
        run_study(study, show_progress=False)
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("search", ["{kind: nearest}", "{kind: tpe, trials: 0}", "3", "{"])
def test_a_search_that_is_none_is_told(
    finished: tuple[Path, RunResult], tmp_path: Path, search: str
) -> None:
    with pytest.raises(StudyError, match="--search"):
        plan_study(finished[0] / "tiny.yaml", LAID, [SIGNS], tmp_path, search)


def test_the_best_is_measured_against_luck() -> None:
    rng = np.random.default_rng(0)
    series = tuple(rng.standard_normal((3, 60)) + np.array([[0.0], [0.4], [0.1]]))
    rows = {"trial": [0, 1, 2], "a.b": ["x", "y", "z"], "valid_rank_ic": [0.1, None, 0.2]}
    table = pl.DataFrame(rows | {"rank_ic": [0.0, 0.4, math.nan], "problem": [None, None, "torn"]})
    result = StudyResult("f", table, series)
    assert (result.chosen, result.best) == (2, 1)
    luck = expected_best([s.mean() / s.std(ddof=1) for s in series])
    assert result.luck == pytest.approx(luck)
    assert result.deflated == pytest.approx(chance_above(series[1], luck))
    assert "trial 1, a.b = y" in result.to_text()
