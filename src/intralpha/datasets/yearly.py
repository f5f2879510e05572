"""yearly: trained again once a year."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.datasets.schedule import Fold, ScheduleSpec, purged_fold, usable
from intralpha.labels import purge


class YearlySpec(ScheduleSpec):
    """Retrained once a year on the years before [001; protocol: 8 years, last 20 % validation]."""

    kind: Literal["yearly"] = "yearly"
    first_year: int = Field(description="first year predicted")
    window_years: int | None = Field(default=None, gt=0, description="null: all years before")
    valid: Literal["last_year", "share"] = Field(default="share", description="validation block")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="for valid: share")

    def folds(
        self,
        sessions: Shaped[ndarray, " n_sessions"],
        grid_dates: Shaped[ndarray, " n_grid"],
        label_offset: int,
    ) -> tuple[Fold, ...]:
        """One fold a year; the past is purged against the year's first session.

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
        years = samples.astype("datetime64[Y]").astype(int) + 1970
        for year in np.unique(years[years >= self.first_year]):
            predict = samples[years == year]
            first = year - self.window_years if self.window_years else 0
            past = samples[(years < year) & (years >= first)]
            # The year begins on its first session, which need not be on the grid.
            begins = days[np.searchsorted(days, np.datetime64(f"{year}-01-01", "D"))]
            past = past[purge(past, begins, offset, days)]
            if len(past) > 1:
                yield purged_fold(past, self._cut(past, int(year)), predict, days, offset)

    def _cut(self, past: Shaped[ndarray, " n_past"], year: int) -> np.datetime64:
        """First date of validation."""
        if self.valid == "last_year":
            return np.datetime64(f"{year - 1}-01-01", "D")
        return past[int(len(past) * (1 - self.valid_share))]
