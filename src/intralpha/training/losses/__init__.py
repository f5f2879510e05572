"""Losses: an output and the truth in, one number to minimise out, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.training.losses.ccc import CccSpec
    from intralpha.training.losses.cross_entropy import CrossEntropySpec
    from intralpha.training.losses.horizons import HorizonsSpec
    from intralpha.training.losses.layerwise import LayerwiseSpec
    from intralpha.training.losses.list_mle import ListMleSpec
    from intralpha.training.losses.long_weighted import LongWeightedSpec
    from intralpha.training.losses.mse import MseSpec
    from intralpha.training.losses.mse_bn import MseBnSpec
    from intralpha.training.losses.mse_bn_orth import MseBnOrthSpec
    from intralpha.training.losses.multitask import MultitaskSpec
    from intralpha.training.losses.neg_ic import NegICSpec
    from intralpha.training.losses.rank_ic import RankICSpec
    from intralpha.training.losses.robust import RobustSpec
    from intralpha.training.losses.seq_neg_ic import SeqNegICSpec

lazily(__name__)
