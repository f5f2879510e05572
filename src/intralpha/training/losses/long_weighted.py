"""long_weighted: squared error that counts the winners more."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models import Output
from intralpha.models.groups import Groups
from intralpha.training.objective import ObjectiveSpec, Truth, score_and_label
from intralpha.training.order import ranks


class LongWeightedSpec(ObjectiveSpec):
    r"""Squared error with more weight on the stocks that a long-only holder buys [Spec 13; 000].

    .. math:: \sum_i w_i (s_i - y_i)^2 / \sum_i w_i,
        \quad w_i = 1 + a \cdot 1(y_i \text{ in the top})

    The top is that of each sample's day in the batch [O]. Insensitive to the scale of the weights
    only.
    """

    kind: Literal["long_weighted"] = "long_weighted"
    extra: float = Field(default=1.0, ge=0, description="a, extra weight of the top")
    top: float = Field(default=0.3, gt=0, lt=1, description="share of each day's labels")

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """At least 0; ``mse`` where a = 0. Equal labels are in the top together, or none is.

        See :meth:`ObjectiveSpec.loss`.
        """
        score, label = score_and_label(output, truth)
        days = Groups.of(truth.days_B, "day")
        above = days.spread(days.sizes) - ranks(label, days)
        weight = 1 + self.extra * (above <= self.top * days.spread(days.sizes)).to(score.dtype)
        return (weight * (score - label).square()).sum() / weight.sum()
