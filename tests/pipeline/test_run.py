"""A whole run: what it makes, what it keeps, how it resumes, and that it never looks ahead."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intralpha.pipeline.steps_test import simulated_source

from intralpha.audit.probe import FutureLeakError, NothingComparedError
from intralpha.base import Panel
from intralpha.features import LibraryFeatures
from intralpha.market import Lake
from intralpha.pipeline import (
    Recipe,
    RunResult,
    audit_recipe,
    execute,
    load_recipe,
    plan,
    render_report,
)
from intralpha.pipeline.plan import Workshop
from intralpha.pipeline.run import MissingStepsError

from .conftest import write_recipe

AFTER = date(2023, 7, 31)


def test_a_run_ends_in_a_report_and_a_second_one_does_nothing(
    finished: tuple[Path, RunResult],
) -> None:
    folder, result = finished
    assert [f.name for f in result.factors] == ["gru", "simple", "signal", "oracle"]
    assert result.figures["tracking_error"] > 0
    page = result.report.read_text()
    assert page.count("<h2>Portfolio</h2>") == 1
    assert "seed: 3" in page
    again = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    assert again.to_text().endswith("0 of 10 steps to do")
    before = {p: p.stat().st_mtime_ns for p in (folder / "runs/artifacts").rglob("*.npy")}
    second = execute(again, show_progress=False)
    after = {p: p.stat().st_mtime_ns for p in (folder / "runs/artifacts").rglob("*.npy")}
    assert before == after
    assert second.figures == result.figures


def test_factors_stand_beside_the_oracle(finished: tuple[Path, RunResult]) -> None:
    *factors, oracle = finished[1].factors
    assert "rank_ic_of_oracle" not in oracle.summary
    for factor in factors:
        share = factor.summary["rank_ic"] / oracle.summary["rank_ic"]
        assert factor.summary["rank_ic_of_oracle"] == pytest.approx(share)
        assert factor.summary["rank_ic"] < oracle.summary["rank_ic"]
    assert oracle.summary["dates"] == factors[0].summary["dates"]


def test_real_data_have_no_oracle(recipe: Recipe) -> None:
    assert simulated_source(recipe) is not None
    more = recipe.data.model_copy(update={"sources": recipe.data.sources * 2})
    assert simulated_source(recipe.model_copy(update={"data": more})) is None


def test_before_the_first_run_everything_is_to_do(recipe: Recipe, tmp_path: Path) -> None:
    text = plan(recipe, tmp_path / "runs").to_text()
    assert text.endswith("10 of 10 steps to do")
    assert "known after ingest" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("portfolio.problem.turnover_one_sided=0.3", ["portfolio"]),
        ("factors.gru.model.hidden=5", ["score/gru", "signal", "test", "portfolio"]),
        ("test.factor.n_groups=4", ["test"]),
    ],
)
def test_only_what_a_change_touches_is_made_again(
    finished: tuple[Path, RunResult], change: str, expected: list[str]
) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml", (change,)), folder / "runs")
    assert [s.name for s in planned.steps if not planned.cached(s)] == expected


def test_a_killed_run_goes_on_where_it_stopped(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("intralpha.pipeline.steps_factor.seed_mean", killed)
    with pytest.raises(KeyboardInterrupt):
        execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    monkeypatch.undo()
    monkeypatch.setattr("intralpha.training.jobs.ProcessPoolExecutor", killed)
    resumed = execute(plan(recipe, tmp_path / "runs"), show_progress=False)
    assert resumed.report.is_file()
    assert not list((tmp_path / "runs/artifacts/.work").iterdir())


def test_workers_change_nothing(tmp_path: Path) -> None:
    scores = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        recipe = load_recipe(write_recipe(folder), (f"workers={workers}", "portfolio=null"))
        planned = plan(recipe, folder / "runs")
        execute(planned, show_progress=False)
        planned = plan(recipe, folder / "runs")
        scores.append(Workshop(planned, Lake(planned.lake_root), False).panel("signal").values)
    np.testing.assert_array_equal(*scores)


def test_a_report_needs_finished_steps(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(MissingStepsError, match="not all steps are done"):
        render_report(plan(recipe, tmp_path / "runs"))


def test_scrambling_the_future_changes_nothing_up_to_it(recipe: Recipe, tmp_path: Path) -> None:
    findings = audit_recipe(recipe, AFTER, tmp_path / "audit", show_progress=False)
    names = [f.what for f in findings]
    assert names == [
        "universe",
        "features/gru",
        "score/gru",
        "features/simple",
        "score/simple",
        "signal",
        "target weights",
    ]
    assert all(f.compared > 500 for f in findings)


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
        audit_recipe(simple_recipe, AFTER, tmp_path / "audit", show_progress=False)
    leaking = [f.what for f in caught.value.findings]
    assert leaking == ["features/simple", "score/simple", "signal"]


def test_an_audit_before_the_first_score_proves_nothing_and_says_so(
    simple_recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(NothingComparedError, match="the check compared nothing"):
        audit_recipe(simple_recipe, date(2023, 1, 5), tmp_path / "audit", show_progress=False)


def test_artifacts_tell_how_they_were_made(finished: tuple[Path, RunResult]) -> None:
    folder, _ = finished
    planned = plan(load_recipe(folder / "tiny.yaml"), folder / "runs")
    artifact = Workshop(planned, Lake(planned.lake_root), False).artifact("score/gru")
    assert artifact.facts["data_version"] == planned.data_version
    assert artifact.facts["spec"][0]["model"] == {"kind": "gru", "hidden": 4, "layers": 1}
    assert set(artifact.facts["inputs"]) == {"axes", "features/gru", "label/gru"}
    assert artifact.facts["seconds"] > 0
    assert set(pl.read_parquet(artifact.path / "history.parquet")["seed"]) == {0, 1}
