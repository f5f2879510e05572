"""Several processes, seed ensembles and finished jobs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from intralpha.base import Panel
from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec
from intralpha.training import (
    Job,
    NegICSpec,
    TrainSpec,
    run_job,
    run_jobs,
    seed_mean,
    stack_in_time,
)

from .conftest import make_fold, make_samples


def load(fold: Fold) -> Samples:
    del fold
    return make_samples(days=60, assets=40)


def make_jobs(folder: Path) -> tuple[Job, ...]:
    fold = make_fold(load(Fold("", np.array([]), np.array([]), np.array([]))))
    spec = TrainSpec(max_epochs=2, patience=2)
    return tuple(
        Job(fold, seed, GRUSpec(hidden=4), NegICSpec(), spec, load, folder / f"{seed}")
        for seed in (0, 1)
    )


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    one, history = run_jobs(make_jobs(tmp_path / "one"), 1)
    two, _ = run_jobs(make_jobs(tmp_path / "two"), 2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
    assert history["seed"].unique().sort().to_list() == [0, 1]


def test_a_finished_job_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_jobs(tmp_path)[0]
    first, history = run_job(job)
    monkeypatch.setattr("intralpha.training.run_folds.ProcessPoolExecutor", None)
    panels, history_again = run_jobs((job,), 1)
    again = panels[0]
    np.testing.assert_array_equal(first.values, again.values)
    assert history.equals(history_again)


def test_seed_mean_by_hand() -> None:
    days = np.array(["2024-01-02"], dtype="datetime64[D]")
    assets = np.array(["a", "b", "c"])
    rows = np.array([[1.0, 2.0, 6.0], [30.0, 10.0, 20.0]], dtype=np.float32)
    panels = [Panel(r.reshape(1, 3, 1), days, assets, ("score",)) for r in rows]
    expected = (stats.zscore(rows[0]) + stats.zscore(rows[1])) / 2
    np.testing.assert_allclose(seed_mean(panels)["score"][0], expected, rtol=1e-6)


def test_parts_are_joined_in_time_order() -> None:
    assets = np.array(["a"])
    parts = [
        Panel(np.full((1, 1, 1), v, np.float32), np.array([d], "datetime64[D]"), assets, ("score",))
        for v, d in ((2, "2024-02-01"), (1, "2024-01-01"))
    ]
    np.testing.assert_array_equal(stack_in_time(parts).values.ravel(), [1, 2])


def test_a_second_training_in_a_process_equals_the_first(tmp_path: Path) -> None:
    job, _ = make_jobs(tmp_path / "first")
    again, _ = make_jobs(tmp_path / "again")
    np.testing.assert_array_equal(run_job(job)[0].values, run_job(again)[0].values)


def test_a_training_keeps_to_one_thread(tmp_path: Path) -> None:
    code = (
        "import sys, torch; from pathlib import Path;"
        "from tests.training.test_run_folds import make_jobs;"
        "from intralpha.training import run_job;"
        "run_job(make_jobs(Path(sys.argv[1]))[0]); print(torch.get_num_threads())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    assert done.stdout.strip() == "1"
