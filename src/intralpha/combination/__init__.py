"""Many factors into one: z-scores of each day, weighted [Spec 16]."""

from intralpha.combination.combine import (
    AxesDifferError,
    FactorNamesError,
    MissingHistoryError,
    combine,
    seed_mean,
)
from intralpha.combination.icir import HistoryShapeError, RankICHistory, icir_weights
from intralpha.combination.spec import (
    CombinerSpec,
    EqualSpec,
    ICIRWeightSpec,
    SingleSpec,
    WeightsSpec,
)

__all__ = [
    "AxesDifferError",
    "CombinerSpec",
    "EqualSpec",
    "FactorNamesError",
    "HistoryShapeError",
    "ICIRWeightSpec",
    "MissingHistoryError",
    "RankICHistory",
    "SingleSpec",
    "WeightsSpec",
    "combine",
    "icir_weights",
    "seed_mean",
]
