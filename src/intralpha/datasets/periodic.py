"""periodic: trained again every month, quarter, half-year or year, on all or some of the past."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.datasets.periods import months_before, periods
from intralpha.datasets.schedule import Block, ScheduleSpec


class PeriodicSpec(ScheduleSpec):
    """Retrained with every calendar month, quarter or half-year, the last part validates."""

    kind: Literal["periodic"] = "periodic"
    first: date = Field(description="first date predicted")
    months: Literal[1, 2, 3, 4, 6, 12] = Field(
        default=3, description="months of the calendar predicted by one model"
    )
    window_months: int | None = Field(
        default=None, gt=0, description="months that train and validate; null: all before"
    )
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="last part of the samples")

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """One a period; the window of months is counted back from its first session.

        Parameters and what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        del label_offset
        for begins, ends in periods(sessions, self.months, np.datetime64(self.first, "D")):
            months = self.window_months
            since = None if months is None else months_before(begins, months)
            yield Block(begins, ends, since, self.valid_share)
