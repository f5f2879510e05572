"""Multi-head attention, and the post-norm layer around it [Spec 12, Vaswani et al. 2017]."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from intralpha.base import ConfigError
from intralpha.models.dropout import Dropout

Pairs = tuple[Float[Tensor, "B heads _ k"], Float[Tensor, "B heads _ k"]]  # keys and values


class HeadsError(ConfigError):
    """A width that the heads of an attention cannot share."""

    def __init__(self, width: int, heads: int) -> None:
        self.width, self.heads = width, heads
        super().__init__(
            f"width {width} for {heads} heads; expected a multiple of {heads}.\n"
            "Hint: each head works on width / heads numbers."
        )


def check_heads(width: int, heads: int) -> None:
    """Refuse heads that cannot share a width, where a recipe is read.

    Parameters
    ----------
    width : d, of a token
    heads : what it is divided among

    Raises
    ------
    ValueError
        With the words of :class:`HeadsError`; a recipe's reader turns it into a ConfigError.
    """
    if width % heads:
        raise ValueError(str(HeadsError(width, heads)))


def shares_the_width(spec: Any) -> Any:
    """:func:`check_heads` for specs with ``width`` and ``heads``, as a validator of theirs.

    Parameters
    ----------
    spec : of any family that has both keys
    """
    check_heads(spec.width, spec.heads)
    return spec


class MultiHead(nn.Module):
    """Multi-head attention, softmax(QK'/sqrt(d/heads))V in each head, by PyTorch's own layout.

    Parameters
    ----------
    width : d, of a token
    heads : what d is divided among

    Raises
    ------
    HeadsError

    Notes
    -----
    Names, shapes and first values of the weights are those of ``nn.MultiheadAttention``, so state
    dicts interchange. There is no dropout of the attention weights: the paper has none, and it
    would need them in memory, [B, heads, N, M]. Queries of the same tokens and keys are projected
    in one product.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise HeadsError(width, heads)
        ours = nn.MultiheadAttention(width, heads, batch_first=True)
        self.width, self.heads = width, heads
        self.in_proj_weight, self.in_proj_bias = ours.in_proj_weight, ours.in_proj_bias
        self.out_proj = ours.out_proj

    def forward(
        self,
        asked: Float[Tensor, "#B N *S d"],
        memory: Float[Tensor, "B M *S d"],
        causal: bool = False,
    ) -> Float[Tensor, "B N *S d"]:
        """What tokens find in a memory.

        Parameters
        ----------
        asked : [B, N, d], tokens that ask; [1, N, d]: the same in all windows
        memory : [B, M, d], tokens that answer; the same object for attention to oneself. With a
            further axis of both, [B, N, S, d] and [B, M, S, d], each s is a matter of its own
        causal : token n sees tokens 0 to n of the memory only (N = M)
        """
        if asked is memory:
            projected = functional.linear(asked, self.in_proj_weight, self.in_proj_bias)
            query, *pairs = map(self.split, projected.chunk(3, dim=-1))
            return self.find(query, (pairs[0], pairs[1]), asked.shape, causal)
        return self.ask(asked, self.pairs(memory), causal)

    def pairs(self, memory: Float[Tensor, "B M *S d"]) -> Pairs:
        """Keys and values of a memory that is asked several times, [B, heads, M, d/heads] each."""
        weight, bias = self.in_proj_weight[self.width :], self.in_proj_bias[self.width :]
        if memory.dim() == 3:
            key, value = functional.linear(memory, weight, bias).chunk(2, dim=-1)
        else:  # each for itself, so that no copy is needed to make heads of S
            parts = zip(weight.chunk(2), bias.chunk(2), strict=True)
            key, value = (functional.linear(memory, w, b) for w, b in parts)
        return self.split(key), self.split(value)

    def ask(
        self, asked: Float[Tensor, "_ N *S d"], pairs: Pairs, causal: bool = False
    ) -> Float[Tensor, "B N *S d"]:
        """What tokens find in a memory whose keys and values are known.

        Parameters
        ----------
        asked : as in :meth:`forward`
        pairs : of :meth:`pairs`
        causal : as in :meth:`forward`
        """
        weight, bias = self.in_proj_weight[: self.width], self.in_proj_bias[: self.width]
        query = self.split(functional.linear(asked, weight, bias))
        return self.find(query.expand(len(pairs[0]), -1, -1, -1), pairs, asked.shape, causal)

    def find(
        self, query: Float[Tensor, "B heads N k"], pairs: Pairs, shape: torch.Size, causal: bool
    ) -> Float[Tensor, "B N *S d"]:
        """Values by the similarity of keys to the query, heads together again.

        Parameters
        ----------
        query : [B, heads, N, d/heads]
        pairs : of :meth:`pairs`
        shape : of the tokens that ask
        causal : as in :meth:`forward`
        """
        found = functional.scaled_dot_product_attention(query, *pairs, is_causal=causal)
        return self.out_proj(found.transpose(1, 2).reshape(len(query), *shape[1:]))

    def split(self, tokens: Float[Tensor, "B N *S d"]) -> Float[Tensor, "B heads N k"]:
        """Heads apart; each s has its own."""
        return tokens.unflatten(-1, (self.heads, -1)).flatten(2, -2).transpose(1, 2)


class FeedForward(nn.Module):
    """Linear(d -> inner), GELU, Linear(inner -> d), each token for itself.

    Parameters
    ----------
    width : d, of a token
    inner : width between the two
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Float[Tensor, "*B d"]) -> Float[Tensor, "*B d"]:
        """[..., d] to [..., d]."""
        return self.linear2(functional.gelu(self.linear1(x)))


class EncoderLayer(nn.Module):
    """y = LN(x + MHA(x, x, x)); out = LN(y + FFN(y)): post-norm, GELU [Spec 12.5].

    Parameters
    ----------
    width : d, of a token
    heads : of the attention
    inner : width of the feed-forward network
    dropout : of what each of the two adds, as in the paper (5.4)

    Notes
    -----
    Equal to ``nn.TransformerEncoderLayer(norm_first=False, activation="gelu")`` without dropout.
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.attention = MultiHead(width, heads)
        self.feed = FeedForward(width, inner)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "B N *S d"], memory: Float[Tensor, "B M *S d"] | None = None
    ) -> Float[Tensor, "B N *S d"]:
        """The next layer's tokens.

        Parameters
        ----------
        x : [B, N, d] (or [B, N, S, d]; see :meth:`MultiHead.forward`), tokens
        memory : [B, M, d], what they look at; None: at themselves
        """
        y = self.norm1(x + self.dropout(self.attention(x, x if memory is None else memory)))
        return self.norm2(y + self.dropout(self.feed(y)))
