"""Conformer: attention with relative positions and convolutions in one block [Spec 12.15]."""

from typing import Literal

from jaxtyping import Float
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn
from torch.nn import functional

from intralpha.models.attention import shares_the_width
from intralpha.models.dropout import Dropout
from intralpha.models.over_steps import over_steps
from intralpha.models.relative_attention import RelativeAttention
from intralpha.models.shape import WindowShape
from intralpha.models.tokens import LastToken, TokenEncoderSpec, Tokens

LONG = 160  # steps from which on convolutions are the paper's
Norm = Literal["batch", "layer"]


class ConformerSpec(TokenEncoderSpec):
    """Linear(F -> d) -> layers of x = x + FFN(x) / 2; x = x + MHA(LN x); x = x + Conv(x);
    x = LN(x + FFN(x) / 2) -> last step -> head.

    FFN: LN, Linear(d -> 4d), Swish, Linear(4d -> d). MHA: positions relative to each other
    (:class:`RelativeAttention`). Conv: LN, Linear(d -> 2d), GLU, a convolution over time of each
    channel, norm, Swish, Linear(d -> d). Source: [Spec 12.15], Gulati et al. 2020. Sizes and the
    last step as state are our own.

    With ``norm: batch``, as in the paper, a state depends in training on the whole batch, so that
    it cannot be encoded in pieces with the same gradient; with ``norm: layer`` it can.
    """

    kind: Literal["conformer"] = "conformer"
    width: int = Field(default=64, gt=0, description="d, numbers in a token")
    heads: int = Field(default=4, gt=0, description="of each attention; they share the width")
    layers: int = Field(default=2, gt=0, description="stacked blocks")
    kernel: int | None = Field(
        default=None,
        gt=0,
        description="steps that a convolution sees, an odd number; left out: 15 for windows of at "
        "most 160 steps, else 31",
    )
    norm: Norm = Field(
        default="batch", description="after the convolution: over the batch and time, or each step"
    )
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="of the embedding and of what each part adds"
    )

    _whole_heads = model_validator(mode="after")(shares_the_width)

    @field_validator("kernel")
    @classmethod
    def _has_a_middle(cls, kernel: int | None) -> int | None:
        if kernel is not None and kernel % 2 == 0:
            raise ValueError(f"found {kernel} steps; expected an odd number, as many on each side")
        return kernel

    @property
    def apart(self) -> bool:
        """Unless a norm is over the batch."""
        return self.norm == "layer"

    def kernel_of(self, length: int) -> int:
        """Steps that a convolution sees in windows of some length."""
        return self.kernel or (15 if length <= LONG else 31)

    def encoder(self, shape: WindowShape) -> LastToken:
        """See :meth:`EncoderSpec.encoder`."""
        return LastToken(self.tokens(shape))

    def tokens(self, shape: WindowShape) -> "Conformer":
        """See :meth:`TokenEncoderSpec.tokens`.

        Raises
        ------
        HeadsError
            The width is no multiple of the heads.
        """
        return Conformer(shape, self)


class Conformer(Tokens):
    """Steps of the last block.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, L, width]``. Neither
    attention nor convolutions are causal.
    """

    def __init__(self, shape: WindowShape, spec: ConformerSpec) -> None:
        super().__init__()
        self.count, self.width = shape.length, spec.width
        self.apart = spec.norm == "layer"
        self.embedding, self.dropout = (
            nn.Linear(shape.features, spec.width),
            Dropout(spec.dropout),
        )
        self.blocks = nn.Sequential(*[Block(shape.length, spec) for _ in range(spec.layers)])

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B L d"]:
        """Tokens ``[B, L, width]`` of windows ``[B, L, F]``."""
        return self.blocks(self.dropout(self.embedding(x)))


class Block(nn.Module):
    """Half a feed-forward network, attention, convolution, the other half.

    Parameters
    ----------
    length : L
    spec : sizes
    """

    def __init__(self, length: int, spec: ConformerSpec) -> None:
        super().__init__()
        width, dropout = spec.width, spec.dropout
        self.before, self.after = feed_forward(width, dropout), feed_forward(width, dropout)
        self.attention_norm, self.dropout = nn.LayerNorm(width), Dropout(dropout)
        self.attention = RelativeAttention(width, spec.heads, length)
        self.convolution = Convolution(width, spec.kernel_of(length), spec.norm, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """The next block's tokens."""
        x = x + self.before(x) / 2
        x = x + self.dropout(self.attention(self.attention_norm(x)))
        x = x + self.convolution(x)
        return self.norm(x + self.after(x) / 2)


def feed_forward(width: int, dropout: float) -> nn.Sequential:
    """LN, Linear(d -> 4d), Swish, dropout, Linear(4d -> d), dropout."""
    up, down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
    return nn.Sequential(
        nn.LayerNorm(width), up, nn.SiLU(), Dropout(dropout), down, Dropout(dropout)
    )


class Convolution(nn.Module):
    """LN, Linear(d -> 2d), GLU, convolution of each channel, norm, Swish, Linear(d -> d), dropout.

    Parameters
    ----------
    width : d
    kernel : steps that the convolution sees, half of them later ones
    norm : over the batch and time, or over each step
    dropout : of what is added
    """

    def __init__(self, width: int, kernel: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        self.first, self.up = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.around = kernel // 2
        # No bias: the norm has one.
        self.depthwise = nn.Conv1d(width, width, kernel, groups=width, bias=False)
        self.norm = nn.BatchNorm1d(width) if norm == "batch" else nn.LayerNorm(width)
        self.down, self.dropout = nn.Linear(width, width), Dropout(dropout)

    def forward(self, x: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """What the convolution adds."""
        gated = functional.glu(self.up(self.first(x)), -1)
        mixed = over_steps(self.depthwise, gated, self.around, self.around)
        normed = self.norm(mixed.flatten(0, 1)).view_as(mixed)
        return self.dropout(self.down(functional.silu(normed)))
