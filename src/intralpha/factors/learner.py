"""Learner: what every factor of networks has, and the nodes that it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base.node import Node, Slice, names_of
from intralpha.datasets import (
    Fold,
    LongWindowError,
    RowFilterSpec,
    TransformSpec,
    with_window,
)
from intralpha.datasets.window import UNTIL, Step
from intralpha.factors.eve import eve_node
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground
from intralpha.factors.fits import Parts, begins_before, faults_of
from intralpha.factors.inputs import (
    ALONE,
    KEPT,
    InputName,
    InputSpec,
    Kept,
    input_nodes,
    kept_faults,
    seen_name,
    sets_of,
    shapes_of,
)
from intralpha.factors.labels import label_node
from intralpha.factors.learning import (
    LABEL,
    VALID_LABEL,
    Learning,
    LearntView,
    make_outputs,
    make_weights,
    slice_name,
    watch_weights,
)
from intralpha.factors.training_rows import WEIGHING, row_faults, row_nodes, weighing_of
from intralpha.factors.until import until_faults, window_end
from intralpha.features import DAY_CLOSE, FeatureSpec
from intralpha.labels import LabelSpec
from intralpha.models import ModelSpec
from intralpha.training import ObjectiveSpec, TrainSpec


class Learner(FactorSpec):
    """Networks that are trained on parts of the past.

    What they see stands either in the factor itself (``features``, ``transform``, ``window_days``)
    or, for networks of several inputs, under ``inputs`` by name.
    """

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
    kept: Kept = Field(default="float32", description=KEPT)
    until: int | None = Field(default=None, ge=0, description=UNTIL)
    inputs: dict[InputName, InputSpec] = Field(
        default={}, description="instead of these six, what the network sees by the name it wants"
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
    model: ModelSpec
    objective: ObjectiveSpec
    training: TrainSpec
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2), min_length=1, description="one network a seed"
    )

    @model_validator(mode="after")
    def _sees_something(self) -> "Learner":
        alone = {
            "features": self.features,
            "transform": self.transform,
            "window_days": self.window_days,
        }
        given = [name for name, value in alone.items() if value is not None]
        given += ["kept"] if self.kept != "float32" else []
        given += ["until"] if self.until is not None else []
        if self.inputs and given:
            raise ValueError(f"found {', '.join(given)} beside inputs; expected one or the other")
        missing = [name for name, value in alone.items() if value is None]
        if not self.inputs and missing:
            raise ValueError(f"{', '.join(missing)} missing; or give inputs by name")
        return self

    @property
    def views(self) -> dict[str, InputSpec]:
        """What the network sees, by name; a single input without one is ``x``."""
        if self.features is None or self.transform is None or self.window_days is None:
            return dict(self.inputs)
        names = ("features", "transform", "window_days", "step", "kept", "until")
        return {ALONE: InputSpec(**{name: getattr(self, name) for name in names})}

    @property
    def offset(self) -> int:
        """Sessions that the purge counts: those of the label that reaches further."""
        return max(label.offset for label in (self.label, self.valid_label) if label is not None)

    @property
    def known_at(self) -> time:
        """When the last of its windows is over."""
        ends = (window_end(v, v.features.make().times) for v in self.views.values())
        return max(ends, default=DAY_CLOSE)

    @property
    def tested_by(self) -> tuple[LabelSpec, ...]:
        """The returns that its label is made of, where the windows end before the close."""
        return self.label.raw if self.known_at < DAY_CLOSE else ()

    def faults(self) -> tuple[str, ...]:
        """Inputs that the model does not want, parts that the objective misses in it, and what is
        not known in time.
        """
        unmade, made = sets_of(self.views)
        late = () if unmade else tuple(until_faults(self.views, made))
        known_at = None if unmade or late else self.known_at
        about = (self.label, self.model, self.objective, self.training, known_at)
        shapes = None if unmade else shapes_of(self.views, made)
        found = [*faults_of(Parts(self.views, shapes, *about))]
        if self.valid_label is not None:
            found += begins_before(self.valid_label, known_at, "valid_label")
        found += [*kept_faults(self.views), *row_faults(self.rows, self.label)]
        return (*unmade, *late, *found)

    def eve(self, name: str, ground: Ground) -> tuple[tuple[Node, ...], Ground]:
        """What its networks stand on, and the nodes of that: of a factor that speaks before the
        close, masks that are known before the date's first bar.

        Parameters
        ----------
        name : of the factor
        ground : dates and shared nodes
        """
        if self.known_at >= DAY_CLOSE:
            return (), ground
        node = eve_node(name, ground)
        return (node,), replace(ground, universe=node.name)

    def chosen_nodes(
        self, name: str, folds: Sequence[Fold], label: Node, ground: Ground
    ) -> dict[str, Node]:
        """Which rows are trained on, by the input that takes it; nothing without rules.

        Parameters
        ----------
        name : of the factor
        folds : trainings
        label : its node
        ground : dates and shared nodes
        """
        dates = np.unique(np.concatenate([fold.train for fold in folds]))
        return row_nodes(name, self.rows, dates, label, ground)

    def input_nodes(self, name: str, ground: Ground) -> dict[str, tuple[Node, ...]]:
        """Input -> its features and, last, what the network sees of it.

        Parameters
        ----------
        name : of the factor
        ground : dates and shared nodes
        """
        return {key: input_nodes(name, key, view, ground) for key, view in self.views.items()}

    def label_nodes(
        self, name: str, judged: Shaped[ndarray, " D"], ground: Ground
    ) -> tuple[Node, ...]:
        """The label of all samples and, if it is another one, what scores are compared with.

        Parameters
        ----------
        name : of the factor
        judged : datetime64[D] [D], dates on which scores are compared
        ground : dates and shared nodes
        """
        label = label_node(f"{LABEL}/{name}", self.label, ground.samples, ground)
        if self.valid_label is None:
            return (label,)
        return label, label_node(f"{VALID_LABEL}/{name}", self.valid_label, judged, ground)

    def weights_node(
        self,
        name: str,
        folds: Sequence[Fold],
        seen: Mapping[str, Node],
        labels: tuple[Node, ...],
        chosen: Mapping[str, Node],
        ground: Ground,
    ) -> Node:
        """A fold and seed of training a slice; what a fold predicts moves none.

        Parameters
        ----------
        name : of the factor
        folds : trainings
        seen : what the network sees, by input
        labels : of :meth:`label_nodes`
        chosen : of :meth:`chosen_nodes`
        ground : dates and shared nodes
        """
        slices = []
        for fold in folds:
            days = names_of(self._history(fold, ground))
            labelled = np.concatenate([fold.train, fold.valid])
            parts = {seen_name(key): days for key in seen}
            parts |= {UNIVERSE: days, LABEL: names_of(labelled)}
            parts |= {VALID_LABEL: names_of(fold.valid)} if self.valid_label else {}
            parts |= {part: names_of(fold.train) for part in chosen if part != WEIGHING}
            parts |= {WEIGHING: (weighing_of(fold),)} if WEIGHING in chosen else {}
            training = replace(fold, predict=fold.predict[:0])
            for seed in self.seeds:
                about = {"fold": training, "seed": seed}
                slices.append(Slice(slice_name(fold.name, seed), None, about, parts))
        inputs = {seen_name(key): node.name for key, node in seen.items()}
        inputs |= {UNIVERSE: ground.universe, LABEL: labels[0].name}
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

    def outputs_node(
        self,
        name: str,
        folds: Sequence[Fold],
        seen: Mapping[str, Node],
        weights: Node,
        ground: Ground,
    ) -> Node:
        """What the networks of each fold say of the dates that it predicts.

        Parameters
        ----------
        name : of the node
        folds : trainings, whose predicted dates are disjoint
        seen : what the network sees, by input
        weights : node of the trainings
        ground : dates and shared nodes
        """
        slices = []
        for fold in folds:
            trained = tuple(slice_name(fold.name, seed) for seed in self.seeds)
            for day in fold.predict:
                days = names_of(ground.window(day, self._span))
                parts = {seen_name(key): days for key in seen}
                parts |= {UNIVERSE: days, "weights": trained}
                about = {"fold": fold.name, "seeds": self.seeds}
                slices.append(Slice(str(day), None, about, parts))
        inputs = {seen_name(key): node.name for key, node in seen.items()}
        inputs |= {UNIVERSE: ground.universe, "weights": weights.name}
        block = min(node.block for node in seen.values())
        return Node(name, make_outputs, weights.spec, tuple(slices), inputs, block=block)

    def with_windows(self, ground: Ground) -> Ground:
        """The same, with those dates of samples and scores that have whole windows before them.

        Raises
        ------
        LongWindowError
            No sample has.
        """
        samples, scored = (
            with_window(days, ground.dates, self._span) for days in (ground.samples, ground.scored)
        )
        if len(samples) == 0:
            raise LongWindowError(self._span, len(ground.dates))
        return replace(ground, samples=samples, scored=scored)

    @property
    def _span(self) -> int:
        """Sessions of the longest window."""
        return max(view.span for view in self.views.values())

    def _learning(self, chosen_by: tuple[str, ...]) -> "Learning":
        """What the networks depend on besides their inputs."""
        views = {
            key: LearntView(
                cut=view.cut,
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
