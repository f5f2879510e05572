"""Positions: what tells a token its place in its window [Spec 12.5]."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

How = Literal["fixed", "learned", "none"]
SPREAD = 0.02  # of positions that are learned, before the first step


def fixed_positions(length: int, width: int) -> Float[Tensor, "L d"]:
    """PE(pos, 2k) = sin(pos / 10000^(2k/d)), PE(pos, 2k + 1) = cos(the same) [Spec 12.5].

    Parameters
    ----------
    length : L
    width : d, even or odd

    Returns
    -------
    Tensor [L, d], float32, computed in float64
    """
    position = torch.arange(length, dtype=torch.float64)[:, None]
    angle = position / 10000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    waves = torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
    return waves[:, :width].float()


class Positions(nn.Module):
    """Adds to each token what stands for its place.

    Parameters
    ----------
    how : ``fixed``: sines and cosines; ``learned``: a table that begins as N(0, 0.02); ``none``
    length : L, places
    width : d, of a token
    """

    def __init__(self, how: How, length: int, width: int) -> None:
        super().__init__()
        self.how = how
        if how == "fixed":
            self.register_buffer("table", fixed_positions(length, width), persistent=False)
        elif how == "learned":
            self.table = nn.Parameter(SPREAD * torch.randn(length, width))

    def forward(self, tokens: Float[Tensor, "B N d"], start: int = 0) -> Float[Tensor, "B N d"]:
        """Tokens that know their places.

        Parameters
        ----------
        tokens : [B, N, d]
        start : the place of the first of them
        """
        if self.how == "none":
            return tokens
        return tokens + self.table[start : start + tokens.shape[1]]
