"""ALSTM and AGRU: recurrent layers between an embedding and an attention [Spec 12.13]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.additive_attention import AdditiveAttention
from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.recurrent_layers import Cell, CellDropout, recurrent_layers, states_of
from intralpha.models.shape import WindowShape


class ALSTMSpec(EncoderSpec):
    """h_t = RNN(tanh(W x + b))_t; state = [h_T, sum_t a_t h_t]; score = Linear(2H -> 1).

    a = softmax_t(v' tanh(dropout(W_a h_t + b_a))), W_a [H/2, H]. Source: qlib's ALSTM [Spec 12.13];
    of kind ``agru`` the recurrent layers are a GRU. Our own: the same rate of dropout between
    layers, as there, but 0 unless asked for.
    """

    kind: Literal["alstm", "agru"] = Field(default="alstm", description="LSTM or GRU inside")
    hidden: int = Field(default=64, gt=1, description="H, width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked recurrent layers")
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="between layers, and inside the attention"
    )
    cell_dropout: CellDropout = 0.0

    @property
    def cell(self) -> Cell:
        """Of the recurrent layers."""
        return "lstm" if self.kind == "alstm" else "gru"

    def encoder(self, shape: WindowShape) -> "ALSTM":
        """See :meth:`EncoderSpec.encoder`."""
        return ALSTM(shape.features, self)


class ALSTM(Encoder):
    """Last hidden state of each window, and the weighted sum of all.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : cell and sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, 2 hidden]``.
    """

    def __init__(self, n_features: int, spec: ALSTMSpec) -> None:
        super().__init__()
        hidden, self.width = spec.hidden, 2 * spec.hidden
        self.embedding = nn.Linear(n_features, hidden)
        sizes = spec.layers, spec.dropout, spec.cell_dropout
        self.rnn = recurrent_layers(spec.cell, hidden, hidden, *sizes)
        self.attention = AdditiveAttention(hidden, hidden // 2, spec.dropout)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, 2 hidden]`` of windows ``[B, L, F]``."""
        states = states_of(self.rnn, self.embedding(x).tanh())
        return torch.cat([states[:, -1], self.attention(states)], dim=1)
