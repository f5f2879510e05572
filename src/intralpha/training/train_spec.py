"""TrainSpec: the settings of the fit loop."""

from typing import Literal

from pydantic import Field

from intralpha.base import Spec
from intralpha.training.average import AverageSpec
from intralpha.training.metric import MetricSpec
from intralpha.training.metrics.rank_ic import RankICMetricSpec
from intralpha.training.optimiser import OptimiserSpec
from intralpha.training.optimisers.adam import AdamSpec
from intralpha.training.rate import RateSpec
from intralpha.training.rates.constant import ConstantRateSpec

Device = Literal["auto", "cpu", "cuda"]


class TrainSpec(Spec):
    """How a network is trained [Spec 14]."""

    learning_rate: float = Field(default=1e-3, gt=0, description="of the optimiser")
    optimiser: OptimiserSpec = Field(
        default=AdamSpec(), description="what moves weights by their gradients"
    )
    rate: RateSpec = Field(
        default=ConstantRateSpec(), description="how the learning rate changes over the training"
    )
    max_epochs: int = Field(default=100, gt=0, description="passes over the training days")
    patience: int = Field(default=10, gt=0, description="epochs without a better metric")
    metric: MetricSpec = Field(
        default=RankICMetricSpec(),
        description="by what the best epoch is chosen, on the validation days",
    )
    average: AverageSpec | None = Field(
        default=None,
        description="validate and keep a mean of the weights along the way. Default: the weights",
    )
    clip_value: float | None = Field(
        default=3.0, gt=0, description="element-wise bound of gradients; null: none"
    )
    clip_norm: float | None = Field(
        default=None, gt=0, description="bound of the whole gradient's norm, instead of clip_value"
    )
    batch: Literal["day", "days", "pooled"] = Field(
        default="day",
        description="day: one cross-section a step; days: several of them; pooled: samples "
        "shuffled over dates",
    )
    batch_size: int = Field(
        default=5000,
        gt=1,
        description="samples a step, for batch: pooled; about as many, for batch: days",
    )
    batch_days: int | None = Field(
        default=None,
        gt=0,
        description="dates a step, for batch: days. Default: as many as have about batch_size "
        "samples",
    )
    piece: int | None = Field(
        default=None,
        gt=0,
        description="windows that are in memory at a time; the gradient is that of the whole step, "
        "made in two passes. Default: all of them, in one",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="of the network's products in training: bfloat16 is for GPUs; weights, losses "
        "and predictions stay float32",
    )
    device: Device = Field(
        default="auto", description="where networks are trained; auto: on a GPU if there is one"
    )
