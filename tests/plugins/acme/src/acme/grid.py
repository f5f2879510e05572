"""acme.alternate: every second session."""

from typing import Literal

from intralpha.datasets import GridSpec
from numpy import ndarray


class AlternateSpec(GridSpec):
    kind: Literal["acme.alternate"] = "acme.alternate"

    def dates(self, sessions: ndarray) -> ndarray:
        return sessions[1::2]
