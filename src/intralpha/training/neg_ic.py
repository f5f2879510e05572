"""neg_ic: minus the correlation of scores and labels."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.training.objective import ObjectiveSpec, standardise


class NegICSpec(ObjectiveSpec):
    """Minus the Pearson correlation of scores and labels in the batch [Spec 13]."""

    kind: Literal["neg_ic"] = "neg_ic"

    def loss(self, score: Float[Tensor, " B"], label: Float[Tensor, " B"]) -> Float[Tensor, ""]:
        """Between -1 and 1; 0 for constant scores or labels. See :meth:`ObjectiveSpec.loss`."""
        return -(standardise(score) * standardise(label)).mean()
