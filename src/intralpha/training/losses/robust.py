"""robust: squared error near the label, and less and less far from it."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label


class RobustSpec(ObjectiveSpec):
    r"""Barron's general robust loss (2019, eq. 8) of the errors x = s - y of raw scores.

    .. math:: \frac1N \sum_i \frac{|\alpha-2|}{\alpha}
        \Big( \big( \frac{(x_i/c)^2}{|\alpha-2|} + 1 \big)^{\alpha/2} - 1 \Big)

    One family from half the squared error (alpha 2) over Charbonnier's (1) and Cauchy's (0) to
    Geman-McClure's (-2). The noise-aware loss of 000: returns are numbers with heavy tails, which
    generalised cross entropy, made for classes with flipped labels, does not describe.
    Insensitive to single far labels: none pulls harder than 1/c where alpha is 1, and the pull of
    ever farther ones vanishes below.
    """

    kind: Literal["robust"] = "robust"
    alpha: float = Field(
        default=1.0, ge=-100, le=2, description="shape: 2 squared, 1 Charbonnier, 0 Cauchy"
    )
    width: float = Field(
        default=1.0, gt=0, description="c, error at which the loss leaves the square; label units"
    )

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """At least 0. See :meth:`ObjectiveSpec.loss`."""
        score, label = score_and_label(output, truth)
        square = ((score - label) / self.width).square()
        bend = 2 - self.alpha
        if bend == 0:
            return (square / 2).mean()
        steep = torch.log1p(square / bend)
        if self.alpha == 0:
            return steep.mean()
        return (bend / self.alpha * torch.expm1(self.alpha / 2 * steep)).mean()
