"""The only place that looks forward: forward returns, labels and the purge rule."""

from intralpha.labels.forward import BUYABLE_READS, fwd_buyable, fwd_locked, fwd_return, purge
from intralpha.labels.horizon_rank import HorizonRankSpec
from intralpha.labels.horizon_return import HorizonReturnSpec
from intralpha.labels.label import LabelSpec
from intralpha.labels.neutral_return import NeutralReturnSpec, NoCapError
from intralpha.labels.raw_return import RawReturnSpec
from intralpha.labels.windows import UnknownSampleDateError
from intralpha.labels.z_return import ZReturnSpec

__all__ = [
    "BUYABLE_READS",
    "HorizonRankSpec",
    "HorizonReturnSpec",
    "LabelSpec",
    "NeutralReturnSpec",
    "NoCapError",
    "RawReturnSpec",
    "UnknownSampleDateError",
    "ZReturnSpec",
    "fwd_buyable",
    "fwd_locked",
    "fwd_return",
    "purge",
]
