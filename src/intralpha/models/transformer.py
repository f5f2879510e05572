"""Transformer encoder of research systems 003 and 000 [Spec 12.5]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from intralpha.models.attention import EncoderLayer, shares_the_width
from intralpha.models.dropout import Dropout
from intralpha.models.layer_scores import LayerScores, of_several_layers
from intralpha.models.positions import How, Positions
from intralpha.models.shape import WindowShape
from intralpha.models.tokens import LastToken, TokenEncoder, TokenEncoderSpec, Tokens


class TransformerSpec(TokenEncoderSpec):
    """Linear(F -> d) + positions -> layers of LN(x + MHA), LN(y + FFN) -> last step -> head.

    Source: [Spec 12.5]. The sizes are our own choice, for F = 300 and L = 40; for bars inside days
    (L = 480, F = 64) take width 64, heads 4 and inner 128.
    """

    kind: Literal["transformer"] = "transformer"
    width: int = Field(default=128, gt=0, description="d, numbers in a token")
    heads: int = Field(default=8, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="stacked encoder layers")
    inner: int = Field(default=256, gt=0, description="width inside the feed-forward networks")
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="of the embedding and of what each layer adds"
    )
    positions: How = Field(
        default="fixed",
        description="fixed: sines and cosines; learned: a table from N(0, 0.02); none",
    )
    layer_scores: LayerScores = False

    _whole_heads = model_validator(mode="after")(shares_the_width)
    _of_several = field_validator("layer_scores")(of_several_layers)

    @property
    def earlier(self) -> int:
        """All layers before the last, if their scores are wanted."""
        return self.layers - 1 if self.layer_scores else 0

    def tokens(self, shape: WindowShape) -> "Transformer":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return Transformer(shape, self)

    def encoder(self, shape: WindowShape) -> TokenEncoder:
        """See :meth:`EncoderSpec.encoder`."""
        tokens = Transformer(shape, self)
        return LastTokens(tokens, self.earlier) if self.earlier else LastToken(tokens)


class Transformer(Tokens):
    """Steps of the last layer.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, L, width]``. There is no
    causal mask.
    """

    def __init__(self, shape: WindowShape, spec: TransformerSpec) -> None:
        super().__init__()
        self.count, self.width = shape.length, spec.width
        self.embedding = nn.Linear(shape.features, spec.width)
        self.positions = Positions(spec.positions, shape.length, spec.width)
        self.dropout = Dropout(spec.dropout)
        sizes = spec.width, spec.heads, spec.inner, spec.dropout
        self.layers = nn.ModuleList(EncoderLayer(*sizes) for _ in range(spec.layers))

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B L d"]:
        """Tokens ``[B, L, width]`` of windows ``[B, L, F]``."""
        y = self.embed(x)
        for layer in self.layers:
            y = layer(y)
        return y

    def last(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B d"]:
        """The last token of the last layer."""
        return self.last_by_layer(x)[-1]

    def last_by_layer(self, x: Float[Tensor, "B L F"]) -> list[Float[Tensor, "B d"]]:
        """The last token after each layer.

        In the last layer no other asks, for half of the work with two layers.
        """
        *first, last = self.layers
        y, found = self.embed(x), []
        for layer in first:
            y = layer(y)
            found.append(y[:, -1])
        return [*found, last(y[:, -1:], y).squeeze(1)]

    def embed(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B L d"]:
        """Steps as tokens that know their places."""
        return self.dropout(self.positions(self.embedding(x)))


class LastTokens(TokenEncoder):
    """The last token after the last layer, then after each one before it.

    Parameters
    ----------
    tokens : makes them
    earlier : M, layers before the last

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, (1 + M) width]``.
    """

    def __init__(self, tokens: Transformer, earlier: int) -> None:
        super().__init__(tokens)
        self.width, self.earlier, self.by_layer = tokens.width, earlier, tokens.last_by_layer

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, (1 + M) width]`` of windows ``[B, L, F]``."""
        *before, last = self.by_layer(x)
        return torch.cat([last, *before], dim=1)
