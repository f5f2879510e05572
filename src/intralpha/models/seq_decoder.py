"""Decoder of return sequences of research system 003, on any encoder with tokens [Spec 12.8]."""

from typing import ClassVar, Literal, cast

import torch
from jaxtyping import Float, Int
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.models.attention import FeedForward, MultiHead, Pairs, check_heads
from intralpha.models.by_day import standardised_by_day
from intralpha.models.dropout import Dropout
from intralpha.models.encoder import Encoder
from intralpha.models.heads.linear import LinearHeadSpec
from intralpha.models.model import ModelSpec
from intralpha.models.output import Output
from intralpha.models.positions import Positions
from intralpha.models.shape import Shapes, only
from intralpha.models.tokens import TokenEncoderSpec, Tokens
from intralpha.models.transformer import TransformerSpec


class HorizonsError(ConfigError):
    """Labels that are no sequence of as many returns as the decoder predicts."""

    def __init__(self, found: int, expected: int) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"the label has {found} columns; the decoder predicts {expected} returns.\n"
            "Hint: give seq_decoder as many horizons as the label has columns."
        )


class SeqDecoderSpec(ModelSpec):
    """Tokens M of an encoder -> for k = 1..H: y_k = Linear(d -> 1) of layers of LN(y + masked MHA),
    LN(y + MHA(y, M, M)), LN(y + FFN) on (start, Linear(1 -> d)(r_1) + place, ...,
    Linear(1 -> d)(r_k-1) + place) -> score, the sum of all y_k standardised over each day's stocks.

    r is the true return in training (z-scored by day, as the label gives it; 0 where it is missing)
    and else the prediction before, standardised over the day's stocks: the losses of correlation
    leave its level and scale free.

    Source: [Spec 12.8]. Sizes, and sines and cosines as places, are our own choice.
    """

    kind: Literal["seq_decoder"] = "seq_decoder"
    encoder: ModelSpec = Field(
        default_factory=TransformerSpec,
        description="what makes the tokens that the decoder reads: transformer, itransformer, "
        "crossformer, patchtst or another kind with tokens; without a head",
    )
    horizons: int = Field(default=10, gt=0, description="H, returns that are predicted in turn")
    heads: int = Field(default=8, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="stacked decoder layers")
    inner: int = Field(default=256, gt=0, description="width inside the feed-forward networks")
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="of the embedding and of what each layer adds"
    )

    @field_validator("encoder")
    @classmethod
    def _has_tokens(cls, encoder: ModelSpec) -> ModelSpec:
        if not isinstance(encoder, TokenEncoderSpec):
            kind, able = getattr(encoder, "kind", type(encoder).__name__), _with_tokens()
            raise ValueError(f"{kind} has no tokens to decode; expected one of {', '.join(able)}")
        if encoder.head != LinearHeadSpec():
            kind = getattr(encoder.head, "kind", type(encoder.head).__name__)
            raise ValueError(f"a head {kind} of the encoder would not be used; leave it out")
        if encoder.earlier:
            raise ValueError("layer_scores of the encoder would not be used; leave it out")
        return encoder

    @model_validator(mode="after")
    def _share_the_width(self) -> "SeqDecoderSpec":
        width = getattr(self.encoder, "width", None)  # a user's encoder may call it otherwise
        if width is not None:
            check_heads(width, self.heads)
        return self

    @property
    def gives(self) -> tuple[str, ...]:
        """The predicted returns, as they are before they are standardised."""
        return ("h",)

    @property
    def across(self) -> bool:
        """Predictions are standardised over the day's stocks."""
        return True

    @property
    def apart(self) -> bool:
        """As its encoder is."""
        return self.encoder.apart

    @property
    def reads_bars(self) -> bool:
        """Tokens are made of one step after the other."""
        return self.encoder.reads_bars

    @property
    def label_columns(self) -> int:
        """The returns that it is taught with."""
        return self.horizons

    def misfits(self, shapes: Shapes) -> tuple[str, ...]:
        """What the encoder says."""
        return self.encoder.misfits(shapes)

    def make(self, shapes: Shapes) -> "SeqDecoder":
        """A fresh network; see :meth:`ModelSpec.make`.

        Raises
        ------
        HeadsError
            The width of the encoder's tokens is no multiple of the heads.
        """
        assert isinstance(self.encoder, TokenEncoderSpec)
        return SeqDecoder(self.encoder.tokens(only(shapes)), self)


def _with_tokens() -> list[str]:
    return [k for k, spec in ModelSpec.kinds().items() if issubclass(spec, TokenEncoderSpec)]


class SeqDecoder(nn.Module):
    """Windows ``[B, L, F]`` to scores and the part ``h``, ``[B, H]``.

    Parameters
    ----------
    tokens : of an encoder
    spec : sizes

    Notes
    -----
    With ``target_BH`` all steps are computed at once, each seeing the true returns before it.
    Without, step by step; keys and values of what came before are kept, and those of the tokens
    are made once, so that H steps cost what H tokens cost.
    """

    wants: ClassVar[tuple[str, ...]] = ("days_B", "target_BH")

    def __init__(self, tokens: Tokens, spec: SeqDecoderSpec) -> None:
        super().__init__()
        width = tokens.width
        self.horizons, self.token_width = spec.horizons, width
        self.encoder = Memory(tokens)
        self.start = nn.Parameter(torch.randn(width))
        self.embedding = nn.Linear(1, width)
        self.positions = Positions("fixed", spec.horizons, width)
        self.dropout = Dropout(spec.dropout)
        sizes = width, spec.heads, spec.inner, spec.dropout
        self.layers = nn.ModuleList(DecoderLayer(*sizes) for _ in range(spec.layers))
        self.line = nn.Linear(width, 1)

    def forward(
        self,
        x: Float[Tensor, "B L F"],
        days_B: Int[Tensor, " B"] | None = None,
        target_BH: Float[Tensor, "B H"] | None = None,
    ) -> Output:
        """Scores of windows; see :class:`ModelSpec`.

        Parameters
        ----------
        x : [B, L, F], oldest step first
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
        target_BH : [B, H], true returns z-scored by day, 0 where one is missing; None: unknown

        Raises
        ------
        HorizonsError
            The target has another number of columns.
        """
        return self.finish(self.encoder(x), days_B, target_BH)

    def finish(
        self,
        state: Float[Tensor, "B E"],
        days_B: Int[Tensor, " B"] | None = None,
        target_BH: Float[Tensor, "B H"] | None = None,
    ) -> Output:
        """Scores of tokens: what is left to do when :attr:`encoder` has seen the windows.

        Parameters
        ----------
        state : [B, N d], tokens in a row
        days_B : as in :meth:`forward`
        target_BH : as in :meth:`forward`
        """
        tokens = state.unflatten(1, (-1, self.token_width))
        layers = cast(list[DecoderLayer], list(self.layers))
        memories = [layer.look.pairs(tokens) for layer in layers]
        if target_BH is None:
            h = self.untaught(memories, days_B)
        else:
            h = self.taught(memories, target_BH)
        return Output(standardised_by_day(h, days_B).sum(1), {"h": h})

    def taught(
        self, memories: list[Pairs], target_BH: Float[Tensor, "B H"]
    ) -> Float[Tensor, "B H"]:
        """Predictions that see the true returns of the steps before.

        Parameters
        ----------
        memories : keys and values of the tokens, one pair a layer
        target_BH : true returns

        Raises
        ------
        HorizonsError
        """
        if target_BH.shape[1] != self.horizons:
            raise HorizonsError(target_BH.shape[1], self.horizons)
        first = self.start.expand(len(target_BH), 1, -1)
        y = self.dropout(torch.cat([first, self.embed(target_BH[:, :-1], 1)], dim=1))
        for layer, memory in zip(self.layers, memories, strict=True):
            y, _ = layer(y, None, memory)
        return self.line(y).squeeze(-1)

    def untaught(
        self, memories: list[Pairs], days_B: Int[Tensor, " B"] | None
    ) -> Float[Tensor, "B H"]:
        """Predictions that see those before, standardised over each day's stocks.

        Parameters
        ----------
        memories : keys and values of the tokens, one pair a layer
        days_B : as in :meth:`forward`
        """
        y = self.start.expand(len(memories[0][0]), 1, -1)
        past: list[Pairs | None] = [None] * len(memories)
        found: list[Tensor] = []
        while True:
            y = self.dropout(y)
            for at, layer in enumerate(self.layers):
                y, past[at] = layer(y, past[at], memories[at])
            found.append(self.line(y).squeeze(-1))
            if len(found) == self.horizons:
                return torch.cat(found, dim=1)
            y = self.embed(standardised_by_day(found[-1], days_B), len(found))

    def embed(self, returns: Float[Tensor, "B N"], start: int) -> Float[Tensor, "B N d"]:
        """Returns as tokens that know their places.

        Parameters
        ----------
        returns : [B, N]
        start : the place of the first token; the start vector stands at 0
        """
        return self.positions(self.embedding(returns[..., None]), start)


class Memory(Encoder):
    """An encoder's tokens in a row, ``[B, L, F]`` to ``[B, N d]``.

    Parameters
    ----------
    tokens : of an encoder
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens, self.apart = tokens, tokens.apart
        self.width = tokens.count * tokens.width

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """Tokens of windows."""
        return self.tokens(x).flatten(1)


class DecoderLayer(nn.Module):
    """y = LN(y + masked MHA(y, y, y)); y = LN(y + MHA(y, M, M)); out = LN(y + FFN(y)).

    Parameters
    ----------
    width : d, of a token
    heads : of each attention
    inner : width of the feed-forward network
    dropout : of what each of the three adds

    Notes
    -----
    Equal to ``nn.TransformerDecoderLayer(norm_first=False, activation="gelu")`` with a causal mask
    and without dropout.
    """

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.attention, self.look = MultiHead(width, heads), MultiHead(width, heads)
        self.feed = FeedForward(width, inner)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout = Dropout(dropout)

    def forward(
        self, y: Float[Tensor, "B N d"], past: Pairs | None, memory: Pairs
    ) -> tuple[Float[Tensor, "B N d"], Pairs]:
        """The next layer's tokens, and keys and values of all tokens so far.

        Parameters
        ----------
        y : [B, N, d], tokens; one where there is a past
        past : keys and values of the tokens before them; None: they are the first
        memory : keys and values of what is looked at, from ``look.pairs``
        """
        own = self.attention.pairs(y)
        if past is not None:
            own = torch.cat([past[0], own[0]], dim=2), torch.cat([past[1], own[1]], dim=2)
        y = self.norm1(y + self.dropout(self.attention.ask(y, own, causal=past is None)))
        y = self.norm2(y + self.dropout(self.look.ask(y, memory)))
        return self.norm3(y + self.dropout(self.feed(y))), own
