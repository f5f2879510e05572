"""How far trainings are, as it is shown while they run in other processes."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from intralpha.executors import Processes
from intralpha.training import FoldJob, Running, TrainSpec, train_fold
from intralpha.training.live import Live, duration, outcome_told, progress_told, watched
from intralpha.training.metrics import ICIRMetricSpec

from .test_fold import make_jobs

ROWS = [
    {"epoch": 1, "valid_rank_ic": 0.01, "valid_icir": 0.1, "seconds": 10.0},
    {"epoch": 2, "valid_rank_ic": 0.03456, "valid_icir": 0.25, "seconds": 20.0},
]


def running(jobs: Sequence[FoldJob]) -> list[Running]:
    return [Running(f"{job.fold.name}, seed {job.seed}", job.folder, job.training) for job in jobs]


def test_what_is_said_of_a_training() -> None:
    plain = TrainSpec(max_epochs=10)
    assert progress_told(ROWS, plain) == "epoch 2 of 10, RankIC 0.0346, at most 2 min left"
    other = TrainSpec(max_epochs=3, metric=ICIRMetricSpec())
    assert progress_told(ROWS, other) == (
        "epoch 2 of 3, RankIC 0.0346, ICIR 0.2500, at most 15 s left"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89.4, "89 s"), (90.0, "2 min"), (5400.0, "1.5 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.slow
def test_trainings_of_other_processes_are_shown_while_they_run(tmp_path: Path) -> None:
    spec, page = TrainSpec(max_epochs=12, patience=12), io.StringIO()
    jobs = [replace(job, training=spec) for job in make_jobs(tmp_path)]
    console = Console(file=page, force_terminal=True, width=160)
    bar = Progress(console=console, refresh_per_second=50)
    with bar, watched(bar, running(jobs), 0.01), Processes(2) as executor:
        executor.run(train_fold, jobs)
    text = page.getvalue()
    for seed in (0, 1):
        assert any(f"f, seed {seed}: epoch {e} of 12, RankIC " in text for e in range(1, 12))
    assert bar.tasks == [], "what is finished is shown no more"
    assert outcome_told(jobs[0].folder).startswith("best epoch ")
    assert " of 12, valid_rank_ic " in outcome_told(jobs[0].folder)


def test_nothing_is_read_for_a_bar_that_draws_nothing(tmp_path: Path) -> None:
    with Progress(disable=True) as bar, watched(bar, running(make_jobs(tmp_path)), 0.01):
        pass
    assert bar.tasks == []


def test_a_training_that_has_no_epoch_yet_has_no_line(tmp_path: Path) -> None:
    bar = Progress(console=Console(file=io.StringIO()))
    live = Live(bar, running(make_jobs(tmp_path)))
    live.look()
    (tmp_path / "0" / "state").mkdir(parents=True)
    (tmp_path / "0" / "state" / "facts.json").write_text('{"rows": [')  # torn
    live.look()
    assert bar.tasks == []
