"""Factors: from features (or a file) to one score a stock and date, with the work it takes."""

from intralpha.factors.factor import FactorSpec, Ground
from intralpha.factors.file import FactorFileSpec
from intralpha.factors.network import Network
from intralpha.factors.zscore_mean import ZScoreMean

__all__ = ["FactorFileSpec", "FactorSpec", "Ground", "Network", "ZScoreMean"]
