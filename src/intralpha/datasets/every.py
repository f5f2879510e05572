"""every: every k-th session, anchored on one of them."""

from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError
from intralpha.base.panel import as_days
from intralpha.datasets.grid import GridSpec


class AnchorError(ConfigError):
    """The anchor of a grid lies after the last session, so its place is not known yet."""

    def __init__(self, anchor: date, last: str) -> None:
        self.anchor, self.last = anchor, last
        super().__init__(
            f"the grid is anchored on {anchor}, after the last session {last}; each new session "
            "would move every date.\nHint: anchor it on a session that is over."
        )


class EverySpec(GridSpec):
    """Sample and decision dates: every k-th session, counted from an anchor in both directions."""

    kind: Literal["every"] = "every"
    every: int = Field(default=5, gt=0, description="sessions between two dates")
    anchor: date | None = Field(
        default=None, description="a session of the grid; default: the first"
    )

    def dates(self, sessions: Shaped[ndarray, " n_sessions"]) -> Shaped[ndarray, " D"]:
        """Every k-th session; an anchor that is no session counts as the next one.

        Raises
        ------
        AnchorError
            The anchor lies after the last session.

        Examples
        --------
        >>> days = np.arange("2024-01-01", "2024-01-08", dtype="datetime64[D]")
        >>> [str(d) for d in EverySpec(every=3, anchor=date(2024, 1, 5)).dates(days)]
        ['2024-01-02', '2024-01-05']
        """
        days = as_days(sessions)
        if self.anchor is None or len(days) == 0:
            return days[:: self.every]
        at = int(np.searchsorted(days, as_days([self.anchor])[0]))
        if at == len(days):
            raise AnchorError(self.anchor, str(days[-1]))
        return days[at % self.every :: self.every]
