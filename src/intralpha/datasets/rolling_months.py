"""rolling_months: a training window of so many months that moves by a few sessions."""

from collections.abc import Iterator
from typing import Literal

from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.datasets.periods import months_before
from intralpha.datasets.rolling import SIDE, Side, session_at
from intralpha.datasets.schedule import Block, ScheduleSpec


class RollingMonthsSpec(ScheduleSpec):
    """A window of so many months that moves by a few sessions [Spec 14: 004 "rolling 6 months"].

    The half year of training and validation together that 004's weeklies use, five months and one,
    is ``validation: inside``.
    """

    kind: Literal["rolling_months"] = "rolling_months"
    train_months: int = Field(default=6, gt=0, description="months of the training window")
    valid_months: int = Field(default=1, gt=0, description="months of validation")
    step_days: int = Field(default=10, gt=0, description="sessions predicted by one model")
    validation: Side = Field(default="after", description=SIDE)

    @model_validator(mode="after")
    def _leaves_something_to_train(self) -> "RollingMonthsSpec":
        if self.validation == "inside" and self.valid_months >= self.train_months:
            raise ValueError(
                f"valid_months {self.valid_months} inside train_months {self.train_months} leave "
                "nothing to train on; expected fewer"
            )
        return self

    def blocks(
        self, sessions: Shaped[ndarray, " n_sessions"], label_offset: int
    ) -> Iterator[Block]:
        """Months are counted back from the first session whose label is not known.

        The first block is the first before which the sessions hold the whole window. Parameters and
        what it yields as in :meth:`ScheduleSpec.blocks`.
        """
        window = self.train_months + (self.valid_months if self.validation == "after" else 0)
        counted = enumerate(sessions[: max(len(sessions) - label_offset, 0)], label_offset)
        held = (at for at, day in counted if months_before(day, window) >= sessions[0])
        for at in range(next(held, len(sessions)), len(sessions), self.step_days):
            known = sessions[at - label_offset]
            yield Block(
                begins=sessions[at],
                ends=session_at(sessions, at + self.step_days),
                since=months_before(known, window),
                valid=months_before(known, self.valid_months),
            )
