"""A finished run told to MLflow: all of it, once, and after the work."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.commands import command

from intralpha.base import ConfigError
from intralpha.cli.check import resolved
from intralpha.pipeline import RunResult, execute, load_recipe, plan
from intralpha.pipeline.made import finished_factors, training_history
from intralpha.pipeline.mlflow_log import RUN, TRIAL, log_run
from intralpha.pipeline.mlflow_spec import NEEDED, MlflowSpec, NoMlflowError
from intralpha.pipeline.recipe import RecipeError
from intralpha.pipeline.study import run_study
from intralpha.pipeline.trials import plan_study

from .conftest import SIMPLE, begun

FEW = (
    "data.sources=[]", "portfolio=null", "combination={kind: single, name: gru}",
    "factors.simple=null", "factors.gru.seeds=[0]",
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore")  # of its many packages


def installed() -> None:
    for name in NEEDED:
        pytest.importorskip(name, reason="intralpha[mlflow] is not installed")


def told(uri: str) -> tuple[Any, list[Any]]:
    """A client, and the runs that a data base holds."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    known = client.get_experiment_by_name("intralpha")
    return client, [] if known is None else client.search_runs([known.experiment_id])


@pytest.fixture(scope="module")
def run(
    finished: tuple[Path, RunResult], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, RunResult]:
    """Recipe, folder of the runs, and a run that was told with the defaults."""
    installed()
    runs = tmp_path_factory.mktemp("told") / "runs"
    path = finished[0] / "tiny.yaml"
    result = execute(plan(load_recipe(path, (*FEW, "mlflow={}")), runs), show_progress=False)
    assert result.problems == ()
    return path, runs, result


def test_settings_curves_figures_and_the_page_are_told(run: tuple[Path, Path, RunResult]) -> None:
    path, runs, result = run
    client, (one,) = told(f"sqlite:///{runs / 'mlflow.db'}")
    assert (one.info.run_id, one.info.status) == (result.mlflow, "FINISHED")
    assert one.info.run_name == "tiny"
    assert one.data.params["factors.gru.training.learning_rate"] == "0.01"
    assert one.data.params["factors.gru.features.names"] == (
        '["bar_ret", "bar_range", "bar_val_share"]'
    )
    assert not [key for key in one.data.params if key.startswith(("mlflow", "workers"))]
    planned = plan(load_recipe(path, FEW), runs)
    history = training_history(planned)
    assert history is not None
    curves = 0
    for (fold, seed), rows in history.group_by("fold", "seed"):
        for column in ("train_loss", "valid_rank_ic"):
            kept = client.get_metric_history(result.mlflow, f"gru/{fold}/seed {seed}/{column}")
            by_epoch = {point.step: point.value for point in kept}
            expected = rows.filter(pl.col(column).is_finite())
            assert by_epoch == dict(expected.select("epoch", column).iter_rows())
            curves += len(by_epoch)
    assert curves > 6
    (gru,) = (f for f in finished_factors(planned) if f.name == "gru")
    assert one.data.metrics["test/gru/rank_ic"] == gru.summary["rank_ic"]
    kept = {item.path for item in client.list_artifacts(result.mlflow)}
    assert kept == {"report.html", "recipe.yaml"}
    (page,) = (runs / "mlflow").rglob("report.html")
    assert page.read_bytes() == result.report.read_bytes()


def test_the_same_run_is_told_once(run: tuple[Path, Path, RunResult]) -> None:
    path, runs, result = run
    for more in (("mlflow={}",), ("mlflow={}", "workers=2")):
        again = execute(plan(load_recipe(path, (*FEW, *more)), runs), show_progress=False)
        assert not any(again.made.values())
        assert again.mlflow == result.mlflow
    client, (one,) = told(f"sqlite:///{runs / 'mlflow.db'}")
    points = client.get_metric_history(one.info.run_id, "test/gru/rank_ic")
    assert len(points) == 1


def test_one_that_was_cut_off_is_replaced_and_another_run_stands_beside_it(
    run: tuple[Path, Path, RunResult], tmp_path: Path
) -> None:
    path, runs, result = run
    uri = f"sqlite:///{tmp_path / 'other.db'}"
    planned = plan(load_recipe(path, (*FEW, f"mlflow={{uri: '{uri}'}}")), runs)
    first = log_run(planned, result.report.parent)
    client, (one,) = told(uri)
    client.set_tag(first, "intralpha.content", "half of it")  # as of a process that was killed
    other = client.create_run(one.info.experiment_id, tags={RUN: "another"}).info.run_id
    second = log_run(planned, result.report.parent)
    client, kept = told(uri)
    assert {r.info.run_id for r in kept} == {second, other}
    assert first != second
    (new,) = (r for r in kept if r.info.run_id == second)
    assert new.data.metrics == one.data.metrics
    assert new.data.params == one.data.params


def test_trials_of_a_study_are_runs(finished: tuple[Path, RunResult], tmp_path: Path) -> None:
    installed()
    over = ["factors.simple.signs.ret20=[-1, 1]"]
    more = ("data.sources=[]", *SIMPLE, "mlflow={}")
    study = plan_study(finished[0] / "tiny.yaml", more, over, begun(finished[0], tmp_path / "runs"))
    result = run_study(study, show_progress=False)
    for _ in range(2):  # once, however often it is asked for
        _, runs = told(f"sqlite:///{tmp_path / 'runs/mlflow.db'}")
        assert sorted(one.data.tags[TRIAL] for one in runs) == [
            "factors.simple.signs.ret20 = -1",
            "factors.simple.signs.ret20 = 1",
        ]
        found = {one.data.tags[TRIAL]: one for one in runs}
        for at, row in enumerate(result.table.iter_rows(named=True)):
            one = found[result.told(at)]
            assert one.info.run_name == f"tiny: {result.told(at)}"
            assert one.data.metrics["test/simple/rank_ic"] == row["rank_ic"]
        run_study(study, show_progress=False)


def test_a_failure_of_it_loses_nothing_and_is_told(
    run: tuple[Path, Path, RunResult], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, runs, _ = run
    uri = f"sqlite:///{tmp_path / 'nowhere' / 'else' / 'a.db'}"
    (tmp_path / "nowhere").write_text("a file, no folder")
    recipe = load_recipe(path, (*FEW, f"mlflow={{uri: '{uri}'}}"))
    result = execute(plan(recipe, runs), show_progress=False)
    assert (result.mlflow, result.problems) == ("", ())
    assert result.report.is_file()
    assert "the run is finished, but MLflow could not be told" in caplog.text


def test_nothing_is_sent_home(run: tuple[Path, Path, RunResult]) -> None:
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert run[2].mlflow
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert is_telemetry_disabled()


def test_without_the_extra_check_and_run_say_so_before_any_work(
    finished: tuple[Path, RunResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intralpha.pipeline.mlflow_spec.NEEDED", ("no_such_package_of_mlflow",))
    path = finished[0] / "tiny.yaml"
    planned = plan(load_recipe(path, (*FEW, "mlflow={}")), tmp_path / "runs")
    with pytest.raises(NoMlflowError, match=r"pip install 'intralpha\[mlflow\]'"):
        execute(planned, show_progress=False)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(NoMlflowError, match="no_such_package_of_mlflow is not installed"):
        resolved(path, ("mlflow={}",))
    assert "mlflow: null" in resolved(path, ())


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="intralpha[mlflow] is installed")
def test_the_command_says_so_too(finished: tuple[Path, RunResult]) -> None:
    said = command("check", str(finished[0] / "tiny.yaml"), "--set", "mlflow={}")
    assert said.returncode == 2
    assert "pip install 'intralpha[mlflow]'" in said.stderr


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("mlruns", "no runs in plain folders"),
        ("file:///tmp/mlruns", "no runs in plain folders"),
        ("postgresql://me:secret@host/db", "holds a password"),
    ],
)
def test_addresses_that_are_refused(finished: tuple[Path, RunResult], uri: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(finished[0] / "tiny.yaml", (f"mlflow={{uri: '{uri}'}}",))


def test_a_password_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = MlflowSpec(uri="postgresql://me:${MY_SECRET}@host/db")
    monkeypatch.setenv("MY_SECRET", "xyz")
    assert spec.address(tmp_path) == "postgresql://me:xyz@host/db"
    monkeypatch.delenv("MY_SECRET")
    monkeypatch.setattr("intralpha.pipeline.mlflow_spec.NEEDED", ())
    with pytest.raises(ConfigError, match="MY_SECRET is not set"):
        spec.demand()
