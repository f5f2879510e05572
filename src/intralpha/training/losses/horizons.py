"""horizons: one loss for each column of labels, and their mean."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor

from intralpha.models import Output
from intralpha.training.losses.neg_ic import NegICSpec
from intralpha.training.objective import ObjectiveSpec, Truth, horizons_of, of_scores_only


class HorizonsSpec(ObjectiveSpec):
    """The mean over H horizons of a loss of each horizon's predictions and labels.

    Insensitive to what the loss of each horizon is insensitive to.
    """

    kind: Literal["horizons"] = "horizons"
    of: ObjectiveSpec = Field(
        default_factory=NegICSpec, description="loss of one horizon; it looks at scores only"
    )

    _of_scores_only = field_validator("of")(of_scores_only)

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``h``."""
        return ("h",)

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """A horizon without any label is left out of the mean. See :meth:`ObjectiveSpec.loss`."""
        h = horizons_of(output, truth)
        losses = []
        for at in range(h.shape[1]):
            known = truth.known_BH[:, at]
            if known.any():
                label = truth.label_BH[known, at, None]
                column = Truth(label, torch.ones_like(label, dtype=torch.bool), truth.days_B[known])
                losses.append(self.of.loss(Output(h[known, at]), column))
        return torch.stack(losses).mean()
