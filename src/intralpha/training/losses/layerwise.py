"""layerwise: a loss of the score, and the same loss of the scores of earlier layers."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor

from intralpha.models import Output
from intralpha.training.losses.neg_ic import NegICSpec
from intralpha.training.objective import ObjectiveSpec, Truth, of_scores_only, part_of


class LayerwiseSpec(ObjectiveSpec):
    r"""A loss of the score plus its mean over M earlier layers [000 names it; form ours].

    .. math:: \ell(s, y) + \frac{w}{M} \sum_m \ell(s^{(m)}, y)

    Deep supervision (Lee et al. 2015): every layer is told what it is for. Insensitive to what the
    loss itself is insensitive to.
    """

    kind: Literal["layerwise"] = "layerwise"
    of: ObjectiveSpec = Field(
        default_factory=NegICSpec, description="loss of every layer; it looks at scores only"
    )
    weight: float = Field(default=0.3, ge=0, description="w, of the earlier layers' mean loss")

    _of_scores_only = field_validator("of")(of_scores_only)

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``layer``."""
        return ("layer",)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """See :meth:`ObjectiveSpec.loss`."""
        earlier = part_of(output, "layer")
        losses = [self.of.loss(Output(column), truth) for column in earlier.unbind(1)]
        return self.of.loss(output, truth) + self.weight * torch.stack(losses).mean()
