"""acme.tanh: a bounded score."""

from typing import Literal

import torch
from torch import Tensor, nn

from intralpha.models import HeadSpec, Output


class TanhSpec(HeadSpec):
    kind: Literal["acme.tanh"] = "acme.tanh"

    def layers(self, width: int) -> nn.Module:
        return Tanh(width)


class Tanh(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.last = nn.Linear(width, 1)

    def forward(self, state: Tensor, days_B: Tensor | None = None) -> Output:
        return Output(torch.tanh(self.last(state)).squeeze(-1))
