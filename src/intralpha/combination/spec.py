"""How factors are weighted."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from intralpha.base import Spec


class EqualSpec(Spec):
    """Every factor counts the same: over seeds, data sets, models or tasks."""

    kind: Literal["equal", "seed_mean", "dataset_mean", "model_mean", "task_mean"] = Field(
        default="equal", description="one rule under the names it has in the sources"
    )


class WeightsSpec(Spec):
    """Fixed weights, such as 1 and 3 for a high- and a low-frequency factor (fusion 1:3)."""

    kind: Literal["weights"] = "weights"
    weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        min_length=1, description="weight of each factor by its name; only their ratios count"
    )


class SingleSpec(Spec):
    """One factor alone, standardised."""

    kind: Literal["single"] = "single"
    name: str | None = Field(
        default=None, description="which factor; may be left out if there is one"
    )


class ICIRWeightSpec(Spec):
    """Weights in proportion to the ICIR of each factor's latest matured RankICs."""

    kind: Literal["icir_weight"] = "icir_weight"
    observations: int = Field(default=52, ge=2, description="latest RankICs used")
    min_observations: int = Field(default=24, ge=2, description="fewer give the factor no weight")
    without_evidence: Literal["equal", "absent"] = Field(
        default="equal",
        description="days on which no factor has a positive weight: equal weights, or no score",
    )

    @field_validator("min_observations")
    @classmethod
    def _not_above_window(cls, value: int, info) -> int:
        if value > info.data.get("observations", value):
            raise ValueError("min_observations is larger than observations")
        return value


CombinerSpec = Annotated[
    EqualSpec | WeightsSpec | SingleSpec | ICIRWeightSpec, Field(discriminator="kind")
]
