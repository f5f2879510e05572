"""A factor from networks of half a year each, of which those that generalise are kept [15.1]."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from intralpha.base import ConfigError
from intralpha.base.node import Node, Slice, names_of
from intralpha.datasets import Fold
from intralpha.datasets.sample_blocks import Decision, SampleBlocksSpec
from intralpha.factors.factor import UNIVERSE, Ground
from intralpha.factors.learner import Learner
from intralpha.factors.selected import SELECTED, block_input, make_score, make_selected
from intralpha.factors.similarity import EARLIER, features_input, make_similarity
from intralpha.training import SelectSpec, TrainSpec
from intralpha.training.metrics import ICIRMetricSpec


class NoBlockError(ConfigError):
    """No date on which blocks may be chosen has one, so there is no score."""

    def __init__(self, spec: SampleBlocksSpec, offset: int, n_sessions: int) -> None:
        self.spec, self.offset, self.n_sessions = spec, offset, n_sessions
        super().__init__(
            f"blocks {spec}: on none of {n_sessions} sessions is there a block to choose and a "
            f"date to score; one is there {spec.train_days} + {spec.stop_days} + {offset} sessions "
            "after it begins.\nHint: an earlier blocks.first, shorter blocks, or more data."
        )


class SampleBlocks(Learner):
    """Networks trained on a half-year each; every quarter those that did well since are kept.

    A block is trained once, with the metric on the sessions after it stopping it. On the first
    session of every quarter each block that is over is judged on what came after that, by labels
    that are known; what is kept scores stocks, with equal weight, until the next [Spec 15.1]. How
    many are tried and kept is shown: choosing the best of several makes their past look better
    than their future, so only the scores after a decision are evidence.
    """

    kind: Literal["sample_blocks"] = "sample_blocks"
    training: TrainSpec = Field(
        description="how a block is trained; its metric is the ICIR unless another is named"
    )
    blocks: SampleBlocksSpec
    refresh_months: int = Field(
        default=3, gt=0, description="months from one choice of blocks to the next"
    )
    select: SelectSpec = SelectSpec()

    @field_validator("training", mode="before")
    @classmethod
    def _stops_by_icir(cls, given: Any) -> Any:
        """The ICIR stands where no metric is named."""
        if isinstance(given, TrainSpec) and "metric" not in given.model_fields_set:
            return given.model_copy(update={"metric": ICIRMetricSpec()})
        if isinstance(given, dict) and "metric" not in given:
            return given | {"metric": ICIRMetricSpec()}
        return given

    def faults(self) -> tuple[str, ...]:
        """Also a stop interval that labels of the block reach over."""
        found, days = super().faults(), self.blocks.stop_days
        if days > self.offset:
            return found
        return (
            *found,
            f"blocks.stop_days: found {days}; labels reach {self.offset} sessions, so that none of "
            "the sessions after a block is free of its labels.\nHint: a longer stop interval",
        )

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """What a network has, then what each block says, what is kept of them, and the score."""
        decisions, folds = self.decisions(ground), self.folds(ground)
        before, ground = self.eve(name, ground)
        made = self.input_nodes(name, ground)
        seen = {key: nodes[-1] for key, nodes in made.items()}
        measured = [(block.fold.valid, block.fold.predict) for block in decisions[-1].blocks]
        judged = np.unique(np.concatenate([dates for both in measured for dates in both]))
        labels = self.label_nodes(name, judged, ground)
        chosen = self.chosen_nodes(name, folds, labels[0], ground)
        weights = self.weights_node(name, folds, seen, labels, chosen, ground)
        outputs = {
            fold.name: self.outputs_node(f"block/{name}.{fold.name}", [fold], seen, weights, ground)
            for fold in folds
        }
        parts = [node for nodes in made.values() for node in nodes]
        features = {key: nodes[0] for key, nodes in made.items()}
        return (
            *before,
            *parts,
            *labels,
            *chosen.values(),
            weights,
            _similarity(name, folds, features, ground),
            *outputs.values(),
            self._selected(name, decisions, outputs, labels[-1]),
            _score(name, decisions, outputs),
        )

    def folds(self, ground: Ground) -> tuple[Fold, ...]:
        """The training of every block, with the dates that judge it or that it may score.

        Raises
        ------
        LongWindowError
            No sample has a whole window.
        NoBlockError
            There are none.
        """
        decisions = self.decisions(ground)
        asked = np.concatenate([decision.scored for decision in decisions])
        since: dict[str, np.datetime64] = {}
        for decision in decisions:
            for block in decision.blocks:
                since.setdefault(block.fold.name, decision.day)
        folds = [block.fold for block in decisions[-1].blocks]
        return tuple(
            replace(fold, predict=np.union1d(fold.predict, asked[asked >= since[fold.name]]))
            for fold in folds
        )

    def decisions(self, ground: Ground) -> tuple[Decision, ...]:
        """Dates on which blocks are chosen, with the blocks there are and the dates they score.

        Raises
        ------
        LongWindowError
            No sample has a whole window.
        NoBlockError
            There are none.
        """
        whole = self.with_windows(ground)
        found = self.blocks.decisions(
            whole.dates, whole.samples, self.offset, whole.scored, self.refresh_months
        )
        if not found:
            raise NoBlockError(self.blocks, self.offset, len(ground.dates))
        return found

    def _selected(
        self,
        name: str,
        decisions: Sequence[Decision],
        outputs: dict[str, Node],
        label: Node,
    ) -> Node:
        slices = []
        for decision in decisions:
            folds = tuple(block.fold for block in decision.blocks)
            parts = {block_input(f.name): names_of(f.predict) for f in folds if len(f.predict)}
            judged = np.unique(np.concatenate([fold.predict for fold in folds]))
            parts |= {"label": names_of(judged)} if len(judged) else {}
            slices.append(Slice(str(decision.day), None, folds, parts))
        inputs = _inputs(outputs) | {"label": label.name}
        node = f"{SELECTED}/{name}"
        return Node(node, make_selected, self.select, tuple(slices), inputs, form="folders")


def _score(name: str, decisions: Sequence[Decision], outputs: dict[str, Node]) -> Node:
    slices = []
    for decision in decisions:
        blocks = [block_input(block.fold.name) for block in decision.blocks]
        for day in names_of(decision.scored):
            parts = dict.fromkeys(blocks, (day,)) | {SELECTED: (str(decision.day),)}
            slices.append(Slice(day, None, None, parts))
    inputs = _inputs(outputs) | {SELECTED: f"{SELECTED}/{name}"}
    return Node(f"score/{name}", make_score, None, tuple(slices), inputs)


def _inputs(outputs: dict[str, Node]) -> dict[str, str]:
    return {block_input(fold): node.name for fold, node in outputs.items()}


def _similarity(
    name: str, folds: Sequence[Fold], features: dict[str, Node], ground: Ground
) -> Node:
    """How far each block's features lie from those of the blocks before it."""
    node, slices = f"similarity/{name}", []
    for at, fold in enumerate(folds):
        days = names_of(fold.train)
        parts = {features_input(key): days for key in features} | {UNIVERSE: days}
        parts |= {EARLIER: tuple(before.name for before in folds[:at])} if at else {}
        slices.append(Slice(fold.name, None, tuple(features), parts))
    inputs = {features_input(key): made.name for key, made in features.items()}
    inputs |= {UNIVERSE: ground.universe, EARLIER: node}
    return Node(node, make_similarity, None, tuple(slices), inputs, form="folders")
