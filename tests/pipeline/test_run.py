"""A whole run: what it makes, what it keeps, how it resumes, and that it never looks ahead."""

from datetime import date
from pathlib import Path
from shutil import rmtree

import numpy as np
import polars as pl
import pytest
from tests.pages import english

from intralpha.audit.probe import FutureLeakError, NothingComparedError
from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore
from intralpha.datasets import CutSpec, Loader
from intralpha.datasets.schedule import NoFoldError
from intralpha.factors import Network
from intralpha.features import LibraryFeatures
from intralpha.market import Lake, UniverseSpec
from intralpha.pipeline import (
    Recipe,
    RunResult,
    audit_recipe,
    certify,
    collect_garbage,
    execute,
    load_recipe,
    plan,
    render_report,
)
from intralpha.pipeline.axes import NoAssetsError
from intralpha.pipeline.nodes.test import simulated_source
from intralpha.pipeline.report import NothingMadeError
from intralpha.pipeline.store import _fault
from intralpha.training import FoldJob, predict_fold, train_fold

from .conftest import SIMPLE, TIMED, begun, same_files

AFTER = date(2023, 5, 30)


def test_a_run_ends_in_a_report_and_a_second_one_does_nothing(
    finished: tuple[Path, RunResult],
) -> None:
    folder, result = finished
    assert [f.name for f in result.factors] == ["gru", "simple", "signal", "oracle"]
    assert result.figures["tracking_error"] > 0
    assert repr(result) == result.to_text()
    page = english(result.report)
    assert page.count("<h2>Portfolio</h2>") == 1
    assert "seed: 3" in page
    assert "seeds on the validation days of each fold" in page
    again = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    assert again.to_text().endswith(" slices to do")
    assert "\n0 of " in again.to_text()
    before = {p: p.stat().st_mtime_ns for p in (folder / "runs/artifacts").rglob("*")}
    second = execute(again, show_progress=False)
    after = {p: p.stat().st_mtime_ns for p in (folder / "runs/artifacts").rglob("*")}
    assert before == after
    assert not any(second.made.values())
    assert second.figures == result.figures
    # Every run keeps its own report; the newest stands beside them.
    assert second.report != result.report
    assert result.report.is_file()
    assert (folder / "runs/tiny/report.html").read_bytes() == second.report.read_bytes()


def test_factors_stand_beside_the_oracle(finished: tuple[Path, RunResult]) -> None:
    *factors, oracle = finished[1].factors
    assert "rank_ic_of_oracle" not in oracle.summary
    for factor in factors:
        share = factor.summary["rank_ic"] / oracle.summary["rank_ic"]
        assert factor.summary["rank_ic_of_oracle"] == pytest.approx(share)
        assert factor.summary["rank_ic"] < oracle.summary["rank_ic"]
    assert oracle.summary["dates"] == factors[0].summary["dates"]
    page = english(finished[1].report)
    assert "<td>share of the oracle's RankIC</td>" in page
    assert "RankIC of oracle" not in page


def test_real_data_have_no_oracle(recipe: Recipe) -> None:
    assert simulated_source(recipe) is not None
    more = recipe.data.model_copy(update={"sources": recipe.data.sources * 2})
    assert simulated_source(recipe.model_copy(update={"data": more})) is None


def test_before_the_first_run_everything_is_to_do(recipe: Recipe, tmp_path: Path) -> None:
    text = plan(recipe, tmp_path / "runs").to_text()
    assert text.endswith("ingest 1 source(s); the rest is known after that")


def test_a_killed_run_goes_on_where_it_stopped(
    finished: tuple[Path, RunResult],
    laid_recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On what was made before there were weights."""
    recipe, trained = laid_recipe, []
    begun(finished[0], tmp_path / "runs")
    for kind in ("weights", "outputs"):
        rmtree(tmp_path / "runs/artifacts" / kind)

    def killed_at_the_third(job: FoldJob) -> None:
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(job.folder)
        train_fold(job)

    monkeypatch.setattr("intralpha.factors.learning.train_fold", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    monkeypatch.undo()
    todo = plan(recipe, tmp_path / "runs")
    missing = {n.name: len(todo.missing(n)) for n in todo.nodes}
    assert missing["features/gru"] == 0
    assert missing["weights/gru"] == len(todo.node("weights/gru").slices) - 2
    resumed = execute(todo, show_progress=False)
    assert resumed.report.is_file()
    assert resumed.made["weights/gru"] == missing["weights/gru"]
    assert not (tmp_path / "runs/artifacts/.work").exists()


def test_what_is_finished_is_reported_when_a_later_stage_fails(
    finished: tuple[Path, RunResult],
) -> None:
    folder, result = finished
    change = "portfolio.problem.style_bounds={beauty: 0.5}"  # no such exposure
    recipe = load_recipe(folder / "tiny.yaml", (change,))
    broken = execute(plan(recipe, folder / "runs"), show_progress=False)
    assert [f.summary["rank_ic"] for f in broken.factors] == [
        f.summary["rank_ic"] for f in result.factors
    ]
    assert broken.figures == {}
    (problem,) = broken.problems
    assert "beauty" in str(problem)
    assert "portfolio: " in broken.report.read_text()


@pytest.mark.slow
def test_workers_change_nothing(finished: tuple[Path, RunResult], tmp_path: Path) -> None:
    """Every file that is kept is the same, byte for byte, but for the time of its making."""
    folder, _ = finished  # by one worker
    assert load_recipe(folder / "tiny.yaml").workers == 1
    shared = load_recipe(folder / "tiny.yaml", ("workers=2", "data.sources=[]"))
    execute(plan(shared, tmp_path / "runs"), show_progress=False)
    alone = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    assert same_files(alone, plan(shared, tmp_path / "runs")) > 300
    assert not (tmp_path / "runs/artifacts/.work").exists()


def kept(runs: Path) -> dict[str, bytes]:
    """What a store has, but for what says when it was made."""
    files = [p for p in (runs / "artifacts").rglob("*") if p.is_file() and "made" not in p.parts]
    return {str(p.relative_to(runs)): p.read_bytes() for p in files if p.name not in TIMED}


@pytest.mark.slow
def test_what_was_damaged_is_found_and_made_again(simple_recipe: Recipe, tmp_path: Path) -> None:
    """A day that something is made of, and a test that the report shows; the store has the rest."""
    runs, store = tmp_path / "runs", tmp_path / "runs/artifacts"
    planned = plan(simple_recipe, runs)
    first = execute(planned, show_progress=False)
    expected = kept(runs)
    scored = planned.node("score/simple").slices[20].name
    day = planned.addresses["features/simple"][scored]
    tables = sorted((store / "test").rglob("series.parquet"))
    for path in (planned.store.addresses()["features", day], tables[0]):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    for kind in ("score", "signal"):
        rmtree(store / kind)
    _fault.cache_clear()  # as in the next process
    again = execute(plan(simple_recipe, runs), show_progress=False)
    assert again.problems == ()
    assert again.made["features/simple"] == 1
    assert again.made["test"] == 1
    assert kept(runs) == expected
    assert [f.summary for f in again.factors] == [f.summary for f in first.factors]


def test_a_report_needs_finished_steps(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(NothingMadeError, match="no test is made yet"):
        render_report(plan(recipe, tmp_path / "runs"), tmp_path / "report.html")


@pytest.mark.slow
def test_scrambling_the_future_changes_nothing_up_to_it(
    finished: tuple[Path, RunResult], tmp_path: Path
) -> None:
    one_seed = ("data.sources=[]", "factors.gru.seeds=[0]")
    recipe = load_recipe(finished[0] / "tiny.yaml", one_seed)
    findings = audit_recipe(recipe, AFTER, tmp_path / "audit", False, ("noise",))
    names = [f.what for f in findings]
    assert names == [
        "universe",
        "features/gru",
        "seen/gru",
        "outputs/gru",
        "score/gru",
        "features/simple",
        "score/simple",
        "signal",
        "benchmark",
        "exposures",
        "target weights",
    ]
    assert all(f.compared > 500 for f in findings)


@pytest.mark.slow
def test_a_cheat_is_caught_where_it_enters(
    simple_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = LibraryFeatures.compute

    def tomorrow(
        self: LibraryFeatures, lake: Lake, dates: np.ndarray, assets: np.ndarray, into: Path | None
    ) -> Panel:
        panel = honest(self, lake, dates, assets)
        if "vol20" in self.names:
            panel.values[:-1] = panel.values[1:].copy()
        if into is not None:
            panel.save(into)
        return panel

    monkeypatch.setattr(LibraryFeatures, "compute", tomorrow)
    with pytest.raises(FutureLeakError, match="features/simple") as caught:
        certify(simple_recipe, (AFTER,), tmp_path / "audit", ("noise",))
    leaking = [f.what for f in caught.value.findings]
    assert leaking == ["features/simple", "score/simple", "signal"]
    page = english(tmp_path / "audit" / "certificate.html")
    for said in ("looks ahead", "What looked ahead", str(caught.value).splitlines()[1].strip()):
        assert said in page, said
    assert "does not look ahead" not in page


@pytest.mark.slow
def test_an_audit_before_the_first_score_proves_nothing_and_says_so(
    simple_recipe: Recipe, tmp_path: Path
) -> None:
    for day in (date(2023, 1, 5), date(2023, 1, 2)):
        with pytest.raises(NothingComparedError, match="the check compared nothing"):
            audit_recipe(simple_recipe, day, tmp_path / "audit", show_progress=False)


def test_artifacts_tell_how_they_were_made(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    node = planned.node("weights/gru")
    one = node.slices[0]
    artifact = planned.store.get("weights", planned.addresses[node.name][one.name])
    assert artifact.facts["spec"]["model"] == {
        "kind": "gru",
        "hidden": 4,
        "layers": 1,
        "layer_scores": False,
        "head": {"kind": "bn_sigmoid", "orthogonal": False},
    }
    assert artifact.facts["inputs"] == {
        "seen": "seen/gru",
        "universe": "universe",
        "label": "label/gru",
    }
    assert artifact.facts["slice"] == one.name
    assert artifact.facts["seconds"] > 0
    history = pl.read_parquet(artifact.path / "history.parquet")
    assert set(history["seed"]) == {one.about["seed"]}
    assert set(history["fold"]) == {one.name[:10]}


def test_weights_of_an_old_run_predict_any_later_date(finished: tuple[Path, RunResult]) -> None:
    """What was learned is loaded as it is and gives the scores that the run kept."""
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    outputs, weights = planned.node("outputs/gru"), planned.addresses["weights/gru"]
    last = outputs.slices[-1]
    spec = planned.recipe.factors["gru"]
    assert isinstance(spec, Network)
    keys = {n: planned.addresses[n] for n in ("seen/gru", "universe")}
    assets = planned.axes.assets
    for name, kind in (("seen/gru", "seen"), ("universe", "universe")):
        days = [(date.fromisoformat(d), keys[name][d]) for d in last.needs[kind]]
        planned.store.panel(kind, days, assets, folder / "laid" / kind)
    cut = CutSpec(window_days=spec.window_days)
    load = Loader.of(folder / "laid/seen", folder / "laid/universe", None, None, cut)
    day = np.array([last.name], dtype="datetime64[D]")
    parts = [
        predict_fold(planned.store.get("weights", weights[n]).path, load, spec.model, day)["score"]
        for n in last.needs["weights"]
    ]
    kept = planned.store.panel(
        "score", [(day[0].item(), planned.addresses["score/gru"][last.name])], assets
    )
    np.testing.assert_array_equal(mean_zscore(parts).astype(np.float32), kept["score"])
    assert np.isfinite(kept["score"]).sum() > 30


@pytest.mark.slow
def test_gc_deletes_what_no_run_needs(simple_recipe: Recipe, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    execute(plan(simple_recipe, runs), show_progress=False)
    other = simple_recipe.model_copy(update={"universe": UniverseSpec(min_listed_days=30)})
    second = execute(plan(other, runs), show_progress=False)
    kept = len(plan(other, runs).store.addresses())
    assert collect_garbage(runs, dry_run=False).startswith("0 of ")
    rmtree(second.report.parent)
    told = collect_garbage(runs, dry_run=True)
    assert len(plan(other, runs).store.addresses()) == kept
    assert collect_garbage(runs, dry_run=False) == told.replace("would be deleted", "deleted")
    left = plan(simple_recipe, runs)
    assert not any(left.missing(node) for node in left.nodes)
    assert len(left.store.addresses()) < kept


@pytest.mark.slow
def test_another_recipe_in_the_same_lake_changes_nothing(recipe_path: Path, tmp_path: Path) -> None:
    short = "data.sources=[{kind: simulated, seed: 3, n_assets: 60, start: 2023-01-03, "
    short += "end: 2023-04-28, freq: 30, habits: {orders_per_day: 150}}]"
    simple_recipe, runs = load_recipe(recipe_path, (*SIMPLE, short)), tmp_path / "runs"
    first = execute(plan(simple_recipe, runs), show_progress=False)
    lake = Lake(Path(simple_recipe.data.lake))
    rows = lake.scan("daily").filter(pl.col("symbol") == lake_symbols(lake)[0]).collect()
    strange = rows.with_columns(pl.lit("688999.SH").alias("symbol"))
    lake.append("daily", strange)
    instruments = lake.scan("instruments").head(1).collect()
    lake.append("instruments", instruments.with_columns(pl.lit("688999.SH").alias("symbol")))
    again = plan(simple_recipe, runs)
    assert "688999.SH" not in again.axes.assets
    second = execute(again, show_progress=False)
    assert [f.summary for f in second.factors] == [f.summary for f in first.factors]
    whole = simple_recipe.data.model_copy(update={"part": "lake"})
    wider = plan(simple_recipe.model_copy(update={"data": whole}), runs)
    assert "688999.SH" in wider.axes.assets


def lake_symbols(lake: Lake) -> list[str]:
    return lake.scan("daily").select("symbol").unique().sort("symbol").collect()["symbol"].to_list()


@pytest.mark.parametrize("key", ["universe", "test"])
def test_an_index_of_which_no_member_is_known_is_named(
    simple_recipe: Recipe, tmp_path: Path, key: str
) -> None:
    field = {"universe": "indices", "test": "within"}[key]
    part = getattr(simple_recipe, key).model_copy(update={field: ("000999.SH",)})
    with pytest.raises(NoAssetsError, match=r"no members of 000999\.SH\.\nHint: it has members of"):
        plan(simple_recipe.model_copy(update={key: part}), tmp_path)


def test_an_index_without_constituents_is_refused_before_any_work(
    finished: tuple[Path, RunResult],
) -> None:
    folder, _ = finished
    change = "portfolio.benchmark={kind: index, index: 000300.SH}"  # the lake has members of others
    with pytest.raises(NoAssetsError, match=r"no members of 000300\.SH"):
        plan(load_recipe(folder / "tiny.yaml", (change,)), folder / "runs")


def test_a_schedule_without_trainings_names_its_factor(finished: tuple[Path, RunResult]) -> None:
    schedule = "{kind: rolling, train_days: 4000, valid_days: 8, step_days: 40}"
    changes = ("data.sources=[]", f"factors.gru.schedule={schedule}")
    planned = plan(load_recipe(finished[0] / "tiny.yaml", changes), finished[0] / "runs")
    with pytest.raises(NoFoldError, match=r"^factor gru: schedule kind='rolling'"):
        _ = planned.nodes
