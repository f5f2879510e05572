"""A factor from a network: features -> windows -> rolling training -> seed ensemble."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, StringConstraints, model_validator

from intralpha.base import Panel, Spec
from intralpha.base.node import Inputs, Node, Slice, Task, day_slices, names_of
from intralpha.base.panel import as_days
from intralpha.base.progress import progress
from intralpha.datasets import (
    CutSpec,
    Fold,
    Loader,
    LongWindowError,
    RowFilterSpec,
    ScheduleSpec,
    TransformSpec,
    View,
    WeighingSpec,
    with_window,
)
from intralpha.datasets.window import Step
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of
from intralpha.factors.features import feature_node
from intralpha.factors.training_rows import (
    LABEL_ROWS,
    ROWS,
    WEIGHING,
    read_weights,
    row_faults,
    row_nodes,
    weighing_node,
    weighing_of,
)
from intralpha.features import FeatureSpec
from intralpha.labels import BUYABLE_READS, LabelSpec
from intralpha.models import GIVERS, InputNamesError, ModelSpec, check_names
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

VALID_LABEL = "valid_label"
ALONE = "x"  # the name of an input that is given none
InputName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class InputSpec(CutSpec):
    """One thing that a network sees: features, what is done to them, how windows are cut."""

    features: FeatureSpec
    transform: TransformSpec


class Network(FactorSpec):
    """A network a fold and seed; the mean of the seeds' z-scores is the score.

    What it sees stands either in the factor itself (``features``, ``transform``, ``window_days``)
    or, for networks of several inputs, under ``inputs`` by name.
    """

    kind: Literal["network"] = "network"
    features: FeatureSpec | None = Field(default=None, description="what the network sees")
    transform: TransformSpec | None = Field(default=None, description="what is done to it first")
    window_days: int | None = Field(
        default=None, gt=0, description="sessions of history in one sample"
    )
    step: Step = Field(
        default="bar",
        description="what the network reads at a time: a bar, a day's bars at once, or (nested) "
        "days with their bars inside",
    )
    inputs: dict[InputName, InputSpec] = Field(
        default={}, description="instead of these four, what the network sees by the name it wants"
    )
    label: LabelSpec
    valid_label: LabelSpec | None = Field(
        default=None,
        description="what validation compares scores with, such as the return itself where the "
        "label is neutralised; null: the label",
    )
    rows: tuple[RowFilterSpec, ...] = Field(
        default=(),
        description="which stocks of a date are trained on, those that every rule keeps; "
        "validation and prediction have all. Default: all",
    )
    weights: WeighingSpec | None = Field(
        default=None,
        description="how often training dates are drawn, such as by recency; null: each once an "
        "epoch",
    )
    schedule: ScheduleSpec
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="one network a seed"
    )

    @model_validator(mode="after")
    def _sees_something(self) -> "Network":
        alone = {
            "features": self.features,
            "transform": self.transform,
            "window_days": self.window_days,
        }
        given = [name for name, value in alone.items() if value is not None]
        if self.inputs and given:
            raise ValueError(f"found {', '.join(given)} beside inputs; expected one or the other")
        missing = [name for name in alone if name not in given]
        if not self.inputs and missing:
            raise ValueError(f"{', '.join(missing)} missing; or give inputs by name")
        return self

    @property
    def views(self) -> dict[str, InputSpec]:
        """What the network sees, by name; a single input without one is ``x``."""
        if self.features is None or self.transform is None or self.window_days is None:
            return dict(self.inputs)
        cut = {"window_days": self.window_days, "step": self.step}
        return {ALONE: InputSpec(features=self.features, transform=self.transform, **cut)}

    def faults(self) -> tuple[str, ...]:
        """Inputs that the model does not want, and parts that the objective misses in it."""
        found = []
        try:
            check_names(self.model.kind, self.model.inputs, tuple(self.views))  # type: ignore[attr-defined]
        except InputNamesError as error:
            found.append(f"inputs: {error}")
        missing = [part for part in self.objective.needs if part not in self.model.gives]
        if missing:
            given = ", ".join(self.model.gives) or "a score alone"
            found.append(
                f"objective: {self.objective.kind} needs the part {', '.join(missing)}; model "  # type: ignore[attr-defined]
                f"{self.model.kind} gives {given}.\nHint: "  # type: ignore[attr-defined]
                f"{'; '.join(f'{part} comes from {GIVERS[part]}' for part in missing)}"
            )
        return (*found, *row_faults(self.rows), *self._rule_misfits(), *self._misfits())

    def _rule_misfits(self) -> Iterator[str]:
        """Rules of rows and weights that the label, or what is known in time, does not suit."""
        if self.label.classes and any(one.by_label for one in self.rows):
            yield (
                f"rows: label {self.label.kind} gives classes, of which none is extreme.\n"  # type: ignore[attr-defined]
                "Hint: rules of rows that look at the label want one that is a number"
            )
        ahead = max((r.ahead for r in self.weights.reads()), default=0) if self.weights else 0
        if ahead:
            yield (
                f"weights: {self.weights.kind} reads {ahead} session(s) ahead; dates are weighed "  # type: ignore[union-attr]
                "by what is known before the first that is predicted"
            )

    def _misfits(self) -> Iterator[str]:
        """What the model and the label, or the batches, say against each other."""
        columns, wanted = len(self.label.columns), self.model.label_columns
        if wanted is not None and columns != wanted:
            yield (
                f"label: {self.label.kind} has {columns} column(s); model {self.model.kind} "  # type: ignore[attr-defined]
                f"predicts {wanted}.\nHint: as many horizons in the model as in the label"
            )
        wanted = self.objective.label_columns
        if wanted is not None and columns != wanted:
            yield (
                f"objective: {self.objective.kind} compares with {wanted} column(s); label "  # type: ignore[attr-defined]
                f"{self.label.kind} has {columns}.\nHint: horizons, seq_neg_ic and others that "  # type: ignore[attr-defined]
                "look at the part h take several"
            )
        yield from self._other_classes()
        if self.label.same_day:
            yield (
                f"label: returns of {self.label.kind} begin on the date itself, all of which the "  # type: ignore[attr-defined]
                "network sees; expected returns that begin after its close.\nHint: `after` of "
                "y_bars may name the last bar of the day alone"
            )
        nested = [name for name, view in self.views.items() if view.step == "nested"]
        if nested and not self.model.reads_bars:
            yield (
                f"step: found nested for {', '.join(nested)}; model {self.model.kind} reads one "  # type: ignore[attr-defined]
                "step after the other, [B, L, F].\nHint: step: bar, or step: day"
            )
        if self.training.piece is not None and not self.model.apart:
            yield (
                f"training.piece: found {self.training.piece}; in training samples of model "
                f"{self.model.kind}, as it is set, look at each other.\nHint: leave piece out, or "  # type: ignore[attr-defined]
                "norm: layer (conformer), lags: sample (autoformer)"
            )
        if self.model.whole_days and self.training.batch == "pooled":
            yield (
                "training.batch: found pooled, which draws a few stocks of many dates; expected "
                f"day or days, for model {self.model.kind} looks at all stocks of a day"  # type: ignore[attr-defined]
            )

    def _other_classes(self) -> Iterator[str]:
        """Classes of the label that are not those of model and objective."""
        lowest, count = self.objective.lowest_class, self.model.label_classes
        if lowest is None or count is None:
            return
        found, wanted = self.label.classes, tuple(range(lowest, lowest + count))
        if found != wanted:
            told = ", ".join(map(str, found)) or "numbers, no classes"
            label, model, objective = self.label.kind, self.model.kind, self.objective.kind  # type: ignore[attr-defined]
            yield (
                f"label: {label} gives {told}; objective {objective} with model {model} expects "
                f"{', '.join(map(str, wanted))}.\nHint: the label y_bin gives one class more than "
                "it has cuts; `classes` of the head, `lowest` of the objective"
            )

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """Features, what the network sees, labels, weights a fold and seed, outputs, the score."""
        made: dict[str, tuple[Node, ...]] = {}
        for key, view in self.views.items():
            features = feature_node(_of(name, key), view.features, ground)
            made[key] = _seen(_of(name, key), view, features, ground)
        seen = {key: nodes[-1] for key, nodes in made.items()}
        label = self._label(name, ground)
        folds = self.folds(ground)
        judged = self._valid_label(name, folds, ground)
        chosen = self._chosen(name, folds, label, ground)
        weights = self._weights(name, folds, seen, (label, *judged), chosen, ground)
        outputs = self._outputs(name, folds, seen, weights, ground)
        parts = [node for nodes in made.values() for node in nodes]
        last = (weights, outputs, _score(name, outputs))
        return (*parts, label, *judged, *chosen.values(), *last)

    def folds(self, ground: Ground) -> tuple[Fold, ...]:
        """Every training of the schedule on the dates that have whole windows before them.

        Raises
        ------
        LongWindowError
            There are none.
        """
        samples, scored = (
            with_window(days, ground.dates, self._span) for days in (ground.samples, ground.scored)
        )
        if len(samples) == 0:
            raise LongWindowError(self._span, len(ground.dates))
        return self.schedule.folds(ground.dates, samples, self.offset, scored)

    @property
    def offset(self) -> int:
        """Sessions that the purge counts: those of the label that reaches further."""
        return max(label.offset for label in (self.label, self.valid_label) if label is not None)

    @property
    def _span(self) -> int:
        """Sessions of the longest window."""
        return max(view.span for view in self.views.values())

    def _label(self, name: str, ground: Ground) -> Node:
        return _label_node(f"label/{name}", self.label, ground.samples, ground)

    def _valid_label(self, name: str, folds: tuple[Fold, ...], ground: Ground) -> tuple[Node, ...]:
        """On the validation dates of all folds; nothing where it is the label."""
        if self.valid_label is None:
            return ()
        dates = np.unique(np.concatenate([fold.valid for fold in folds]))
        return (_label_node(f"{VALID_LABEL}/{name}", self.valid_label, dates, ground),)

    def _chosen(
        self, name: str, folds: tuple[Fold, ...], label: Node, ground: Ground
    ) -> dict[str, Node]:
        """Which rows are trained on, and how much dates count, by the input that takes it."""
        dates = np.unique(np.concatenate([fold.train for fold in folds]))
        out = row_nodes(name, self.rows, dates, label, ground)
        if self.weights is not None:
            out[WEIGHING] = weighing_node(name, self.weights, folds, ground)
        return out

    def _weights(
        self,
        name: str,
        folds: tuple[Fold, ...],
        seen: Mapping[str, Node],
        labels: tuple[Node, ...],
        chosen: Mapping[str, Node],
        ground: Ground,
    ) -> Node:
        slices = []
        for fold in folds:
            days = names_of(self._history(fold, ground))
            labelled = np.concatenate([fold.train, fold.valid])
            parts = {_input(key): days for key in seen}
            parts |= {UNIVERSE: days, "label": names_of(labelled)}
            parts |= {VALID_LABEL: names_of(fold.valid)} if self.valid_label else {}
            parts |= {part: names_of(fold.train) for part in chosen if part != WEIGHING}
            parts |= {WEIGHING: (weighing_of(fold),)} if WEIGHING in chosen else {}
            training = replace(fold, predict=fold.predict[:0])  # what it predicts moves nothing
            for seed in self.seeds:
                about = {"fold": training, "seed": seed}
                slices.append(Slice(slice_name(fold.name, seed), None, about, parts))
        inputs = {_input(key): node.name for key, node in seen.items()}
        inputs |= {UNIVERSE: ground.universe, "label": labels[0].name}
        inputs |= {VALID_LABEL: labels[1].name} if len(labels) > 1 else {}
        inputs |= {part: node.name for part, node in chosen.items()}
        return Node(
            f"weights/{name}",
            make_weights,
            self._learning(tuple(chosen)),
            tuple(slices),
            inputs,
            form="folders",
            watch=watch_weights,
        )

    def _learning(self, chosen_by: tuple[str, ...]) -> "Learning":
        """What the networks depend on besides their inputs."""
        views = {
            key: LearntView(
                cut=CutSpec(window_days=view.window_days, every=view.every, step=view.step),
                transform=None if view.transform.alone else view.transform,
            )
            for key, view in self.views.items()
        }
        return Learning(
            model=self.model,
            objective=self.objective,
            training=self.training,
            views=views,
            judged_apart=self.valid_label is not None,
            chosen_by=chosen_by,
        )

    def _history(self, fold: Fold, ground: Ground) -> Shaped[ndarray, " D"]:
        """Sessions a training looks at; all from the first on where a transform is fitted."""
        first = ground.window(fold.train[0], self._span)[0]
        if any(view.transform.fits for view in self.views.values()):
            first = ground.dates[0]
        return ground.dates[(ground.dates >= first) & (ground.dates <= fold.valid[-1])]

    def _outputs(
        self,
        name: str,
        folds: tuple[Fold, ...],
        seen: Mapping[str, Node],
        weights: Node,
        ground: Ground,
    ) -> Node:
        slices = []
        for fold in folds:
            trained = tuple(slice_name(fold.name, seed) for seed in self.seeds)
            for day in fold.predict:
                days = names_of(ground.window(day, self._span))
                parts = {_input(key): days for key in seen}
                parts |= {UNIVERSE: days, "weights": trained}
                about = {"fold": fold.name, "seeds": self.seeds}
                slices.append(Slice(str(day), None, about, parts))
        inputs = {_input(key): node.name for key, node in seen.items()}
        inputs |= {UNIVERSE: ground.universe, "weights": weights.name}
        block = min(node.block for node in seen.values())
        return Node(
            f"outputs/{name}", make_outputs, weights.spec, tuple(slices), inputs, block=block
        )


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


def _of(name: str, key: str) -> str:
    """Name of an input's nodes."""
    return name if key == ALONE else f"{name}.{key}"


def _input(key: str) -> str:
    """Under which name a node gets what the network sees."""
    return "seen" if key == ALONE else f"seen.{key}"


def _label_node(name: str, label: LabelSpec, dates: Shaped[ndarray, " D"], ground: Ground) -> Node:
    needs = {UNIVERSE: lambda at: dates[at : at + 1]}
    slices = day_slices(dates, reads_lake=True, needs=needs)
    reads = tuple(dict.fromkeys((*label.reads(), *BUYABLE_READS)))
    return Node(name, make_label, label, slices, {UNIVERSE: ground.universe}, reads)


def _seen(name: str, view: InputSpec, features: Node, ground: Ground) -> tuple[Node, ...]:
    """The features, and where the transform works on each day alone what it makes of them."""
    if not view.transform.alone:
        return (features,)
    same_day = {part: lambda at: ground.dates[at : at + 1] for part in ("features", UNIVERSE)}
    reads = view.transform.reads()
    slices = day_slices(ground.dates, reads_lake=bool(reads), needs=same_day)
    inputs = {"features": features.name, UNIVERSE: ground.universe}
    node = Node(
        f"seen/{name}", make_seen, view.transform, slices, inputs, reads, block=features.block
    )
    return features, node


def _score(name: str, outputs: Node) -> Node:
    slices = [Slice(one.name, None, None, {"outputs": (one.name,)}) for one in outputs.slices]
    return Node(f"score/{name}", make_score, None, tuple(slices), {"outputs": outputs.name})


def make_seen(spec: TransformSpec, inputs: Inputs, task: Task) -> None:
    """Features standardised day by day.

    Parameters
    ----------
    spec : a transform that works on each day alone
    inputs : ``features`` and the mask ``universe`` of the dates, and the lake where ``spec`` reads
        of it
    task : a slice a session; ``panel`` becomes a Panel of the features' shape, known when they are
    """
    mask = inputs.panel(UNIVERSE)[UNIVERSE] > 0
    features = inputs.panel("features")
    known = spec.looks_up(inputs.lake, features.dates, features.assets) if spec.reads() else {}
    spec.apply(features, mask, known).save(task.folder("panel"))


def make_label(spec: LabelSpec, inputs: Inputs, task: Task) -> None:
    """Labels over the stocks of the universe that can be bought on the next session.

    Parameters
    ----------
    spec : the label
    inputs : the lake up to the end of the labels' windows, and the mask ``universe`` of the dates
    task : a slice a sample date t; ``panel`` becomes the label's Panel [D, A, H], NaN for
        other stocks and known at the close of t + ``spec.offset``
    """
    spec.over(inputs.lake, inputs.panel(UNIVERSE)).save(task.folder("panel"))


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


def make_score(spec: None, inputs: Inputs, task: Task) -> None:
    """The score alone, of all that the networks say.

    Parameters
    ----------
    spec : nothing
    inputs : ``outputs`` of the dates
    task : a slice a date; ``panel`` becomes the Panel ``score`` [D, A, 1], float32, known and NaN
        as the outputs are
    """
    del spec
    outputs = inputs.panel("outputs")
    score = np.ascontiguousarray(outputs["score"])[:, :, None]
    Panel(score, outputs.dates, outputs.assets, ("score",)).save(task.folder("panel"))


def _loader(spec: Learning, inputs: Inputs, label: Path | None) -> Loader:
    views = {
        key: View(inputs.saved(_input(key)), view.cut, view.transform)
        for key, view in spec.views.items()
    }
    return Loader(views, inputs.saved(UNIVERSE), label)


def _job(spec: Learning, one: Slice, load: Loader, folder: Path) -> FoldJob:
    fold, seed = one.about["fold"], one.about["seed"]
    return FoldJob(fold, seed, spec.model, spec.objective, spec.training, load, folder)
