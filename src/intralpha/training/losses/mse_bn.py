"""mse_bn: squared error of scores that are standardised by batch."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models import Output
from intralpha.training.objective import ObjectiveSpec, Truth, standardise


class MseBnSpec(ObjectiveSpec):
    """Squared error between the batch-standardised scores and the labels [Spec 13].

    Insensitive to level and scale of the scores.
    """

    kind: Literal["mse_bn"] = "mse_bn"

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """With standardised labels 2 + 2 ``neg_ic``, so both have the same minimum.

        See :meth:`ObjectiveSpec.loss`.
        """
        return (standardise(output.score) - truth.label_B).square().mean()
