"""Transformer encoder of research systems 003 and 000 [Spec 12.5]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor, nn

from intralpha.models.attention import EncoderLayer
from intralpha.models.dropout import Dropout
from intralpha.models.each_layer import LAYER, EachHead, EachLayer
from intralpha.models.encoder import Encoded
from intralpha.models.positions import How, Positions
from intralpha.models.shape import EXPOSURES, Shapes, WindowShape, only
from intralpha.models.tokens import LastToken, TokenEncoderSpec, Tokens


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
    each_layer: bool = Field(
        default=False,
        description="give the part `layer` too: a line's score of every layer but the last, for "
        "objectives that look at them, such as layerwise",
    )

    @model_validator(mode="after")
    def _has_earlier_layers(self) -> "TransformerSpec":
        if self.each_layer and self.layers < 2:
            raise ValueError(f"each_layer wants layers before the last: found layers {self.layers}")
        return self

    @property
    def gives(self) -> tuple[str, ...]:
        """What the head gives, and ``layer`` with ``each_layer``."""
        return (*self.head.gives, LAYER) if self.each_layer else self.head.gives

    def tokens(self, shape: WindowShape) -> "Transformer":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return Transformer(shape, self)

    def encoder(self, shape: WindowShape) -> LastToken:
        """See :meth:`EncoderSpec.encoder`."""
        return LastToken(self.tokens(shape))

    def make(self, shapes: Shapes) -> Encoded:
        """See :meth:`EncoderSpec.make`."""
        if not self.each_layer:
            return super().make(shapes)
        shape = only({name: shape for name, shape in shapes.items() if name != EXPOSURES})
        head = EachHead(self.head.make(self.width), self.width, self.layers)
        return Encoded(EachLayer(self.tokens(shape), self.layers), head)


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
        """The last token; in the last layer no other asks, for half of the work with two layers."""
        *first, last = self.layers
        y = self.embed(x)
        for layer in first:
            y = layer(y)
        return last(y[:, -1:], y).squeeze(1)

    def each_last(self, x: Float[Tensor, "B L F"]) -> list[Float[Tensor, "B d"]]:
        """The last token of every layer."""
        y, out = self.embed(x), []
        for layer in self.layers:
            y = layer(y)
            out.append(y[:, -1])
        return out

    def embed(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B L d"]:
        """Steps as tokens that know their places."""
        return self.dropout(self.positions(self.embedding(x)))
