"""rolling: a training window of so many sessions that moves by a few."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.datasets.schedule import Block, ScheduleSpec

Side = Literal["after", "inside"]
SIDE = "after: validation follows the training window; inside: it is its last part"


class RollingSpec(ScheduleSpec):
    """A window of so many sessions that moves by a few [Spec 14: 000]."""

    kind: Literal["rolling"] = "rolling"
    train_days: int = Field(default=120, gt=0, description="sessions of the training window")
    valid_days: int = Field(default=5, gt=0, description="sessions of validation")
    step_days: int = Field(default=10, gt=0, description="sessions predicted by one model")
    validation: Side = Field(default="after", description=SIDE)

    @model_validator(mode="after")
    def _leaves_something_to_train(self) -> "RollingSpec":
        if self.validation == "inside" and self.valid_days >= self.train_days:
            raise ValueError(
                f"valid_days {self.valid_days} inside train_days {self.train_days} leave nothing "
                "to train on; expected fewer"
            )
        return self

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """Validation ends where its labels are known; training ends where validation begins.

        Parameters and what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        window = self.train_days + (self.valid_days if self.validation == "after" else 0)
        for at in range(window + label_offset, len(sessions), self.step_days):
            known = at - label_offset
            yield Block(
                begins=sessions[at],
                ends=session_at(sessions, at + self.step_days),
                since=sessions[known - window],
                valid=sessions[known - self.valid_days],
            )


def session_at(sessions: Shaped[ndarray, " n_sessions"], at: int) -> np.datetime64 | None:
    """The session at a position; None if it is yet to come."""
    return sessions[at] if at < len(sessions) else None
