"""Dropout whose random numbers are cheap on a CPU."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 65536  # of 16 random bits


class Dropout(nn.Module):
    """0 with probability p, else x / (1 - p), in training; x in eval mode.

    Parameters
    ----------
    rate : p, at least 0 and below 1

    Notes
    -----
    On a CPU ``nn.Dropout`` draws a number for each element, which takes longer than the products of
    a network of our sizes. Here 64 random bits of torch's global generator decide about four
    elements, so p is rounded to a multiple of 1/65536 (and what is kept is divided by one minus
    that); the generator's state replays them. Elsewhere it is torch's own.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Float[Tensor, "*sizes"]) -> Float[Tensor, "*sizes"]:
        """What is left of x, of any shape."""
        if not self.training or self.rate == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.rate)
        dropped = min(round(self.rate * LEVELS), LEVELS - 1)
        return x * kept(x.shape, dropped).to(x.dtype).mul_(LEVELS / (LEVELS - dropped))


def kept(shape: torch.Size, dropped: int) -> Bool[Tensor, "*sizes"]:
    """Which elements are kept, each with probability 1 - dropped/65536.

    Parameters
    ----------
    shape : of the answer
    dropped : 0 to 65535; with one more the comparison of 16 bits would wrap
    """
    count = shape.numel()
    words = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    return (words.view(torch.int16)[:count] >= dropped - LEVELS // 2).view(shape)
