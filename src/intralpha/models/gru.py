"""GRU of research system 002: last hidden state, batch norm, linear, sigmoid [Spec 12.3]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.model import ModelSpec
from intralpha.models.recurrent import FusedGRU


class GRUSpec(ModelSpec):
    """GRU -> last hidden state -> BatchNorm -> Linear -> Sigmoid."""

    kind: Literal["gru"] = "gru"
    hidden: int = Field(default=30, gt=0, description="width of the hidden state")
    layers: int = Field(default=1, gt=0, description="stacked GRU layers")

    def make(self, n_features: int) -> "GRU":
        """A fresh network; see :meth:`ModelSpec.make`."""
        return GRU(n_features, self)


class GRU(nn.Module):
    """Score of each sample from its window.

    Parameters
    ----------
    n_features : F, numbers in one step of a window
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B]`` in (0, 1). In training
    the batch norm uses the batch; in eval mode running statistics, so samples are independent.
    """

    def __init__(self, n_features: int, spec: GRUSpec) -> None:
        super().__init__()
        self.rnn = FusedGRU(n_features, spec.hidden, spec.layers)
        self.norm = nn.BatchNorm1d(spec.hidden)
        self.head = nn.Linear(spec.hidden, 1)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, " B"]:
        """Score ``[B]`` of windows ``[B, L, F]``."""
        _, last = self.rnn(x, sequence=False)
        return torch.sigmoid(self.head(self.norm(last[-1]))).squeeze(-1)
