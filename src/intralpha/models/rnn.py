"""Univariate RNN of research system 001: last hidden state to one number [Spec 12.1]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.model import ModelSpec
from intralpha.models.recurrent import FusedGRU, FusedLSTM


class RNNSpec(ModelSpec):
    """GRU or LSTM -> last hidden state -> Linear; ``mse_bn`` standardises the output."""

    kind: Literal["rnn"] = "rnn"
    hidden: int = Field(default=64, gt=0, description="width of the hidden state")
    layers: int = Field(default=2, gt=0, description="stacked layers")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="between layers")
    cell: Literal["gru", "lstm"] = Field(default="gru", description="what the layers are made of")
    cell_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="of the neurons inside a cell, for a whole window"
    )

    def make(self, n_features: int) -> "RNN":
        """A fresh network; see :meth:`ModelSpec.make`."""
        return RNN(n_features, self)


class RNN(nn.Module):
    """Raw score of each sample from its window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B]``. The batch norm of the
    paper is monotone, so it belongs to the objective and the score is left as it is.
    """

    def __init__(self, n_features: int, spec: RNNSpec) -> None:
        super().__init__()
        layers = FusedGRU if spec.cell == "gru" else FusedLSTM
        sizes = (n_features, spec.hidden, spec.layers)
        self.rnn = layers(*sizes, spec.dropout, spec.cell_dropout)
        self.head = nn.Linear(spec.hidden, 1)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, " B"]:
        """Score ``[B]`` of windows ``[B, L, F]``."""
        _, last = self.rnn(x, sequence=False)
        h = last if isinstance(last, Tensor) else last[0]
        return self.head(h[-1]).squeeze(-1)
