"""A factor of other factors: the weighted mean of their z-scores, tested beside them."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import mean_zscore
from intralpha.base.node import Inputs, Node, Slice, Task
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of


class MeanOfSpec(FactorSpec):
    """The mean of other factors' z-scores over the universe, with fixed weights.

    What ``combination: {kind: weights}`` makes of the factors, as a factor of its own: several such
    means can be tested side by side, and combined.
    """

    kind: Literal["mean_of"] = "mean_of"
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        min_length=1,
        description="weight of each factor by its name, which stands before it; only their ratios "
        "count",
    )

    def made_of(self) -> tuple[str, ...]:
        """The factors with a weight."""
        return tuple(self.weights)

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """The score on every date that any of the factors has."""
        there = {one: {s.name for s in ground.scores[one].slices} for one in self.weights}
        slices = []
        for day in sorted(set[str]().union(*there.values())):
            needs = {one: (day,) if day in known else () for one, known in there.items()}
            slices.append(Slice(day, None, None, needs | {UNIVERSE: (day,)}))
        inputs = {one: ground.scores[one].name for one in there} | {UNIVERSE: ground.universe}
        return (Node(f"score/{name}", make_score, self, tuple(slices), inputs),)


def make_score(spec: MeanOfSpec, inputs: Inputs, task: Task) -> None:
    """The weighted mean, see :func:`intralpha.base.cross_section.mean_zscore`.

    Parameters
    ----------
    spec : the weights
    inputs : the mask ``universe`` of the dates, and the scores of the factors by their names
    task : slices are dates that any factor has; ``panel`` becomes the Panel ``score`` [D, A, 1],
        known when the last of the factors is. A factor that a stock or a date lacks leaves its
        weight to the others; NaN outside the universe and where none has a value.
    """
    days = days_of(task)
    inside_DA = inputs.panel(UNIVERSE).reindex(days, inputs.assets)[UNIVERSE] > 0
    parts = []
    for name in spec.weights:
        given = any(one.needs[name] for one in task.slices)
        empty = Panel.full(days, inputs.assets, ("score",))
        panel = inputs.panel(name).reindex(days, inputs.assets) if given else empty
        parts.append(panel["score"])
    weights_DK = np.tile(np.array([*spec.weights.values()]), (len(days), 1))
    score = mean_zscore(parts, weights_DK, inside_DA)[:, :, None].astype(np.float32)
    Panel(score, days, inputs.assets, ("score",)).save(task.folder("panel"))
