"""Encoders with recurrent layers: the keys that several share, and the plainest of them."""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.head import HeadSpec
from intralpha.models.heads.nn import NNHeadSpec
from intralpha.models.recurrent_layers import (
    Cell,
    CellDropout,
    Layers,
    last_state,
    last_states,
    recurrent_layers,
)


class RecurrentSpec(EncoderSpec):
    """GRU(50, 2) or LSTM with the head NN(10), as research system 004 has them [Spec 12.9]."""

    cell: Cell = Field(default="gru", description="of the recurrent layers")
    hidden: int = Field(default=50, gt=0, description="width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked recurrent layers")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    cell_dropout: CellDropout = 0.0
    head: HeadSpec = Field(default_factory=NNHeadSpec, description="from the state to scores")

    def recurrent(self, n_features: int) -> Layers:
        """The recurrent layers, with fresh weights.

        Parameters
        ----------
        n_features : F, numbers in one step of a window
        """
        sizes = self.hidden, self.layers, self.dropout, self.cell_dropout
        return recurrent_layers(self.cell, n_features, *sizes)


class LastState(Encoder):
    """Last hidden state of each window.

    Parameters
    ----------
    rnn : of :func:`recurrent_layers`
    earlier : 0, or M, layers before the last, whose last states follow

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, (1 + M) hidden]``.
    """

    def __init__(self, rnn: Layers, earlier: int = 0) -> None:
        super().__init__()
        self.width, self.earlier, self.rnn = rnn.hidden_size, earlier, rnn

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, (1 + M) hidden]`` of windows ``[B, L, F]``."""
        if not self.earlier:
            return last_state(self.rnn, x)
        *before, last = last_states(self.rnn, x)
        return torch.cat([last, *before], dim=1)
