"""Autoformer: which lags of a window resemble it, and what is left of its trend [Spec 12.15]."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor, nn

from intralpha.models.dropout import Dropout
from intralpha.models.encoder import Encoder, EncoderSpec
from intralpha.models.shape import WindowShape

Lags = Literal["batch", "sample"]


class AutoformerSpec(EncoderSpec):
    """Linear(F -> d) -> layers of y = S(x + AC(x)), x = y + FFN(y), with S between layers ->
    mean over time -> head.

    AC: R(l) = mean over channels of irfft(rfft(Q) conj(rfft(K))); the k = floor(c ln L) largest
    lags with weights softmax(R); W_o sum_l w_l roll(V, -l). S(x) = x - moving average. Heads
    would change nothing, as R is their mean. Source: [Spec 12.15], Wu et al. 2021. Sizes and the
    mean over time are our own, and so is that S does not follow the last layer: of a series less
    its moving average the mean is 0, but for its ends.

    With ``lags: batch``, as in the paper, one choice of lags serves the whole batch in training, so
    that it cannot be encoded in pieces with the same gradient; with ``lags: sample`` it can.
    """

    kind: Literal["autoformer"] = "autoformer"
    width: int = Field(default=64, gt=0, description="d, numbers in a token")
    layers: int = Field(default=2, gt=0, description="stacked encoder layers")
    inner: int = Field(default=128, gt=0, description="width inside the feed-forward networks")
    factor: float = Field(default=1.0, gt=0, description="c, floor(c ln L) lags are used")
    lags: Lags = Field(
        default="batch",
        description="in training chosen by the mean of the batch or, as in eval mode, for each "
        "sample",
    )
    average: int = Field(default=25, gt=0, description="steps of the moving average, odd")
    trend: Literal["dropped", "kept"] = Field(
        default="dropped",
        description="dropped, as in the encoder of the paper: the level of the window is lost; "
        "kept: the mean of all trends stands beside the state",
    )
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="of the embedding and of what each part adds"
    )

    @field_validator("average")
    @classmethod
    def _has_a_middle(cls, average: int) -> int:
        if average % 2 == 0:
            raise ValueError(f"found {average} steps; expected an odd number, as many on each side")
        return average

    @property
    def apart(self) -> bool:
        """Unless the batch chooses the lags."""
        return self.lags == "sample"

    def lags_of(self, length: int) -> int:
        """k, how many lags are used of windows of some length."""
        return min(max(int(self.factor * math.log(length)), 1), length)

    def encoder(self, shape: WindowShape) -> "Autoformer":
        """See :meth:`EncoderSpec.encoder`."""
        return Autoformer(shape, self)


class Autoformer(Encoder):
    """Mean over time of the last layer of each window.

    Parameters
    ----------
    shape : L, F
    spec : sizes

    Notes
    -----
    forward takes x ``[B, L, F]`` (oldest step first) and returns ``[B, width]``, or
    ``[B, 2 width]`` with trends. Nothing has a bias: what is the same at all steps
    is trend, which the next average takes out.
    """

    def __init__(self, shape: WindowShape, spec: AutoformerSpec) -> None:
        super().__init__()
        self.keeps = spec.trend == "kept"
        self.width = spec.width * (2 if self.keeps else 1)
        self.apart = spec.lags == "sample"
        self.embedding, self.dropout = (
            nn.Linear(shape.features, spec.width, bias=False),
            Dropout(spec.dropout),
        )
        self.seasonal = Seasonal(shape.length, spec.average)
        lags = spec.lags_of(shape.length)
        self.correlations = nn.ModuleList(
            AutoCorrelation(spec.width, lags, spec.lags) for _ in range(spec.layers)
        )
        self.feeds = nn.ModuleList(feed_forward(spec.width, spec.inner) for _ in range(spec.layers))

    def forward(self, x: Float[Tensor, "B L F"]) -> Float[Tensor, "B E"]:
        """State of windows ``[B, L, F]``."""
        y, trends = self.dropout(self.embedding(x)), []
        for at, (correlation, feed) in enumerate(zip(self.correlations, self.feeds, strict=True)):
            if at:
                y = self.less_trend(y, trends)
            y = self.less_trend(y + self.dropout(correlation(y)), trends)
            y = y + self.dropout(feed(y))
        state = y.mean(1)
        return torch.cat([state, torch.stack(trends).sum(0)], dim=1) if self.keeps else state

    def less_trend(
        self, y: Float[Tensor, "B L d"], trends: list[Float[Tensor, "B d"]]
    ) -> Float[Tensor, "B L d"]:
        """The seasonal part; the trend's mean over time is added to a list, if it is kept."""
        seasonal = self.seasonal(y)
        if self.keeps:
            trends.append(y.mean(1) - seasonal.mean(1))
        return seasonal


def feed_forward(width: int, inner: int) -> nn.Sequential:
    """Linear(d -> inner), GELU, Linear(inner -> d), each step for itself."""
    up, down = nn.Linear(width, inner, bias=False), nn.Linear(inner, width, bias=False)
    return nn.Sequential(up, nn.GELU(), down)


class Seasonal(nn.Module):
    """A series less its moving average, ends repeated beyond the ends: one matrix for all.

    Parameters
    ----------
    length : L
    average : steps of the moving average
    """

    matrix: Tensor

    def __init__(self, length: int, average: int) -> None:
        super().__init__()
        self.register_buffer("matrix", less_average(length, average), persistent=False)

    def forward(self, x: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """The seasonal part of each channel."""
        return self.matrix @ x


def less_average(length: int, average: int) -> Float[Tensor, "L L"]:
    """The matrix that takes a moving average from a series of ``length`` steps.

    Parameters
    ----------
    length : L
    average : steps, odd; the middle one is that which it is taken from
    """
    around = torch.arange(average) - average // 2
    steps = (torch.arange(length)[:, None] + around).clamp(0, length - 1)
    share = torch.full(steps.shape, 1 / average, dtype=torch.float64)
    matrix = torch.eye(length, dtype=torch.float64).scatter_add(1, steps, -share)
    return matrix.float()


class AutoCorrelation(nn.Module):
    """sum_l w_l roll(V, -l) over the lags at which queries resemble keys most.

    Parameters
    ----------
    width : d, of a token
    count : k, lags
    lags : whose resemblance chooses them in training

    Notes
    -----
    All of it happens on the Fourier transform of x, as projections commute with it: one transform
    there and one back.
    """

    def __init__(self, width: int, count: int, lags: Lags) -> None:
        super().__init__()
        self.count, self.together = count, lags == "batch"
        self.project = nn.Linear(width, 3 * width, bias=False)  # query, key, value
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Float[Tensor, "B L d"]) -> Float[Tensor, "B L d"]:
        """What each step finds at its lags."""
        length = x.shape[1]
        waves = torch.fft.rfft(at_least_float32(x), dim=1)
        parts = self.project(torch.stack([waves.real, waves.imag], 1))
        query, key, value = at_least_float32(parts).chunk(3, -1)
        weights = self.weights(resemblance(query, key, length))
        shifts = torch.fft.rfft(weights, dim=1).conj()[..., None]
        found = torch.fft.irfft(torch.complex(value[:, 0], value[:, 1]) * shifts, n=length, dim=1)
        return self.out(found)

    def weights(self, likeness: Float[Tensor, "B L"]) -> Float[Tensor, "B L"]:
        """Softmax over the chosen lags of each sample, 0 at the others."""
        ranked = likeness.mean(0, keepdim=True) if self.training and self.together else likeness
        chosen = ranked.topk(self.count, dim=1).indices.expand(len(likeness), -1)
        shares = likeness.gather(1, chosen).softmax(1)
        return torch.zeros_like(likeness).scatter(1, chosen, shares)


def at_least_float32(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """What has a Fourier transform: half precision has none."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def resemblance(
    query: Float[Tensor, "B 2 W d"], key: Float[Tensor, "B 2 W d"], length: int
) -> Float[Tensor, "B L"]:
    """R(l) = mean over channels of sum_t q_t k_(t-l), steps taken round the window.

    Parameters
    ----------
    query : [B, 2, W, d], real and imaginary parts of the Fourier transform
    key : likewise
    length : L
    """
    real = (query * key).mean(-1).sum(1)
    imaginary = (query[:, 1] * key[:, 0] - query[:, 0] * key[:, 1]).mean(-1)
    return torch.fft.irfft(torch.complex(real, imaginary), n=length, dim=1)
