"""units: K factors a state and their mean, of research system 001 [Spec 12.2]."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.models.by_day import day_groups
from intralpha.models.head import HeadSpec
from intralpha.models.output import Output

Statistics = Literal["batch", "running"]


class UnitsHeadSpec(HeadSpec):
    """h = Linear(E -> K), z_k = BN(h_k), score = BN((1/K) sum z_k); the part ``unit`` is z.

    Source: [Spec 12.2]. Batch norms have no parameters; in training they use the statistics of each
    day of the batch, and so in eval mode with ``bn_eval: batch``. Our own: the linear layer has no
    bias, which the batch norm would take out again.
    """

    kind: Literal["units"] = "units"
    units: int = Field(default=64, gt=0, description="K, factors that the score is the mean of")
    bn_eval: Statistics = Field(
        default="batch",
        description="statistics of the batch norms in eval mode: batch, of the day's stocks; "
        "running, averages from training",
    )

    @property
    def gives(self) -> tuple[str, ...]:
        """The K factors."""
        return ("unit",)

    @property
    def across(self) -> bool:
        """With statistics of the day a score depends on all stocks of the day."""
        return self.bn_eval == "batch" or super().across

    @property
    def whole_days(self) -> bool:
        """In training its statistics are those of a day."""
        return True

    def layers(self, width: int) -> "UnitsHead":
        """See :meth:`HeadSpec.layers`."""
        return UnitsHead(width, self.units, self.bn_eval)


class UnitsHead(nn.Module):
    """K factors and their mean.

    Parameters
    ----------
    width : E
    units : K
    bn_eval : statistics in eval mode
    """

    def __init__(self, width: int, units: int, bn_eval: Statistics) -> None:
        super().__init__()
        self.line = nn.Linear(width, units, bias=False)
        self.norm, self.last = DayNorm(units, bn_eval), DayNorm(1, bn_eval)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]`` and the part ``unit``, ``[B, K]``."""
        units = self.norm(self.line(state), days_B)
        score = self.last(units.mean(1, keepdim=True), days_B)
        return Output(score.squeeze(1), {"unit": units})


class DayNorm(nn.Module):
    """Batch norm without parameters, over the samples of each day.

    Parameters
    ----------
    width : N, columns
    bn_eval : statistics in eval mode

    Notes
    -----
    With one day in the batch it is ``nn.BatchNorm1d(N, affine=False)``; with several, running
    statistics move by the mean of the days'. A day of one sample becomes 0.
    """

    EPSILON, MOMENTUM = 1e-5, 0.1
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int, bn_eval: Statistics) -> None:
        super().__init__()
        self.running = bn_eval == "running"
        if self.running:
            self.register_buffer("running_mean", torch.zeros(width))
            self.register_buffer("running_var", torch.ones(width))

    def forward(
        self, x: Float[Tensor, "B N"], days_B: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B N"]:
        """(x - mean) / sqrt(var + 1e-5) with the statistics of each sample's day."""
        if self.running and not self.training:
            return (x - self.running_mean) / (self.running_var + self.EPSILON).sqrt()
        groups = day_groups(x, days_B)
        mean = groups.means(x)
        centred = x - groups.spread(mean)
        variance = groups.means(centred.square())
        if self.running:
            self._remember(mean.detach(), variance.detach(), groups.sizes)
        return centred / groups.spread((variance + self.EPSILON).sqrt())

    def _remember(
        self, mean: Float[Tensor, "D N"], variance: Float[Tensor, "D N"], count: Int[Tensor, " D"]
    ) -> None:
        """Move the running statistics; variances as of samples, as torch's do."""
        size = count[:, None].to(variance.dtype)
        sampled = variance * size / (size - 1).clamp(min=1)
        self.running_mean.lerp_(mean.mean(0), self.MOMENTUM)
        self.running_var.lerp_(sampled.mean(0), self.MOMENTUM)
