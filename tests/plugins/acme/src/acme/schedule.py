"""acme.once: trained once on the first samples, and never again."""

from typing import Literal

from numpy import ndarray
from pydantic import Field

from intralpha.datasets import Fold, ScheduleSpec
from intralpha.datasets.schedule import purged_fold, usable


class OnceSpec(ScheduleSpec):
    kind: Literal["acme.once"] = "acme.once"
    train: int = Field(default=20, gt=0)
    valid: int = Field(default=5, gt=0)

    def folds(self, sessions: ndarray, grid_dates: ndarray, label_offset: int) -> tuple[Fold, ...]:
        past, predict = grid_dates[: self.train + self.valid], grid_dates[self.train + self.valid :]
        fold = purged_fold(past, past[self.train], predict, sessions, label_offset)
        return usable(self, [fold], grid_dates)
