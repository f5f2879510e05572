"""cross_entropy: of the classes that returns are cut into."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from intralpha.models import Output
from intralpha.training.objective import (
    LossShapeError,
    ObjectiveSpec,
    Truth,
    part_of,
    score_and_label,
)


class CrossEntropySpec(ObjectiveSpec):
    r"""Cross entropy of the classes that returns are cut into [Spec 13: ce].

    .. math:: -\frac1N \sum_i \log softmax(z_i)_{y_i}

    The score itself is not trained. Insensitive to the level of a sample's logits.
    """

    kind: Literal["cross_entropy"] = "cross_entropy"
    lowest: int = Field(
        default=-2, description="label of the first class: -2 for the five bins, 0 for two"
    )

    @property
    def needs(self) -> tuple[str, ...]:
        """Part ``class``."""
        return ("class",)

    @property
    def lowest_class(self) -> int:
        """Where its classes begin."""
        return self.lowest

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """At least 0; log C where all C logits are equal. See :meth:`ObjectiveSpec.loss`."""
        _, label = score_and_label(output, truth)
        logits = part_of(output, "class")
        return cross_entropy(logits, self._class(label, logits.shape[1]))

    def _class(self, label: Float[Tensor, " B"], classes: int) -> Int[Tensor, " B"]:
        """Number of each label's class, from 0.

        Parameters
        ----------
        label : [B]
        classes : C

        Raises
        ------
        LossShapeError
            A label is none of the C whole numbers from the lowest on.
        """
        number = label.round().long() - self.lowest
        wrong = (label != label.round()) | (number < 0) | (number >= classes)
        if wrong.any():
            highest = self.lowest + classes - 1
            expected = f"whole numbers from {self.lowest} to {highest}, since there are {classes}"
            raise LossShapeError(
                "label", f"{label[torch.nonzero(wrong)[0, 0]].item():g}", f"{expected} classes"
            )
        return number
