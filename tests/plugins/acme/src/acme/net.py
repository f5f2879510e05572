"""acme.mynet: a weighted mean over the window, then a hidden layer."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from acme.shapes import fading
from intralpha.models import Encoder, EncoderSpec, WindowShape


class MyNetSpec(EncoderSpec):
    kind: Literal["acme.mynet"] = "acme.mynet"
    hidden: int = Field(default=4, gt=0)
    half_life: float = Field(default=2.0, gt=0)

    def encoder(self, shape: WindowShape) -> Encoder:
        return MyNet(shape.features, self)


class MyNet(Encoder):
    def __init__(self, n_features: int, spec: MyNetSpec) -> None:
        super().__init__()
        self.width, self.half_life = spec.hidden, spec.half_life
        self.first = nn.Linear(n_features, spec.hidden)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        weights = fading(x.shape[1], self.half_life).to(x.dtype)
        return torch.tanh(self.first(torch.einsum("blf,l->bf", x, weights)))
