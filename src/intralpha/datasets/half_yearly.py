"""half_yearly: all the past, trained again each half-year."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.datasets.schedule import Fold, ScheduleSpec, purged_fold, usable
from intralpha.labels import purge


class HalfYearlySpec(ScheduleSpec):
    """Everything since the first sample, retrained each half-year [Spec 14: 002, 003]."""

    kind: Literal["half_yearly"] = "half_yearly"
    first: date = Field(description="first date predicted")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="last part of the samples")

    def folds(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        grid_dates: Shaped[ndarray, " n_grid"],
        label_offset: int,
    ) -> tuple[Fold, ...]:
        """One fold a half-year; the last part of the purged past validates.

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
        halves = samples.astype("datetime64[M]").astype(int) // 6
        later = samples >= as_days([self.first])[0]
        for half in np.unique(halves[later]):
            predict = samples[later & (halves == half)]
            past = samples[samples < predict[0]]
            past = past[purge(past, predict[0], offset, days)]
            if len(past) > 1:
                cut = past[int(len(past) * (1 - self.valid_share))]
                yield purged_fold(past, cut, predict, days, offset)
