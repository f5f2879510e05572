"""Factors: from features (or a file) to one score a stock and date, with the work it takes."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.factors.factor import FactorSpec, Ground
    from intralpha.factors.file import FactorFileSpec
    from intralpha.factors.mean_of import MeanOfSpec
    from intralpha.factors.network import Network
    from intralpha.factors.sample_blocks import SampleBlocks
    from intralpha.factors.smoothed import SmoothedSpec
    from intralpha.factors.zscore_mean import ZScoreMean

lazily(__name__)
