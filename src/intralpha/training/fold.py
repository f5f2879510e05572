"""One fold and one seed: train it and keep what was learned, then predict any date with it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.datasets import Fold, Loader
from intralpha.models import ModelSpec
from intralpha.training.belonging import Loss, Marks, check_marks, training_marks
from intralpha.training.device import chosen_device
from intralpha.training.fit import Watcher, fit
from intralpha.training.kept_memory import memory_kept
from intralpha.training.measurable import rows_left_out
from intralpha.training.network import Network, shapes_of
from intralpha.training.objective import ObjectiveSpec
from intralpha.training.one_thread import one_thread
from intralpha.training.predict import predict
from intralpha.training.train_spec import Device, TrainSpec
from intralpha.training.weights import (
    load_fitted,
    load_network,
    network_facts,
    save_fitted,
    save_network,
)

HISTORY = "history.parquet"
STATE = "state"  # the checkpoint of a training that runs


@dataclass(frozen=True, eq=False)
class FoldJob:
    """One network to train: a fold and a seed.

    Parameters
    ----------
    fold : purged dates
    seed : decides weights, order of batches and dropout
    model : a spec, a module whose weights are where training starts, or what makes a module; a
        function must be one that can be pickled
    objective : a spec, or a function of scores and labels
    training : settings of the loop
    load : opens features, masks and labels in the process that trains
    folder : its own; takes the checkpoint and then weights, fitted transform and history
    weights : [D] of the fold's training dates, as of :func:`fit`; None: all alike
    """

    fold: Fold
    seed: int
    model: Network
    objective: ObjectiveSpec | Loss
    training: TrainSpec
    load: Loader
    folder: Path
    weights: Float[ndarray, " D"] | None = None

    @property
    def marks(self) -> Marks:
        """What the weights belong to."""
        return training_marks(self.model, self.objective, self.training, self.fold, self.seed)


def finished(job: FoldJob) -> bool:
    """Whether the job was trained to its end.

    Raises
    ------
    OtherTrainingError
        The folder holds the weights of another training.
    """
    if not (job.folder / HISTORY).is_file():
        return False
    check_marks(job.folder, network_facts(job.folder)["belongs_to"], job.marks)
    return True


def train_fold(job: FoldJob, watch: Watcher | None = None) -> None:
    """Train one fold with one seed and keep what was learned.

    Parameters
    ----------
    job : what to train and where to keep it; a finished job is left alone, one that was cut off
        continues where it stopped
    watch : called after each epoch with its row of the history

    Notes
    -----
    ``job.folder`` then holds ``network.json``, ``weights.safetensors``, ``transform.safetensors``
    and ``history.parquet`` (the rows of the fit with ``fold``, ``seed``, ``best_epoch`` and, where
    rows are left out, ``rows`` trained on and ``rows_left_out``), which is written last. No label
    of a predicted date is read.

    Raises
    ------
    OtherTrainingError
        The folder belongs to another training.
    NothingToLearnError, UnmeasurableError, TrainingDivergedError
        As in :func:`fit`.
    """
    if finished(job):
        return
    fold = job.fold
    with one_thread(), memory_kept():
        fitted = job.load.fit(fold)
        samples = job.load.samples(fitted, np.concatenate([fold.train, fold.valid]))
        state = job.folder / STATE
        about = (job.model, job.objective, samples, fold, job.training, job.seed)
        done = fit(*about, state, watch, job.weights)
    save_fitted(job.folder, fitted)
    spec = job.model if isinstance(job.model, ModelSpec) else None
    save_network(job.folder, spec, shapes_of(samples), done.model, job.marks)
    rows = done.history.with_columns(
        fold=pl.lit(fold.name), seed=pl.lit(job.seed), best_epoch=pl.lit(done.best_epoch)
    )
    counts = {name: pl.lit(count) for name, count in rows_left_out(samples, fold).items()}
    rows = rows.with_columns(**counts)
    partial = job.folder / f"{HISTORY}.partial"
    rows.write_parquet(partial)
    partial.replace(job.folder / HISTORY)
    shutil.rmtree(state)


def predict_fold(
    folder: Path,
    load: Loader,
    model: Network,
    dates: Shaped[ndarray, " n_dates"],
    device: Device = "auto",
) -> Panel:
    """Scores on any dates from the weights and the fitted transform of a folder.

    Parameters
    ----------
    folder : of a job that :func:`train_fold` finished
    load : opens the features and masks; its label is not read and may be None
    model : the spec that was trained, a module of the same class and sizes, or what makes one
    dates : datetime64[D], ascending; sessions of the features
    device : where the network runs

    Returns
    -------
    Panel, float32, shape [D, A, N], ``score`` and the network's parts, as of :func:`predict`
        NaN for stocks that are no sample. Known at the close of each date, if the fold's
        validation labels were known by then.

    Raises
    ------
    NoWeightsError, OtherNetworkError
        The folder has no weights, or those of another network.
    UnknownSampleDateError, ShortHistoryError
        A date is no session of the features, or has too few before it.
    """
    with one_thread(), memory_kept():
        samples = load.samples(load_fitted(folder), dates)
        network = load_network(folder, model).to(chosen_device(device))
        return predict(network, samples, dates)
