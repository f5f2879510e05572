"""PatchTST: patches of each variable are tokens, and variables stay apart [Nie et al. 2023]."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor, nn

from intralpha.models.attention import EncoderLayer, shares_the_width
from intralpha.models.dropout import Dropout
from intralpha.models.positions import Positions
from intralpha.models.shape import WindowShape
from intralpha.models.tokens import TokenEncoderSpec, Tokens


class PatchTSTSpec(TokenEncoderSpec):
    """Linear(patch -> d) of each patch of each variable + its place -> layers of LN(x + MHA),
    LN(y + FFN) between the patches of a variable -> one token a variable -> Linear(d -> 1) of
    each -> head, Linear(F -> 1).

    Source: Nie et al. 2023, beyond the research systems. Our own choice: layer norm where the
    paper has batch norm, so that a window is for itself in training too; no normalisation of
    windows, as in ``itransformer``; a patch that is missing at the front begins with the first
    step, where the paper repeats the last at the end. With the linear head the score is a sum of
    functions of single variables; a head with layers lets them meet.
    """

    kind: Literal["patchtst"] = "patchtst"
    patch: int = Field(default=5, gt=0, description="steps in a patch")
    stride: int = Field(default=5, gt=0, description="steps from one patch to the next")
    width: int = Field(default=64, gt=0, description="d, numbers in a token")
    heads: int = Field(default=4, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="stacked encoder layers")
    inner: int = Field(default=128, gt=0, description="width inside the feed-forward networks")
    dropout: float = Field(
        default=0.2, ge=0, lt=1, description="of the embedding and of what each layer adds"
    )
    pool: Literal["mean", "last"] = Field(
        default="mean", description="a variable's token: the mean of its patches, or the last"
    )

    _whole_heads = model_validator(mode="after")(shares_the_width)

    def tokens(self, shape: WindowShape) -> "PatchTST":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return PatchTST(shape, self)


class PatchTST(Tokens):
    """Variables, each from its own patches.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, F, width]``; the state is
    :class:`~intralpha.models.PerToken`. A window's last patch ends with its last step.
    """

    def __init__(self, shape: WindowShape, spec: PatchTSTSpec) -> None:
        super().__init__()
        self.count, self.width = shape.features, spec.width
        self.patch, self.stride, self.pool = spec.patch, spec.stride, spec.pool
        beyond = max(shape.length - spec.patch, 0)
        patches = 1 + -(-beyond // spec.stride)
        self.missing = spec.patch + (patches - 1) * spec.stride - shape.length
        self.embedding = nn.Linear(spec.patch, spec.width)
        self.positions = Positions("learned", patches, spec.width)
        self.dropout = Dropout(spec.dropout)
        sizes = spec.width, spec.heads, spec.inner, spec.dropout
        self.layers = nn.Sequential(*(EncoderLayer(*sizes) for _ in range(spec.layers)))

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B F d"]:
        """Tokens ``[B, F, width]`` of windows ``[B, L, F]``."""
        y = self.embedding(self.cut(x)).flatten(0, 1)
        y = self.layers(self.dropout(self.positions(y)))
        pooled = y.mean(1) if self.pool == "mean" else y[:, -1]
        return pooled.unflatten(0, (len(x), self.count))

    def cut(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B F N patch"]:
        """Patches of each variable."""
        if self.missing:
            x = torch.cat([x[:, :1].expand(-1, self.missing, -1), x], dim=1)
        return x.transpose(1, 2).unfold(2, self.patch, self.stride)
