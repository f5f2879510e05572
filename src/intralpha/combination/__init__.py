"""Many factors into one: z-scores of each day, weighted [Spec 16]."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.combination.combine import AxesDifferError, combine
    from intralpha.combination.equal import EqualSpec
    from intralpha.combination.factor_premia import FactorPremiaSpec
    from intralpha.combination.icir import HistoryShapeError, RankICHistory, icir_weights
    from intralpha.combination.icir_weight import ICIRWeightSpec, MissingHistoryError
    from intralpha.combination.premia import mean_premia, premia
    from intralpha.combination.single import SingleSpec
    from intralpha.combination.spec import CombinerSpec, FactorNamesError
    from intralpha.combination.weights import WeightsSpec

lazily(__name__)
