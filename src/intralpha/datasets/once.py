"""once: one training up to a date, which predicts everything after it."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.datasets.schedule import Block, ScheduleSpec


class OnceSpec(ScheduleSpec):
    """Trained once, on what was known at a date's close; it predicts all sessions after it."""

    kind: Literal["once"] = "once"
    upto: date = Field(description="last session that a label of training may reach")
    since: date | None = Field(default=None, description="first date of training; null: the first")
    valid_share: float = Field(default=0.2, gt=0, lt=1, description="last part of the samples")

    @model_validator(mode="after")
    def _in_order(self) -> "OnceSpec":
        if self.since is not None and self.since > self.upto:
            raise ValueError(f"since {self.since} lies after upto {self.upto}")
        return self

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """The one block without an end, if there is a session after the date.

        Parameters and what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        del label_offset
        at = int(np.searchsorted(sessions, np.datetime64(self.upto, "D"), side="right"))
        if at < len(sessions):
            since = None if self.since is None else np.datetime64(self.since, "D")
            yield Block(sessions[at], None, since, self.valid_share)
