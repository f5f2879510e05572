"""Grid: every k-th session, anchored on one of them."""

from datetime import date

import numpy as np
from pydantic import Field

from intralpha.base import Spec
from intralpha.base.panel import as_days


class GridSpec(Spec):
    """Sample and decision dates: every k-th session, counted from an anchor in both directions."""

    every: int = Field(default=5, gt=0, description="sessions between two dates")
    anchor: date | None = Field(
        default=None, description="a session of the grid; default: the first"
    )


def grid(sessions: np.ndarray, spec: GridSpec) -> np.ndarray:
    """Dates of the grid among the sessions.

    Parameters
    ----------
    sessions : all sessions, ascending
    spec : step and anchor; an anchor that is no session counts as the next one

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-01-08", dtype="datetime64[D]")
    >>> [str(d) for d in grid(days, GridSpec(every=3, anchor=date(2024, 1, 5)))]
    ['2024-01-02', '2024-01-05']
    """
    days = as_days(sessions)
    at = 0 if spec.anchor is None else int(np.searchsorted(days, as_days([spec.anchor])[0]))
    return days[at % spec.every :: spec.every]
