"""rolling: a training window of fixed length that moves by a few sessions."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.datasets.schedule import Fold, ScheduleSpec, purged_fold, usable


class RollingSpec(ScheduleSpec):
    """A window of fixed length that moves by a few sessions [Spec 14: 000, 004]."""

    kind: Literal["rolling"] = "rolling"
    train_days: int = Field(default=120, gt=0, description="sessions of training before validation")
    valid_days: int = Field(default=5, gt=0, description="sessions of validation after training")
    step_days: int = Field(default=10, gt=0, description="sessions predicted by one model")

    def folds(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        grid_dates: Shaped[ndarray, " n_grid"],
        label_offset: int,
    ) -> tuple[Fold, ...]:
        """Validation ends where its labels are known; training ends where validation begins.

        Parameters, returns and errors as in :meth:`ScheduleSpec.folds`.
        """
        days, samples = as_days(sessions), as_days(grid_dates)
        return usable(self, self._blocks(days, samples, label_offset), samples)

    def _blocks(
        self,
        days: Shaped[ndarray, " n_sessions"],
        samples: Shaped[ndarray, " n_grid"],
        offset: int,
    ) -> Iterator[Fold]:
        need = self.train_days + self.valid_days + offset
        for at in range(need, len(days), self.step_days):
            end = _day(days, at + self.step_days)
            predict = samples[(samples >= days[at]) & (samples < end)]
            if len(predict) == 0:
                continue
            known = at - offset
            split = known - self.valid_days
            first = split - self.train_days
            past = samples[(samples >= days[first]) & (samples < days[known])]
            yield purged_fold(past, days[split], predict, days, offset)


def _day(days: Shaped[ndarray, " n_sessions"], at: int) -> np.datetime64:
    return days[at] if at < len(days) else days[-1] + np.timedelta64(1, "D")
