"""The only place that looks forward: forward returns, labels and the purge rule."""

from intralpha.labels.forward import fwd_buyable, fwd_locked, fwd_return, purge
from intralpha.labels.label import LabelSpec, compute_label, label_offset

__all__ = [
    "LabelSpec",
    "compute_label",
    "fwd_buyable",
    "fwd_locked",
    "fwd_return",
    "label_offset",
    "purge",
]
