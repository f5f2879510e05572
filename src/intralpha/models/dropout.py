"""Dropout whose random numbers do not take longer than the network around it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

PER_DRAW = 4  # 16-bit numbers in one of 64 bits
LEVELS = 1 << 16


class Dropout(nn.Module):
    """In training each number becomes 0 with a probability p, and else x / (1 - p).

    Parameters
    ----------
    rate : p, at least 0 and less than 1; on a CPU rounded to a multiple of 2^-16

    Notes
    -----
    On a CPU ``nn.Dropout`` draws a number of 64 bits for each of x, one after the other: of the
    Conformer's training that is a fifth. Here one such number serves four. They are torch's, so
    that its seed and its state repeat them.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.cut = min(round(rate * LEVELS), LEVELS - 1)

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """x, or in training what is kept of it."""
        if not self.training or self.rate == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.rate)
        return x * kept(x, self.cut).to(x.dtype).mul_(LEVELS / (LEVELS - self.cut))


def kept(x: Float[Tensor, "..."], cut: int) -> Bool[Tensor, "..."]:
    """Which numbers are kept, in the shape of x.

    Parameters
    ----------
    x : on a CPU
    cut : of 65,536, how many are not
    """
    draws = torch.empty(-(-x.numel() // PER_DRAW), dtype=torch.int64).random_(-(1 << 63), None)
    return draws.view(torch.int16)[: x.numel()].view(x.shape) >= cut - LEVELS // 2
