"""mse_bn: squared error of scores that are standardised by batch."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.training.objective import ObjectiveSpec, standardise


class MseBnSpec(ObjectiveSpec):
    """Squared error between the batch-standardised scores and the labels [Spec 13]."""

    kind: Literal["mse_bn"] = "mse_bn"

    def loss(self, score: Float[Tensor, " B"], label: Float[Tensor, " B"]) -> Float[Tensor, ""]:
        """With standardised labels 2 + 2 ``neg_ic``, so both have the same minimum.

        See :meth:`ObjectiveSpec.loss`.
        """
        return (standardise(score) - label).square().mean()
