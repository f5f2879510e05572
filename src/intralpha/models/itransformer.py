"""iTransformer of research system 003: each variable's series is a token [Spec 12.6]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor, nn

from intralpha.models.attention import EncoderLayer, shares_the_width
from intralpha.models.dropout import Dropout
from intralpha.models.shape import WindowShape
from intralpha.models.tokens import TokenEncoderSpec, Tokens


class ITransformerSpec(TokenEncoderSpec):
    """Linear(L -> d) of each variable -> layers of LN(x + MHA), LN(y + FFN) over the F variables
    -> Linear(d -> 1) of each -> head, Linear(F -> 1).

    Source: [Spec 12.6; Liu et al. 2024]. Sizes and the end are our own choice: the paper predicts
    each variable's series. Its normalisation of every window is left out, for it would delete the
    level, which says where a stock stands among all.
    """

    kind: Literal["itransformer"] = "itransformer"
    width: int = Field(default=128, gt=0, description="d, numbers in a token")
    heads: int = Field(default=8, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="stacked encoder layers")
    inner: int = Field(default=256, gt=0, description="width inside the feed-forward networks")
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="of the embedding and of what each layer adds"
    )

    _whole_heads = model_validator(mode="after")(shares_the_width)

    def tokens(self, shape: WindowShape) -> "ITransformer":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return ITransformer(shape, self)


class ITransformer(Tokens):
    """Variables of the last layer.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, F, width]``; the state
    is :class:`~intralpha.models.PerToken`.
    """

    def __init__(self, shape: WindowShape, spec: ITransformerSpec) -> None:
        super().__init__()
        self.count, self.width = shape.features, spec.width
        self.embedding = nn.Linear(shape.length, spec.width)
        self.dropout = Dropout(spec.dropout)
        sizes = spec.width, spec.heads, spec.inner, spec.dropout
        self.layers = nn.Sequential(*(EncoderLayer(*sizes) for _ in range(spec.layers)))

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B F d"]:
        """Tokens ``[B, F, width]`` of windows ``[B, L, F]``."""
        return self.layers(self.dropout(self.embedding(x.transpose(1, 2))))
