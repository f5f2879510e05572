"""Multi-head attention that knows how far apart two steps are [Spec 12.15, Dai et al. 2019]."""

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn
from torch.nn import functional

from intralpha.models.attention import HeadsError


class RelativeAttention(nn.Module):
    """softmax(((q_i + u)'k_j + (q_i + v)'W_r R_(i-j)) / sqrt(d/heads)) V in each head.

    R_m holds cos(w_k m) and sin(w_k m) for w_k = 10000^(-2k/d), k = 0 .. d/2 - 1; u and v are
    learned, one of each a head.

    Parameters
    ----------
    width : d, of a token
    heads : what d is divided among
    length : L, the most tokens of a window

    Raises
    ------
    HeadsError
        The heads cannot share the width.

    Notes
    -----
    No vector of a distance is ever made. With p = W_r'(q_i + v) as complex numbers p_2k + i p_2k+1,
    p'R_(i-j) is the real part of sum_k p_k e^(-i w_k i) e^(i w_k j), a product of something of i
    with something of j. Both stand beside queries and keys, and what is left is plain attention.
    Queries and keys have no bias: u and v stand for that of queries, and softmax takes out that
    of keys.
    """

    turns: Tensor

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        if width % heads:
            raise HeadsError(width, heads)
        self.heads, size = heads, width // heads
        self.waves = width + width % 2
        self.query, self.key = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.places = nn.Linear(self.waves, width, bias=False)
        self.content, self.place = (nn.Parameter(torch.empty(heads, size)) for _ in range(2))
        nn.init.xavier_uniform_(self.content)
        nn.init.xavier_uniform_(self.place)
        self.register_buffer("turns", turns(length, self.waves), persistent=False)

    def forward(self, x: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """What tokens find in each other.

        Parameters
        ----------
        x : [B, L, d]
        """
        query, key, value = (self.split(line(x)) for line in (self.query, self.key, self.value))
        size = query.shape[-1]
        asked = torch.cat([query + self.content[:, None], self.turned(query)], -1)
        answer = torch.cat([key, self.waves_of(key)], -1)
        # One width for all three, so that torch need not make the matrix of weights.
        padded = functional.pad(value, (0, self.waves))
        found = functional.scaled_dot_product_attention(asked, answer, padded, scale=size**-0.5)
        return self.out(found[..., :size].transpose(1, 2).flatten(2))

    def split(self, tokens: Float[Tensor, "B L d"]) -> Float[Tensor, "B heads L k"]:
        """Heads apart."""
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def turned(self, query: Float[Tensor, "B heads L k"]) -> Float[Tensor, "B heads L waves"]:
        """P of each query, turned back by its place."""
        by_head = self.places.weight.unflatten(0, (self.heads, -1))
        p = (query + self.place[:, None]) @ by_head
        p = p.to(torch.promote_types(p.dtype, torch.float32))  # half precision knows no complex
        turned = torch.view_as_complex(p.unflatten(-1, (-1, 2))) * self.turns[: query.shape[2]]
        return torch.view_as_real(turned).flatten(-2)

    def waves_of(self, key: Float[Tensor, "B heads L k"]) -> Float[Tensor, "B heads L waves"]:
        """cos(w j) and -sin(w j) of each key's place j."""
        waves = torch.view_as_real(self.turns[: key.shape[2]]).flatten(-2)
        return waves.expand(*key.shape[:3], -1)


def turns(length: int, waves: int) -> Complex[Tensor, "L half"]:
    """e^(-i w_k j) with w_k = 10000^(-2k / waves), of places j = 0 .. length - 1.

    Parameters
    ----------
    length : L
    waves : an even number, twice as many as there are frequencies
    """
    frequency = 10000 ** (-torch.arange(0, waves, 2, dtype=torch.float64) / waves)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
    return torch.polar(torch.ones_like(angle), -angle).to(torch.complex64)
