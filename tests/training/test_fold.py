"""A fold and a seed: the same with any number of processes, kept, read back, predicted later."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from intralpha.base import Panel
from intralpha.datasets import CutSpec, GlobalStandardSpec, Loader
from intralpha.executors import Processes
from intralpha.models import GRUSpec
from intralpha.training import (
    FoldJob,
    MseBnSpec,
    NegICSpec,
    NoWeightsError,
    OtherTrainingError,
    TrainSpec,
    finished,
    load_fitted,
    predict_fold,
    train_fold,
)

from .conftest import make_fold, make_samples


def make_loader(folder: Path) -> Loader:
    """The small panel on disk."""
    samples = make_samples(days=60, assets=40)
    axes = (samples.dates, samples.assets)
    if not folder.is_dir():
        folder.mkdir(parents=True)
        samples.windows["x"].panel.save(folder / "features")
        samples.label.save(folder / "label")
        Panel(np.ones((60, 40, 2), np.float32), *axes, ("universe", "traded")).save(
            folder / "masks"
        )
    return Loader.of(
        folder / "features",
        folder / "masks",
        folder / "label",
        GlobalStandardSpec(),
        CutSpec(window_days=5),
    )


def make_jobs(folder: Path) -> tuple[FoldJob, ...]:
    load = make_loader(folder / "data")
    spec = TrainSpec(max_epochs=2, patience=2)
    fold = make_fold(make_samples(days=60, assets=40))
    return tuple(
        FoldJob(fold, seed, GRUSpec(hidden=4), NegICSpec(), spec, load, folder / f"{seed}")
        for seed in (0, 1)
    )


def scores(job: FoldJob) -> np.ndarray:
    return predict_fold(job.folder, job.load, job.model, job.fold.predict).values


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    one, two = make_jobs(tmp_path / "one"), make_jobs(tmp_path / "two")
    for job in one:
        train_fold(job)
    with Processes(2) as executor:
        executor.run(train_fold, two)
    found = [[scores(job) for job in jobs] for jobs in (one, two)]
    np.testing.assert_array_equal(*found)
    assert np.isfinite(found[0]).all()
    assert not np.array_equal(*found[0]), "two seeds make two networks"


@pytest.mark.slow
def test_a_network_predicts_any_date_later_in_another_process(tmp_path: Path) -> None:
    job = make_jobs(tmp_path)[0]
    train_fold(job)
    dates = Panel.load(job.load.universe).dates[[10, 30, 59]]
    expected = predict_fold(job.folder, job.load, job.model, dates)
    code = (
        "import sys; from pathlib import Path;"
        "from tests.training.test_fold import make_loader, replace;"
        "from intralpha.base import Panel; from intralpha.models import GRUSpec;"
        "from intralpha.training import predict_fold;"
        "folder = Path(sys.argv[1]); load = replace(make_loader(folder / 'data'), label=None);"
        "dates = Panel.load(load.universe).dates[[10, 30, 59]];"
        "predict_fold(folder / '0', load, GRUSpec(hidden=4), dates).save(folder / 'scores')"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=root)
    np.testing.assert_array_equal(Panel.load(tmp_path / "scores").values, expected.values)
    assert np.isfinite(expected.values).all()


def test_a_transform_is_fitted_on_training_days_and_kept_with_the_weights(tmp_path: Path) -> None:
    job = make_jobs(tmp_path)[0]
    train_fold(job)
    before, expected = load_fitted(job.folder), scores(job)
    features = make_samples(days=60, assets=40).windows["x"].panel
    np.testing.assert_allclose(
        before["x.mean"], features.values[:40].mean(axis=(0, 1)), atol=1e-6
    )  # nothing is 7 MADs away
    features.values[44:50] = 50.0  # between training and the predicted windows
    (tmp_path / "other").mkdir()
    features.save(tmp_path / "other" / "features")
    view = replace(job.load.views["x"], path=tmp_path / "other" / "features")
    other = replace(job.load, views={"x": view})
    dates = job.fold.predict[2:]
    np.testing.assert_array_equal(
        predict_fold(job.folder, other, job.model, dates).values, expected[2:]
    )


def test_a_finished_job_is_left_alone_and_a_different_one_is_refused(tmp_path: Path) -> None:
    job = make_jobs(tmp_path)[0]
    assert not finished(job)
    seen: list[dict] = []
    train_fold(job, seen.append)
    assert len(seen) == 2
    assert finished(job)
    assert not (job.folder / "state").exists()
    train_fold(job, seen.append)
    assert len(seen) == 2, "nothing was trained again"
    history = pl.read_parquet(job.folder / "history.parquet")
    assert history["train_loss"].to_list() == [row["train_loss"] for row in seen]
    assert history["fold"].to_list() == ["f", "f"]
    for change in ({"seed": 7}, {"model": GRUSpec(hidden=5)}, {"objective": MseBnSpec()}):
        with pytest.raises(OtherTrainingError, match=next(iter(change))):
            train_fold(replace(job, **change))
    later = replace(job.fold, predict=job.fold.predict[:1])
    assert finished(replace(job, fold=later)), "a day more to predict retrains nothing"


def test_nothing_is_predicted_without_weights(tmp_path: Path) -> None:
    job = make_jobs(tmp_path)[0]
    with pytest.raises(NoWeightsError, match=r"transform\.safetensors"):
        scores(job)


@pytest.mark.slow
def test_a_second_training_in_a_process_equals_the_first(tmp_path: Path) -> None:
    job, _ = make_jobs(tmp_path / "first")
    again, _ = make_jobs(tmp_path / "again")
    train_fold(job)
    train_fold(again)
    np.testing.assert_array_equal(scores(job), scores(again))


class Last(nn.Module):
    """A network of a user: a weighted sum of the last step."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.head = nn.Linear(n_features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x[:, -1])[:, 0]


def squared(score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    return (score - label).square().mean()


@pytest.mark.slow
def test_a_class_is_trained_from_the_seed(tmp_path: Path) -> None:
    first, second = (replace(job, model=Last) for job in make_jobs(tmp_path / "a"))
    again = replace(make_jobs(tmp_path / "b")[0], model=Last)
    for job in (first, second, again):
        train_fold(job)
    np.testing.assert_array_equal(scores(first), scores(again))
    assert not np.array_equal(scores(first), scores(second))


@pytest.mark.slow
def test_a_module_and_a_function_are_trained_like_specs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Last(3)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    spec = TrainSpec(max_epochs=20, patience=20, learning_rate=0.02)
    jobs = [
        replace(job, model=model, objective=squared, training=spec) for job in make_jobs(tmp_path)
    ]
    for job in jobs:
        train_fold(job)
    for name, value in model.state_dict().items():
        assert torch.equal(value, start[name]), "the user's module is left as it is"
    labels = make_samples(days=60, assets=40).label.at(jobs[0].fold.predict)["fwd_label"]
    for job in jobs:
        found = scores(job)[:, :, 0]
        assert np.corrcoef(found.ravel(), labels.ravel())[0, 1] > 0.6  # planted: 0.7
    with torch.no_grad():
        model.head.bias += 1
    with pytest.raises(OtherTrainingError, match="model"):
        finished(jobs[0])


def test_validation_may_lie_among_the_training_dates(tmp_path: Path) -> None:
    """As in a cross-validation; a finished one is left alone, another order is another training."""
    (job, _) = make_jobs(tmp_path)
    days = job.fold.train
    middle = replace(job.fold, train=np.concatenate([days[:10], days[20:]]), valid=days[12:18])
    crossed = replace(job, fold=middle)
    train_fold(crossed)
    assert finished(crossed)
    made = (crossed.folder / "weights.safetensors").stat().st_mtime_ns
    train_fold(crossed)
    assert (crossed.folder / "weights.safetensors").stat().st_mtime_ns == made
    with pytest.raises(OtherTrainingError):
        train_fold(replace(job, fold=replace(middle, valid=days[13:18])))
