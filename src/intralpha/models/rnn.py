"""Univariate RNN of research system 001: last hidden state to one number [Spec 12.1]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.recurrent_layers import (
    Cell,
    CellDropout,
    last_state,
    recurrent_layers,
)
from intralpha.models.shape import WindowShape


class RNNSpec(EncoderSpec):
    """GRU or LSTM -> last hidden state -> head; ``mse_bn`` standardises the output."""

    kind: Literal["rnn"] = "rnn"
    hidden: int = Field(default=64, gt=0, description="width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked layers")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="between layers")
    cell: Cell = Field(default="gru", description="of the recurrent layers")
    cell_dropout: CellDropout = 0.0

    def encoder(self, shape: WindowShape) -> "RNN":
        """See :meth:`EncoderSpec.encoder`."""
        return RNN(shape.features, self)


class RNN(Encoder):
    """Last hidden state of each window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, hidden]``. The batch norm of
    the paper is monotone, so it belongs to the objective and the score is left as it is.
    """

    def __init__(self, n_features: int, spec: RNNSpec) -> None:
        super().__init__()
        self.width = spec.hidden
        sizes = spec.hidden, spec.layers, spec.dropout, spec.cell_dropout
        self.rnn = recurrent_layers(spec.cell, n_features, *sizes)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows ``[B, L, F]``."""
        return last_state(self.rnn, x)
