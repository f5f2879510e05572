"""What the network builds on: no kind is defined here."""

import torch
from torch import Tensor


def fading(length: int, half_life: float) -> Tensor:
    """Weights of a window that sum to 1, the newest the largest."""
    weights = 0.5 ** (torch.arange(length - 1, -1, -1) / half_life)
    return weights / weights.sum()
