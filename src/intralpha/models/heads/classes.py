"""classes: logits of C classes of return, and the expected class as score [Spec 11, 13]."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.output import Output


class ClassesHeadSpec(HeadSpec):
    """Linear(E -> C); score = sum_c v_c softmax(logits)_c with v = -(C-1)/2, ..., (C-1)/2.

    Source: the score of ``y_bin_h`` [Spec 11], -2 to 2 for five classes; the part ``class`` is the
    logits, from the lowest class to the highest.
    """

    kind: Literal["classes"] = "classes"
    classes: int = Field(default=5, gt=1, description="C, from the lowest returns to the highest")

    @property
    def gives(self) -> tuple[str, ...]:
        """The logits."""
        return ("class",)

    @property
    def label_classes(self) -> int:
        """C."""
        return self.classes

    def layers(self, width: int) -> "ClassesHead":
        """See :meth:`HeadSpec.layers`."""
        return ClassesHead(width, self.classes)


class ClassesHead(nn.Module):
    """Logits of classes.

    Parameters
    ----------
    width : E
    classes : C
    """

    values: Tensor

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.line = nn.Linear(width, classes)
        values = torch.arange(classes) - (classes - 1) / 2
        self.register_buffer("values", values, persistent=False)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]`` and the part ``class``, ``[B, C]``."""
        del days_B
        logits = self.line(state)
        return Output(logits.softmax(1) @ self.values, {"class": logits})
