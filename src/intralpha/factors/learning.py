"""Learning: the nodes that train networks, and those that ask them."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from intralpha.base import Panel, Spec
from intralpha.base.node import Inputs, Slice, Task
from intralpha.base.panel import as_days
from intralpha.base.progress import progress
from intralpha.datasets import CutSpec, Loader, TransformSpec, View
from intralpha.factors.factor import UNIVERSE, days_of
from intralpha.factors.inputs import seen_name
from intralpha.factors.training_rows import LABEL_ROWS, ROWS, WEIGHING, read_weights
from intralpha.models import ModelSpec
from intralpha.training import (
    FoldJob,
    ObjectiveSpec,
    Running,
    TrainSpec,
    ensemble,
    outcome_told,
    predict_fold,
    train_fold,
    watched,
)

log = logging.getLogger(__name__)

LABEL, VALID_LABEL = "label", "valid_label"


class LearntView(Spec):
    """How windows of an input are made where networks are trained."""

    cut: CutSpec
    transform: TransformSpec | None = Field(description="None: it is done to what comes in")


class Learning(Spec):
    """How networks are trained on what they see."""

    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    views: dict[str, LearntView]
    judged_apart: bool = Field(
        default=False, description="whether validation has a label of its own"
    )
    chosen_by: tuple[str, ...] = Field(
        default=(), description="inputs that say which rows are trained on, and which dates"
    )


def slice_name(fold: str, seed: int) -> str:
    """Name of a training: that of its fold, the first date it predicts, and its seed."""
    return f"{fold}-seed{seed}"


def make_weights(spec: Learning, inputs: Inputs, task: Task) -> None:
    """Train every fold and seed that is missing; each is kept as soon as it is done.

    Parameters
    ----------
    spec : how networks are trained
    inputs : ``seen``, ``universe`` and ``label`` of the sessions that the folds look at, and
        ``valid_label`` where validation has one of its own; ``rows``, ``label_rows`` and
        ``weighing`` where not all rows of the training dates count alike
    task : a slice a fold and seed, with both in its ``about``; its folder takes the weights

    Raises
    ------
    OtherTrainingError, NothingToLearnError, UnmeasurableError, TrainingDivergedError
        As in :func:`~intralpha.training.train_fold`; the first one ends the work.
    """
    load = _loader(spec, inputs, label=inputs.saved("label"))
    if spec.judged_apart:
        load = replace(load, valid_label=inputs.saved(VALID_LABEL))
    masks = [part for part in (ROWS, LABEL_ROWS) if part in spec.chosen_by]
    load = replace(load, rows=tuple(inputs.saved(part) for part in masks))
    jobs = [_job(spec, one, load, task.folder(one.name)) for one in task.slices]
    if WEIGHING in spec.chosen_by:
        weighed = inputs.folders(WEIGHING)
        names = [one.needs[WEIGHING][0] for one in task.slices]
        jobs = [
            replace(job, weights=read_weights(weighed[name]))
            for job, name in zip(jobs, names, strict=True)
        ]
    with progress(task.show_progress) as bar, watch_weights(spec, task.slices, task.folder, bar):
        for one, job in zip(bar.track(task.slices, description="training"), jobs, strict=True):
            train_fold(job)
            log.info("trained %s: %s", one.name, outcome_told(job.folder))
            task.finish(one.name)


def watch_weights(
    spec: Learning, slices: Sequence[Slice], folder: Callable[[str], Path], bar: Any
) -> AbstractContextManager[None]:
    """Show inside the block how far trainings are, in whatever process they run.

    Parameters
    ----------
    spec : how networks are trained
    slices : a fold and seed each
    folder : slice -> where it is made
    bar : takes the lines
    """
    trainings = []
    for one in slices:
        name = f"{one.about['fold'].name}, seed {one.about['seed']}"
        trainings.append(Running(name, folder(one.name), spec.training))
    return watched(bar, trainings)


def make_outputs(spec: Learning, inputs: Inputs, task: Task) -> None:
    """What the networks of its fold say of each date, together and each seed for itself.

    Parameters
    ----------
    spec : how the networks were trained
    inputs : ``seen`` and ``universe`` of the windows that end on the dates, and ``weights``
    task : a slice a date, which names the trainings of its fold and their seeds; ``panel`` becomes
        the Panel [D, A, N] of :func:`intralpha.training.ensemble`, ``score`` first, float32, known
        at the close of each date and NaN for stocks that are no sample
    """
    load, trained = _loader(spec, inputs, label=None), inputs.folders("weights")
    device = spec.training.device
    by_fold: dict[tuple[str, ...], list[Slice]] = {}
    for one in task.slices:
        by_fold.setdefault(one.needs["weights"], []).append(one)
    parts = []
    for names, part in by_fold.items():
        days, seeds = as_days([one.name for one in part]), part[0].about["seeds"]
        folders = {seed: trained[name] for seed, name in zip(seeds, names, strict=True)}
        parts.append(
            ensemble(
                {s: predict_fold(f, load, spec.model, days, device) for s, f in folders.items()}
            )
        )
    out = Panel.full(days_of(task), inputs.assets, parts[0].names)
    for part in parts:
        out.values[np.searchsorted(out.dates, part.dates)] = part.values
    out.save(task.folder("panel"))


def _loader(spec: Learning, inputs: Inputs, label: Path | None) -> Loader:
    views = {
        key: View(inputs.kept(seen_name(key)), view.cut, view.transform)
        for key, view in spec.views.items()
    }
    return Loader(views, inputs.saved(UNIVERSE), label)


def _job(spec: Learning, one: Slice, load: Loader, folder: Path) -> FoldJob:
    fold, seed = one.about["fold"], one.about["seed"]
    return FoldJob(fold, seed, spec.model, spec.objective, spec.training, load, folder)
