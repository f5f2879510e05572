"""mse_bn: squared error of scores that are standardised by batch."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import standardise
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label


class MseBnSpec(ObjectiveSpec):
    r"""Mean squared error of batch-standardised scores [Spec 13].

    .. math:: \frac1N \sum_i (BN(s_i) - y_i)^2

    Insensitive to level and scale of the scores.
    """

    kind: Literal["mse_bn"] = "mse_bn"

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """With standardised labels 2 + 2 ``neg_ic``, so both have the same minimum.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        return (standardise(score) - label).square().mean()
