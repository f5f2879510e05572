"""A score of every layer of an encoder, for losses that tell each layer what it is for."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from intralpha.models.encoder import Encoder
from intralpha.models.output import Output
from intralpha.models.tokens import Tokens

LAYER = "layer"


class EachLayer(Encoder):
    """The last token of every layer side by side: ``[B, L, F]`` to ``[B, M d]``, the last one last.

    Parameters
    ----------
    tokens : with M layers, whose :meth:`~.Tokens.each_last` gives them apart
    layers : M
    """

    def __init__(self, tokens: Tokens, layers: int) -> None:
        super().__init__()
        self.tokens, self.apart = tokens, tokens.apart
        self.width = layers * tokens.width

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """States ``[B, M d]`` of windows ``[B, L, F]``."""
        return torch.cat(self.tokens.each_last(x), dim=1)


class EachHead(nn.Module):
    """A head on the last layer's state, and a line on each earlier one: part ``layer``.

    Parameters
    ----------
    head : of the last layer
    width : d, numbers in the state of a layer
    layers : M, at least 2
    """

    def __init__(self, head: nn.Module, width: int, layers: int) -> None:
        super().__init__()
        self.head, self.width = head, width
        self.lines = nn.ModuleList(nn.Linear(width, 1) for _ in range(layers - 1))

    def forward(
        self,
        state: Float[Tensor, "B E"],
        exposures: Float[Tensor, "B _ P"] | None = None,
        days_B: Int[Tensor, " B"] | None = None,
    ) -> Output:
        """What the head says, and ``layer`` [B, M - 1], the first layer first.

        Parameters
        ----------
        state : [B, M d] of :class:`EachLayer`
        exposures, days_B : as for :class:`~.Head`
        """
        *earlier, last = state.split(self.width, dim=1)
        out = self.head(last, exposures, days_B)
        pairs = zip(self.lines, earlier, strict=True)
        scores = torch.cat([line(part) for line, part in pairs], dim=1)
        return Output(out.score, {**out.parts, LAYER: scores})
