"""acme.alternate: every second session."""

from typing import Literal

from numpy import ndarray

from intralpha.datasets import GridSpec


class AlternateSpec(GridSpec):
    kind: Literal["acme.alternate"] = "acme.alternate"

    def dates(self, sessions: ndarray) -> ndarray:
        return sessions[1::2]
