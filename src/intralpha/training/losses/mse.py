"""mse: squared error of raw scores."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from intralpha.models import Output
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label


class MseSpec(ObjectiveSpec):
    r"""Mean squared error of raw scores.

    .. math:: \frac1N \sum_i (s_i - y_i)^2

    Insensitive to nothing: level and scale of the scores count.
    """

    kind: Literal["mse"] = "mse"

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """At least 0. See :meth:`ObjectiveSpec.loss`."""
        score, label = score_and_label(output, truth)
        return (score - label).square().mean()
