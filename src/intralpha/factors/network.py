"""A factor from a network: features -> windows -> rolling training -> seed ensemble."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel, Spec
from intralpha.base.cross_section import mean_zscore
from intralpha.base.node import Inputs, Node, Slice, Task, day_slices, names_of
from intralpha.base.panel import as_days
from intralpha.base.progress import progress
from intralpha.datasets import Fold, Loader, ScheduleSpec, TransformSpec, with_window
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of
from intralpha.factors.features import feature_node
from intralpha.features import FeatureSpec
from intralpha.labels import BUYABLE_READS, LabelSpec
from intralpha.models import ModelSpec
from intralpha.training import (
    FoldJob,
    ObjectiveSpec,
    TrainSpec,
    predict_fold,
    run_jobs,
    train_fold,
)

log = logging.getLogger(__name__)


class Network(FactorSpec):
    """A network a fold and seed; the mean of the seeds' z-scores is the score."""

    kind: Literal["network"] = "network"
    features: FeatureSpec
    transform: TransformSpec
    window_days: int = Field(gt=0, description="sessions of history in one sample")
    step: Literal["bar", "day"] = Field(
        default="bar",
        description="what the network reads at a time: a bar, or a day's bars at once",
    )
    label: LabelSpec
    schedule: ScheduleSpec
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="one network a seed"
    )

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """Features, what the network sees of them, labels, weights a fold and seed, scores."""
        features = feature_node(name, self.features, ground)
        seen = self._seen(name, features, ground)
        label = self._label(name, ground)
        folds = self.folds(ground)
        weights = self._weights(name, folds, seen[-1], label, ground)
        score = self._score(name, folds, seen[-1], weights, ground)
        return (*seen, label, weights, score)

    def folds(self, ground: Ground) -> tuple[Fold, ...]:
        """Every training of the schedule on the dates that have a whole window before them."""
        samples = with_window(ground.samples, ground.dates, self.window_days)
        return self.schedule.folds(ground.dates, samples, self.label.offset)

    def _seen(self, name: str, features: Node, ground: Ground) -> tuple[Node, ...]:
        """The features, and where the transform works on each day alone what it makes of them."""
        if not self.transform.alone:
            return (features,)
        same_day = {part: lambda at: ground.dates[at : at + 1] for part in ("features", UNIVERSE)}
        slices = day_slices(ground.dates, reads_lake=False, needs=same_day)
        inputs = {"features": features.name, UNIVERSE: ground.universe}
        node = Node(f"seen/{name}", make_seen, self.transform, slices, inputs, block=features.block)
        return features, node

    def _label(self, name: str, ground: Ground) -> Node:
        needs = {UNIVERSE: lambda at: ground.samples[at : at + 1]}
        slices = day_slices(ground.samples, reads_lake=True, needs=needs)
        reads = tuple(dict.fromkeys((*self.label.reads(), *BUYABLE_READS)))
        return Node(
            f"label/{name}", make_label, self.label, slices, {UNIVERSE: ground.universe}, reads
        )

    def _weights(
        self, name: str, folds: tuple[Fold, ...], seen: Node, label: Node, ground: Ground
    ) -> Node:
        slices = []
        for fold in folds:
            days = self._history(fold, ground)
            labelled = np.concatenate([fold.train, fold.valid])
            parts = {"seen": names_of(days), UNIVERSE: names_of(days), "label": names_of(labelled)}
            training = replace(fold, predict=fold.predict[:0])  # what it predicts moves nothing
            for seed in self.seeds:
                about = {"fold": training, "seed": seed}
                slices.append(Slice(slice_name(fold.name, seed), None, about, parts))
        inputs = {"seen": seen.name, UNIVERSE: ground.universe, "label": label.name}
        return Node(
            f"weights/{name}", make_weights, self._learning(), tuple(slices), inputs, form="folders"
        )

    def _learning(self) -> "Learning":
        """What the networks depend on besides their inputs."""
        return Learning(
            model=self.model,
            objective=self.objective,
            training=self.training,
            transform=None if self.transform.alone else self.transform,
            window_days=self.window_days,
            step=self.step,
        )

    def _history(self, fold: Fold, ground: Ground) -> Shaped[ndarray, " D"]:
        """Sessions a training looks at; all from the first on where a transform is fitted."""
        first = ground.window(fold.train[0], self.window_days)[0]
        if self.transform.fits:
            first = ground.dates[0]
        return ground.dates[(ground.dates >= first) & (ground.dates <= fold.valid[-1])]

    def _score(
        self, name: str, folds: tuple[Fold, ...], seen: Node, weights: Node, ground: Ground
    ) -> Node:
        slices = []
        for fold in folds:
            trained = tuple(slice_name(fold.name, seed) for seed in self.seeds)
            for day in fold.predict:
                days = names_of(ground.window(day, self.window_days))
                parts = {"seen": days, UNIVERSE: days, "weights": trained}
                slices.append(Slice(str(day), None, {"fold": fold.name}, parts))
        inputs = {"seen": seen.name, UNIVERSE: ground.universe, "weights": weights.name}
        return Node(
            f"score/{name}", make_score, weights.spec, tuple(slices), inputs, block=seen.block
        )


class Learning(Spec):
    """How networks are trained on what they see."""

    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    transform: TransformSpec | None = Field(description="None: it is done to what comes in")
    window_days: int
    step: Literal["bar", "day"]


def slice_name(fold: str, seed: int) -> str:
    """Name of a training: that of its fold, the first date it predicts, and its seed."""
    return f"{fold}-seed{seed}"


def make_seen(spec: TransformSpec, inputs: Inputs, task: Task) -> None:
    """Features standardised day by day.

    Parameters
    ----------
    spec : a transform that works on each day alone
    inputs : ``features`` and the mask ``universe`` of the dates
    task : a slice a session; ``panel`` becomes a Panel of the features' shape, known when they are
    """
    mask = inputs.panel(UNIVERSE)[UNIVERSE] > 0
    spec.apply(inputs.panel("features"), mask, {}).save(task.folder("panel"))


def make_label(spec: LabelSpec, inputs: Inputs, task: Task) -> None:
    """Labels over the stocks of the universe that can be bought on the next session.

    Parameters
    ----------
    spec : the label
    inputs : the lake up to the end of the labels' windows, and the mask ``universe`` of the dates
    task : a slice a sample date t; ``panel`` becomes the Panel ``fwd_label`` [D, A, 1], NaN for
        other stocks and known at the close of t + ``spec.offset``
    """
    spec.over(inputs.lake, inputs.panel(UNIVERSE)).save(task.folder("panel"))


def make_weights(spec: Learning, inputs: Inputs, task: Task) -> None:
    """Train every fold and seed that is missing; each is kept as soon as it is done.

    Parameters
    ----------
    spec : how networks are trained
    inputs : ``seen``, ``universe`` and ``label`` of the sessions that the folds look at
    task : a slice a fold and seed, with both in its ``about``; its folder takes the weights. Up to
        ``task.workers`` are trained at a time, which changes none of them

    Raises
    ------
    OtherTrainingError, NothingToLearnError, UnmeasurableError, TrainingDivergedError
        As in :func:`~intralpha.training.train_fold`; the first one ends the work.
    """
    load = _loader(spec, inputs, label=inputs.saved("label"))
    jobs = tuple(_job(spec, one, load, task.folder(one.name)) for one in task.slices)
    done = 0
    with progress(task.show_progress) as bar:
        shown = bar.add_task("training", total=len(jobs))

        def keep(at: int) -> None:
            nonlocal done
            done += 1
            task.finish(task.slices[at].name)
            bar.advance(shown)
            log.info("trained %s: %d of %d", task.slices[at].name, done, len(jobs))

        run_jobs(train_fold, jobs, task.workers, keep)


def make_score(spec: Learning, inputs: Inputs, task: Task) -> None:
    """Scores of each date by the networks of its fold: the mean of the seeds' z-scores.

    Parameters
    ----------
    spec : how the networks were trained
    inputs : ``seen`` and ``universe`` of the windows that end on the dates, and ``weights``
    task : a slice a date, which names the trainings of its fold; ``panel`` becomes the Panel
        ``score`` [D, A, 1], float32, known at the close of each date and NaN for stocks that are
        no sample
    """
    load, trained = _loader(spec, inputs, label=None), inputs.folders("weights")
    by_fold: dict[tuple[str, ...], list[Slice]] = {}
    for one in task.slices:
        by_fold.setdefault(one.needs["weights"], []).append(one)
    out = Panel.full(days_of(task), inputs.assets, ("score",))
    for names, part in by_fold.items():
        days = as_days([one.name for one in part])
        seeds = [predict_fold(trained[n], load, spec.model, days)["score"] for n in names]
        out.values[np.searchsorted(out.dates, days), :, 0] = mean_zscore(seeds)
    out.save(task.folder("panel"))


def _loader(spec: Learning, inputs: Inputs, label: Path | None) -> Loader:
    return Loader(
        features=inputs.saved("seen"),
        universe=inputs.saved(UNIVERSE),
        transform=spec.transform,
        window_days=spec.window_days,
        step=spec.step,
        label=label,
    )


def _job(spec: Learning, one: Slice, load: Loader, folder: Path) -> FoldJob:
    fold, seed = one.about["fold"], one.about["seed"]
    return FoldJob(fold, seed, spec.model, spec.objective, spec.training, load, folder)
