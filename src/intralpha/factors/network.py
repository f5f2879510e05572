"""A factor from a network: features -> windows -> rolling training -> seed ensemble."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.datasets import Fold, ScheduleSpec, WeighingSpec
from intralpha.factors.factor import Ground
from intralpha.factors.learner import Learner
from intralpha.factors.training_rows import WEIGHING, weighing_node


class Network(Learner):
    """A network a fold and seed; the mean of the seeds' z-scores is the score.

    What it sees stands either in the factor itself (``features``, ``transform``, ``window_days``)
    or, for networks of several inputs, under ``inputs`` by name.
    """

    kind: Literal["network"] = "network"
    schedule: ScheduleSpec
    weights: WeighingSpec | None = Field(
        default=None,
        description="how often training dates are drawn, such as by recency; null: each once an "
        "epoch",
    )

    @property
    def in_turn(self) -> int:
        """Columns of a label of single sessions, if the network predicts each of them."""
        return len(self.label.columns) if self.label.in_turn and "h" in self.model.gives else 0

    def faults(self) -> tuple[str, ...]:
        """Also weights by what is not known in time."""
        ahead = max((r.ahead for r in self.weights.reads()), default=0) if self.weights else 0
        if not ahead:
            return super().faults()
        return (
            *super().faults(),
            f"weights: {self.weights.kind} reads {ahead} session(s) ahead; dates are weighed "  # type: ignore[union-attr]
            "by what is known before the first that is predicted",
        )

    def chosen_nodes(
        self, name: str, folds: Sequence[Fold], label: Node, ground: Ground
    ) -> dict[str, Node]:
        """Also how much each training date counts; see :meth:`Learner.chosen_nodes`.

        Parameters
        ----------
        name, folds, label, ground : as of :meth:`Learner.chosen_nodes`
        """
        out = super().chosen_nodes(name, folds, label, ground)
        if self.weights is not None:
            out[WEIGHING] = weighing_node(name, self.weights, tuple(folds), ground)
        return out

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """Features, what the network sees, labels, weights a fold and seed, outputs, the score."""
        before, ground = self.eve(name, ground)
        made = self.input_nodes(name, ground)
        seen = {key: nodes[-1] for key, nodes in made.items()}
        folds = self.folds(ground)
        judged = np.unique(np.concatenate([fold.valid for fold in folds]))
        labels = self.label_nodes(name, judged, ground)
        chosen = self.chosen_nodes(name, folds, labels[0], ground)
        weights = self.weights_node(name, folds, seen, labels, chosen, ground)
        outputs = self.outputs_node(f"outputs/{name}", folds, seen, weights, ground)
        parts = [node for nodes in made.values() for node in nodes]
        work = (*before, *parts, *labels, *chosen.values())
        return (*work, weights, outputs, _score(name, outputs))

    def folds(self, ground: Ground) -> tuple[Fold, ...]:
        """Every training of the schedule on the dates that have whole windows before them.

        Raises
        ------
        LongWindowError
            There are none.
        """
        whole = self.with_windows(ground)
        return self.schedule.folds(whole.dates, whole.samples, self.offset, whole.scored)


def _score(name: str, outputs: Node) -> Node:
    slices = [Slice(one.name, None, None, {"outputs": (one.name,)}) for one in outputs.slices]
    return Node(f"score/{name}", make_score, None, tuple(slices), {"outputs": outputs.name})


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
