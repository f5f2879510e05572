"""nn: the small network at the end of research systems 004 and 000 [Spec 12.9]."""

from typing import Literal

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.output import Output


class NNHeadSpec(HeadSpec):
    """Linear(E -> width) -> ReLU -> Linear(width -> 1): the ``NN(10)`` of [Spec 12.9]."""

    kind: Literal["nn"] = "nn"
    width: int = Field(default=10, gt=0, description="of the layer between state and score")

    def layers(self, width: int) -> "NNHead":
        """See :meth:`HeadSpec.layers`."""
        return NNHead(width, self.width)


class NNHead(nn.Module):
    """Two linear layers with a ReLU between them.

    Parameters
    ----------
    width : E
    inner : of the layer between
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(width, inner), nn.Linear(inner, 1)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]``."""
        del days_B
        return Output(self.last(self.first(state).relu()).squeeze(-1))
