"""half_yearly: all the past, trained again each half-year."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.datasets.periods import periods
from intralpha.datasets.schedule import Block, ScheduleSpec


class HalfYearlySpec(ScheduleSpec):
    """Everything since the first sample, retrained each half-year [Spec 14: 002, 003]."""

    kind: Literal["half_yearly"] = "half_yearly"
    first: date = Field(description="first date predicted")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="last part of the samples")

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """One a half-year; the last part of the purged past validates.

        Parameters and what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        del label_offset
        for begins, ends in periods(sessions, 6, np.datetime64(self.first, "D")):
            yield Block(begins, ends, None, self.valid_share)
