"""neg_ic: minus the correlation of scores and labels."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models import Output
from intralpha.training.objective import ObjectiveSpec, Truth, standardise


class NegICSpec(ObjectiveSpec):
    """Minus the Pearson correlation of scores and labels in the batch [Spec 13].

    Insensitive to level and scale of scores and labels.
    """

    kind: Literal["neg_ic"] = "neg_ic"

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """Between -1 and 1; 0 for constant scores or labels. See :meth:`ObjectiveSpec.loss`."""
        return -(standardise(output.score) * standardise(truth.label_B)).mean()
