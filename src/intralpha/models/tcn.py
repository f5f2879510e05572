"""TCN: stacked causal convolutions whose steps lie ever further apart [Spec 12.14]."""

from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.dropout import Dropout
from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.over_steps import over_steps
from intralpha.models.shape import WindowShape

FEWER_LEVELS = 121  # steps that four levels of kernel 5 see


class TCNSpec(EncoderSpec):
    """Level i: y = ReLU(conv(ReLU(conv(x)))), out = ReLU(y + x); dilation 2^i; state = last step.

    Convolutions are causal (kernel 5, zeros before the window), each followed by dropout; where the
    channels change, x passes a 1 x 1 convolution. Source: [Spec 12.14], Bai et al. 2018 without
    weight norm. Sizes are our own, smaller than qlib's.
    """

    kind: Literal["tcn"] = "tcn"
    channels: int = Field(default=64, gt=0, description="numbers in a step of each level")
    kernel: int = Field(default=5, gt=1, description="steps that a convolution sees")
    levels: int | None = Field(
        default=None, gt=0, description="left out: 4 for windows of at most 121 steps, else 5"
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="after each convolution")

    def levels_of(self, length: int) -> int:
        """Levels of a network of windows of some length."""
        return self.levels or (4 if length <= FEWER_LEVELS else 5)

    def receptive_field(self, length: int) -> int:
        """Steps that the state depends on: 1 + 2 (kernel - 1) (2^levels - 1)."""
        return 1 + 2 * (self.kernel - 1) * (2 ** self.levels_of(length) - 1)

    def encoder(self, shape: WindowShape) -> "TCN":
        """See :meth:`EncoderSpec.encoder`."""
        return TCN(shape, self)


class TCN(Encoder):
    """Last step of the last level of each window.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, channels]``. A level reads
    every 2^i-th step, counted from the last one, of the level before, so no others are computed:
    each level hands on every other step of those it has, and convolutions are ordinary ones.
    """

    def __init__(self, shape: WindowShape, spec: TCNSpec) -> None:
        super().__init__()
        self.width, self.seen = spec.channels, spec.receptive_field(shape.length)
        self.seen_last = 1 + 2 * (spec.kernel - 1)
        channels = [shape.features, *[spec.channels] * spec.levels_of(shape.length)]
        self.levels = nn.ModuleList(
            Level(before, after, spec.kernel, spec.dropout) for before, after in pairwise(channels)
        )

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State ``[B, channels]`` of windows ``[B, L, F]``."""
        y = x[:, -self.seen :]
        *first, last = self.levels
        for level in first:
            y = level(y)
        return last(y[:, -self.seen_last :], self.seen_last)[:, -1]


class Level(nn.Module):
    """Two causal convolutions and what passes them by.

    Parameters
    ----------
    before : channels of a step given
    after : channels of a step made
    kernel : steps that a convolution sees
    dropout : after each convolution
    """

    def __init__(self, before: int, after: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(before, after, kernel)
        self.conv2 = nn.Conv1d(after, after, kernel)
        self.past = nn.Linear(before, after) if before != after else nn.Identity()
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "B N before"], every: int = 2) -> Float[Tensor, "B n after"]:
        """The steps that the next level reads.

        Parameters
        ----------
        x : [B, N, before], neighbours are as far apart as the level's dilation
        every : make the last step and each ``every``-th before it
        """
        y = self.dropout(causal(self.conv1, x).relu())
        y = self.dropout(causal(self.conv2, y, every).relu())
        return (y + self.past(x[:, first(x, every) :: every])).relu()


def first(x: Float[Tensor, "B N C"], every: int) -> int:
    """The first of the steps that end with the last one and lie ``every`` apart."""
    return (x.shape[1] - 1) % every


def causal(
    conv: nn.Conv1d, x: Float[Tensor, "B N before"], every: int = 1
) -> Float[Tensor, "B n after"]:
    """A convolution with zeros before the first step, so that no step sees a later one.

    Parameters
    ----------
    conv : its weights
    x : [B, N, before]
    every : make the last step and each ``every``-th before it
    """
    return over_steps(conv, x, conv.kernel_size[0] - 1 - first(x, every), every=every)
