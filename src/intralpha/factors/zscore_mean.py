"""A factor without training: the mean of signed z-scores."""

from typing import Literal

import numpy as np
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.node import Inputs, Node, Read, Task, day_slices
from intralpha.datasets import TransformSpec
from intralpha.evaluation import zscore
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of
from intralpha.factors.features import feature_node
from intralpha.factors.inputs import standardised
from intralpha.features import FeatureSpec
from intralpha.labels import BUYABLE_READS, fwd_buyable


class ZScoreMean(FactorSpec):
    """The mean of signed, clipped z-scores over the universe."""

    kind: Literal["zscore_mean"] = "zscore_mean"
    features: FeatureSpec
    transform: TransformSpec | None = Field(
        default=None,
        description="what is done to the features of a date first, such as {kind: neutral}, which "
        "cuts them and takes out industry and size; null: nothing",
    )
    signs: dict[str, Literal[1, -1]] = Field(min_length=1, description="feature name -> direction")
    clip: float | None = Field(default=3.0, gt=0, description="bound of a z-score; null for none")
    fwd_over_tested: bool = Field(
        default=False,
        description="z-scores over the names tested, which knows the next session's tradability: "
        "only to repeat a published test protocol, never to trade",
    )

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """Features of every session, scores on the dates asked for."""
        features = feature_node(name, self.features, ground)
        needs = {part: lambda at: ground.scored[at : at + 1] for part in ("features", UNIVERSE)}
        reads: tuple[Read, ...] = BUYABLE_READS if self.fwd_over_tested else ()
        reads = (*reads, *(self.transform.reads() if self.transform else ()))
        slices = day_slices(ground.scored, bool(reads), needs)
        inputs = {"features": features.name, UNIVERSE: ground.universe}
        return features, Node(f"score/{name}", make_score, self, slices, inputs, reads)

    def faults(self) -> tuple[str, ...]:
        """Signs that name no feature, and a transform that learns."""
        if self.transform is not None and not self.transform.alone:
            return (f"transform: {self.transform.kind} learns from other dates",)  # type: ignore[attr-defined]
        known = self.features.make().names
        unknown = sorted(set(self.signs) - set(known))
        if not unknown:
            return ()
        return (f"signs: no feature {', '.join(unknown)}; known are {', '.join(known)}",)


def make_score(spec: ZScoreMean, inputs: Inputs, task: Task) -> None:
    """Mean of signed z-scores of each date.

    Parameters
    ----------
    spec : signs of the features, and the bound of a z-score
    inputs : ``features`` and the mask ``universe`` of the dates; the lake where the transform reads
        of it, and with ``fwd_over_tested`` up to the session after each
    task : a slice a date asked for; ``panel`` becomes the Panel ``score`` [D, A, 1], NaN outside
        the universe and where any of the features is absent or does not vary

    Notes
    -----
    Known at the close of each date; with ``fwd_over_tested`` at that of the next session.
    """
    days = days_of(task)
    features, inside = inputs.panel("features"), inputs.panel(UNIVERSE)[UNIVERSE] > 0
    if spec.fwd_over_tested:
        inside &= fwd_buyable(inputs.lake, days, inputs.assets)
    if spec.transform is not None:
        features = standardised(spec.transform, inputs, features, inside)
    parts = [
        zscore(sign * features[feature].astype(np.float64), inside, spec.clip)
        for feature, sign in spec.signs.items()
    ]
    score = np.mean(parts, axis=0)[:, :, None]
    Panel(score, days, inputs.assets, ("score",)).save(task.folder("panel"))
