"""acme.once: trained once on the first sessions, and never again."""

from collections.abc import Iterator
from typing import Literal

from numpy import ndarray
from pydantic import Field

from intralpha.datasets import Block, ScheduleSpec


class OnceSpec(ScheduleSpec):
    kind: Literal["acme.once"] = "acme.once"
    train: int = Field(default=40, gt=0)
    valid: int = Field(default=10, gt=0)

    def blocks(self, sessions: ndarray, label_offset: int) -> Iterator[Block]:
        known = self.train + self.valid
        if known + label_offset < len(sessions):
            yield Block(sessions[known + label_offset], None, sessions[0], sessions[self.train])
