"""RNN + NN: the plain network of research systems 004 and 000 [Spec 12.9]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.head import HeadSpec
from intralpha.models.heads.nn import NNHeadSpec
from intralpha.models.recurrent_layers import Cell, CellDropout, last_state, recurrent_layers
from intralpha.models.shape import WindowShape


class RNNNNSpec(EncoderSpec):
    """h_1..h_T = RNN(x); score = Linear(ReLU(Linear(h_T))), 50 -> 10 -> 1.

    Source: [Spec 12.9], "GRU(50,2)+NN(10)". Our own: no dropout unless asked for.
    """

    kind: Literal["rnn_nn"] = "rnn_nn"
    cell: Cell = Field(default="gru", description="of the recurrent layers")
    hidden: int = Field(default=50, gt=0, description="width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked recurrent layers")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="between layers")
    cell_dropout: CellDropout = 0.0
    head: HeadSpec = Field(
        default_factory=NNHeadSpec, description="from the last hidden state to scores"
    )

    def encoder(self, shape: WindowShape) -> "RNNNN":
        """See :meth:`EncoderSpec.encoder`."""
        return RNNNN(shape.features, self)


class RNNNN(Encoder):
    """Last hidden state of each window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : cell and sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, hidden]``.
    """

    def __init__(self, n_features: int, spec: RNNNNSpec) -> None:
        super().__init__()
        self.width = spec.hidden
        sizes = n_features, spec.hidden, spec.layers, spec.dropout, spec.cell_dropout
        self.rnn = recurrent_layers(spec.cell, *sizes)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, hidden]`` of windows ``[B, L, F]``."""
        return last_state(self.rnn, x)
