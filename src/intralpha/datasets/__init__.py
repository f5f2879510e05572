"""Pre-processing fitted on training days only, windows without copies, and purged schedules."""

from intralpha.datasets.grid import GridSpec, grid
from intralpha.datasets.samples import DayBatch, Samples
from intralpha.datasets.schedule import Fold, ScheduleSpec, folds
from intralpha.datasets.transform import (
    TransformSpec,
    apply_global,
    cross_section,
    fit_global,
)

__all__ = [
    "DayBatch",
    "Fold",
    "GridSpec",
    "Samples",
    "ScheduleSpec",
    "TransformSpec",
    "apply_global",
    "cross_section",
    "fit_global",
    "folds",
    "grid",
]
