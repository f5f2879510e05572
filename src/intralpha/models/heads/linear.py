"""linear: a weighted sum of the state."""

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.output import Output


class LinearHeadSpec(HeadSpec):
    """Linear(E -> 1)."""

    kind: Literal["linear"] = "linear"

    def layers(self, width: int) -> "LinearHead":
        """See :meth:`HeadSpec.layers`."""
        return LinearHead(width)


class LinearHead(nn.Module):
    """One weighted sum.

    Parameters
    ----------
    width : E
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.line = nn.Linear(width, 1)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]``."""
        del days_B
        return Output(self.line(state).squeeze(-1))
