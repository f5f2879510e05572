"""Crossformer of research system 003: segments and two stages of attention [Spec 12.7]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor, nn

from intralpha.models.attention import EncoderLayer, MultiHead, shares_the_width
from intralpha.models.shape import WindowShape
from intralpha.models.tokens import TokenEncoderSpec, Tokens


class CrossformerSpec(TokenEncoderSpec):
    """LN(Linear(s -> d) of each segment of each variable + its place) -> layers of attention
    between a variable's segments, then between variables through c routers, R' = MHA(R, Z, Z),
    Z' = MHA(Z, R', R'), each with LN(z + .), LN(z + FFN) -> mean over segments -> Linear(d -> 1)
    of each variable -> head, Linear(F -> 1). From the second layer on, two neighbouring segments
    become one: LN, Linear(2d -> d).

    Source: [Spec 12.7; Zhang and Yan 2023]. Sizes and the end are our own choice: the paper's
    decoder predicts series. In training a window of F = 300 and L = 40 keeps about 25 MB.
    """

    kind: Literal["crossformer"] = "crossformer"
    segment: int = Field(
        default=5,
        gt=0,
        description="s, steps in a segment; a window that is no multiple of it is continued to the "
        "front with its first step",
    )
    width: int = Field(default=64, gt=0, description="d, numbers in a token")
    heads: int = Field(default=4, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="of attention in two stages")
    inner: int = Field(default=128, gt=0, description="width inside the feed-forward networks")
    routers: int = Field(default=10, gt=0, description="c, through which variables see each other")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="of what each stage adds")

    _whole_heads = model_validator(mode="after")(shares_the_width)

    def tokens(self, shape: WindowShape) -> "Crossformer":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return Crossformer(shape, self)


class Crossformer(Tokens):
    """Variables of the last layer.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, F, width]``, the means of
    the variables' segments; the state is :class:`~intralpha.models.PerToken`. Inside everything is
    ``[B, F, S, width]``, S segments, and is never laid out anew: the segments of a variable stand
    together, and :class:`MultiHead` takes each segment's variables as heads of their own.
    """

    def __init__(self, shape: WindowShape, spec: CrossformerSpec) -> None:
        super().__init__()
        self.count, self.width = shape.features, spec.width
        segments = -(-shape.length // spec.segment)
        self.segments = Segments(segments, spec.segment, shape.features, spec.width)
        layers: list[nn.Module] = [TwoStages(segments, spec)]
        for _ in range(1, spec.layers):
            segments = -(-segments // 2)
            layers += [Merge(spec.width), TwoStages(segments, spec)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B F d"]:
        """Tokens ``[B, F, width]`` of windows ``[B, L, F]``."""
        return self.layers(self.segments(x)).mean(2)


class Segments(nn.Module):
    """Embedding of each variable's segments, ``[B, L, F]`` to ``[B, F, S, d]``.

    Parameters
    ----------
    segments : S
    segment : s, steps in one
    n_features : F
    width : d
    """

    def __init__(self, segments: int, segment: int, n_features: int, width: int) -> None:
        super().__init__()
        self.count, self.size = segments, segment
        self.embedding = nn.Linear(segment, width)
        self.places = nn.Parameter(torch.randn(n_features, segments, width))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B F S d"]:
        """Tokens of segments; the first is filled with the window's first step."""
        missing = self.count * self.size - x.shape[1]
        if missing:
            x = torch.cat([x[:, :1].expand(-1, missing, -1), x], dim=1)
        cut = x.unflatten(1, (self.count, self.size)).permute(0, 3, 1, 2)
        return self.norm(self.embedding(cut) + self.places)


class TwoStages(nn.Module):
    """Attention between a variable's segments, then between variables.

    Parameters
    ----------
    segments : S
    spec : sizes
    """

    def __init__(self, segments: int, spec: CrossformerSpec) -> None:
        super().__init__()
        sizes = spec.width, spec.heads, spec.inner, spec.dropout
        self.across_time = EncoderLayer(*sizes)
        self.routers = nn.Parameter(torch.randn(segments, spec.routers, spec.width))
        self.gather = MultiHead(spec.width, spec.heads)
        self.across_variables = EncoderLayer(*sizes)

    def forward(self, z: Float[Tensor, "B F S d"]) -> Float[Tensor, "B F S d"]:
        """The next tokens."""
        z = self.across_time(z.flatten(0, 1)).view_as(z)
        gathered = self.gather(self.routers.transpose(0, 1)[None], z)
        return self.across_variables(z, gathered)


class Merge(nn.Module):
    """Two neighbouring segments to one; the last stands twice if their number is odd.

    Parameters
    ----------
    width : d
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.line = nn.LayerNorm(2 * width), nn.Linear(2 * width, width)

    def forward(self, z: Float[Tensor, "B F S d"]) -> Float[Tensor, "B F half d"]:
        """Half as many tokens, rounded up."""
        if z.shape[2] % 2:
            z = torch.cat([z, z[:, :, -1:]], dim=2)
        return self.line(self.norm(z.unflatten(2, (-1, 2)).flatten(3)))
