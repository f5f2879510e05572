"""acme.mynet: a weighted mean over the window, then a line."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from acme.shapes import fading
from intralpha.models import ModelSpec


class MyNetSpec(ModelSpec):
    kind: Literal["acme.mynet"] = "acme.mynet"
    hidden: int = Field(default=4, gt=0)
    half_life: float = Field(default=2.0, gt=0)

    def make(self, n_features: int) -> nn.Module:
        return MyNet(n_features, self)


class MyNet(nn.Module):
    def __init__(self, n_features: int, spec: MyNetSpec) -> None:
        super().__init__()
        self.half_life = spec.half_life
        self.first = nn.Linear(n_features, spec.hidden)
        self.last = nn.Linear(spec.hidden, 1)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, " B"]:
        weights = fading(x.shape[1], self.half_life).to(x.dtype)
        seen = torch.einsum("blf,l->bf", x, weights)
        return self.last(torch.tanh(self.first(seen))).squeeze(-1)
