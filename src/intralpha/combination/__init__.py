"""Many factors into one: z-scores of each day, weighted [Spec 16]."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.combination.cluster import ClusterSpec
    from intralpha.combination.combine import AxesDifferError, combine
    from intralpha.combination.corr_drop import CorrDropSpec
    from intralpha.combination.corr_weight import CorrWeightSpec
    from intralpha.combination.equal import EqualSpec
    from intralpha.combination.factor_premium import FactorPremiumSpec
    from intralpha.combination.horizon_choice import HorizonChoiceSpec
    from intralpha.combination.ic_weight import ICWeightSpec
    from intralpha.combination.icir_weight import ICIRWeightSpec
    from intralpha.combination.observe import observe
    from intralpha.combination.orthogonal import OrthogonalSpec
    from intralpha.combination.past import Past, PastShapeError
    from intralpha.combination.record import weights_over_time
    from intralpha.combination.roll_reg import RollRegSpec
    from intralpha.combination.rolling import learned_on, refreshes, spread_over
    from intralpha.combination.single import SingleSpec
    from intralpha.combination.spec import (
        CombinerSpec,
        Evidence,
        FactorNamesError,
        MissingPastError,
    )
    from intralpha.combination.tree_weight import TreeWeightSpec
    from intralpha.combination.weights import WeightsSpec

lazily(__name__)
