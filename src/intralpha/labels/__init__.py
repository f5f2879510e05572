"""The only place that looks forward: forward returns, labels and the purge rule."""

from intralpha.labels.forward import fwd_buyable, fwd_locked, fwd_return, purge
from intralpha.labels.label import (
    HorizonRankSpec,
    HorizonReturnSpec,
    LabelSpec,
    NeutralReturnSpec,
    NoCapError,
    RawReturnSpec,
    ZReturnSpec,
    compute_label,
    label_offset,
)
from intralpha.labels.windows import UnknownSampleDateError

__all__ = [
    "HorizonRankSpec",
    "HorizonReturnSpec",
    "LabelSpec",
    "NeutralReturnSpec",
    "NoCapError",
    "RawReturnSpec",
    "UnknownSampleDateError",
    "ZReturnSpec",
    "compute_label",
    "fwd_buyable",
    "fwd_locked",
    "fwd_return",
    "label_offset",
    "purge",
]
