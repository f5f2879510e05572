"""Additive attention: which states of a sequence count, learned from each alone [Spec 12.12]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from intralpha.models.dropout import Dropout


class AdditiveAttention(nn.Module):
    """a = softmax_t(v' tanh(W h_t + b)); sum_t a_t h_t.

    Parameters
    ----------
    width : d, of a state
    inner : numbers in W h
    dropout : of W h + b, before the tanh, as in the ALSTM of qlib [Spec 12.13]
    """

    def __init__(self, width: int, inner: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.line, self.vector = nn.Linear(width, inner), nn.Linear(inner, 1, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, states: Float[Tensor, "B L d"]) -> Float[Tensor, "B d"]:
        """The weighted sum of states."""
        told = self.vector(self.dropout(self.line(states)).tanh())
        return torch.bmm(told.softmax(1).transpose(1, 2), states).squeeze(1)
