"""Multi-head attention, and the post-norm layer around it [Spec 12, Vaswani et al. 2017]."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from intralpha.base import ConfigError


class HeadsError(ConfigError):
    """A width that the heads of an attention cannot share."""

    def __init__(self, width: int, heads: int) -> None:
        self.width, self.heads = width, heads
        super().__init__(
            f"width {width} for {heads} heads; expected a multiple of {heads}.\n"
            "Hint: each head works on width / heads numbers."
        )


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
        query, key, value = map(self.split, self.project(asked, memory))
        query = query.expand(len(memory), -1, -1, -1)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(self.join(found, memory))

    def project(
        self, asked: Float[Tensor, "#B N *S d"], memory: Float[Tensor, "B M *S d"]
    ) -> tuple[Tensor, ...]:
        """Queries, keys and values in the shapes of their tokens, before heads are told apart."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if asked is memory:
            return functional.linear(asked, weight, bias).chunk(3, dim=-1)
        query_w, pair_w = weight.split([self.width, 2 * self.width])
        query_b, pair_b = bias.split([self.width, 2 * self.width])
        query = functional.linear(asked, query_w, query_b)
        if memory.dim() == 3:
            return query, *functional.linear(memory, pair_w, pair_b).chunk(2, dim=-1)
        # Each for itself, so that no copy is needed to make heads of S.
        pairs = zip(pair_w.chunk(2), pair_b.chunk(2), strict=True)
        return query, *(functional.linear(memory, w, b) for w, b in pairs)

    def split(self, tokens: Float[Tensor, "B N *S d"]) -> Float[Tensor, "B heads N k"]:
        """Heads apart; each s has its own."""
        return tokens.unflatten(-1, (self.heads, -1)).flatten(2, -2).transpose(1, 2)

    def join(
        self, found: Float[Tensor, "B heads N k"], like: Float[Tensor, "B M *S d"]
    ) -> Float[Tensor, "B N *S d"]:
        """Heads together again, with the further axes of ``like``."""
        return found.transpose(1, 2).reshape(len(found), found.shape[2], *like.shape[2:])


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
        self.dropout = nn.Dropout(dropout)

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
