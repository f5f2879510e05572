"""Multi-head attention that knows how far apart two steps are [Spec 12.15, Dai et al. 2019]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from intralpha.models.attention import HeadsError

SHORT = 160  # steps up to which the matrix of scores is quicker than to do without it


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
    with something of j: what is left is plain attention.
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
        content, place = query + self.content[:, None], self.turned(query)
        waves = self.turns[: x.shape[1]].flatten(-2)
        find = found_by_scores if x.shape[1] <= SHORT else found_in_pieces
        return self.out(find(content, place, key, waves, value).transpose(1, 2).flatten(2))

    def split(self, tokens: Float[Tensor, "B L d"]) -> Float[Tensor, "B heads L k"]:
        """Heads apart."""
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def turned(self, query: Float[Tensor, "B heads L k"]) -> Float[Tensor, "B heads L waves"]:
        """P of each query, turned back by its place."""
        by_head = self.places.weight.unflatten(0, (self.heads, -1))
        p = (query + self.place[:, None]) @ by_head
        p = p.to(torch.promote_types(p.dtype, torch.float32))  # half precision knows no complex
        by_place = torch.view_as_complex(self.turns[: query.shape[2]].to(p.dtype))
        turned = torch.view_as_complex(p.unflatten(-1, (-1, 2))) * by_place
        return torch.view_as_real(turned).flatten(-2)


def found_by_scores(
    content: Float[Tensor, "B heads L k"],
    place: Float[Tensor, "B heads L waves"],
    key: Float[Tensor, "B heads L k"],
    waves: Float[Tensor, "L waves"],
    value: Float[Tensor, "B heads L k"],
) -> Float[Tensor, "B heads L k"]:
    """softmax((content key' + place waves') / sqrt(k)) value, by its matrix [L, L].

    Parameters
    ----------
    content : q + u
    place : p, turned back
    key : of each step
    waves : of each place
    value : of each step
    """
    scale = key.shape[-1] ** -0.5
    by_place = (place @ waves.to(place.dtype).T).flatten(0, 1).to(key.dtype)
    pairs = content.flatten(0, 1), key.flatten(0, 1).transpose(1, 2)
    scores = torch.baddbmm(by_place, *pairs, beta=scale, alpha=scale)
    return (scores.softmax(-1) @ value.flatten(0, 1)).view_as(value)


def found_in_pieces(
    content: Float[Tensor, "B heads L k"],
    place: Float[Tensor, "B heads L waves"],
    key: Float[Tensor, "B heads L k"],
    waves: Float[Tensor, "L waves"],
    value: Float[Tensor, "B heads L k"],
) -> Float[Tensor, "B heads L k"]:
    """The same, and the matrix is never made: see :func:`found_by_scores`.

    Parameters
    ----------
    content : q + u
    place : p, turned back
    key : of each step
    waves : of each place
    value : of each step
    """
    size, more = key.shape[-1], waves.shape[-1]
    asked = torch.cat([content, place], -1)
    answer = torch.cat([key, waves.expand(*key.shape[:3], -1)], -1)
    # One width for all three, or torch would make the matrix.
    padded = functional.pad(value, (0, more))
    found = functional.scaled_dot_product_attention(asked, answer, padded, scale=size**-0.5)
    return found[..., :size]


def turns(length: int, waves: int) -> Float[Tensor, "L half 2"]:
    """e^(-i w_k j) with w_k = 10000^(-2k / waves), of places j = 0 .. length - 1.

    Real and imaginary parts apart: what moves a network to another precision would drop the second.

    Parameters
    ----------
    length : L
    waves : an even number, twice as many as there are frequencies
    """
    frequency = 10000 ** (-torch.arange(0, waves, 2, dtype=torch.float64) / waves)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
    return torch.stack([angle.cos(), -angle.sin()], -1).float()
