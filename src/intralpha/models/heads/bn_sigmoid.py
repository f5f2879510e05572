"""bn_sigmoid: the head of research system 002 [Spec 12.3]."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from intralpha.models.head import HeadSpec
from intralpha.models.output import Output


class BnSigmoidHeadSpec(HeadSpec):
    """BatchNorm(E) -> Linear(E -> 1) -> Sigmoid."""

    kind: Literal["bn_sigmoid"] = "bn_sigmoid"

    def layers(self, width: int) -> "BnSigmoidHead":
        """See :meth:`HeadSpec.layers`."""
        return BnSigmoidHead(width)


class BnSigmoidHead(nn.Module):
    """Scores in (0, 1).

    Parameters
    ----------
    width : E

    Notes
    -----
    In training the batch norm uses the batch; in eval mode running statistics, so samples are
    independent.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.line = nn.Linear(width, 1)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]``."""
        del days_B
        return Output(torch.sigmoid(self.line(self.norm(state))).squeeze(-1))
