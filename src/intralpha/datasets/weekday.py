"""weekday: one day of the week, or the last session before it in that week."""

from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.panel import as_days
from intralpha.datasets.grid import GridSpec
from intralpha.datasets.last_sessions import last_sessions

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday"]


class WeekdaySpec(GridSpec):
    """Every Friday or the week's last session; or another weekday [gaps C-12: 001]."""

    kind: Literal["weekday"] = "weekday"
    weekday: Weekday = Field(
        default="friday",
        description="a week in which it is no session has the last one before it, if there is any",
    )

    def dates(self, sessions: Shaped[ndarray, " n_sessions"]) -> Shaped[ndarray, " D"]:
        """The weekday, or the last session of its week before it; weeks begin on Monday.

        That a Thursday is the last one is known on that day by the exchange's calendar of holidays;
        what the calendar does not know is known with the next session: see
        :func:`~intralpha.datasets.last_sessions.last_sessions`. A Friday itself is always known.

        Examples
        --------
        >>> days = np.array(["2024-04-02", "2024-04-03", "2024-04-08"], dtype="datetime64[D]")
        >>> [str(d) for d in WeekdaySpec().dates(days)]  # 4 and 5 April 2024 were holidays
        ['2024-04-03']
        """
        days = as_days(sessions)
        # 1970-01-01 was a Thursday, so days counted from there begin a week at -3.
        monday = days - ((days.astype(int) + 3) % 7).astype("timedelta64[D]")
        return last_sessions(days, monday + np.timedelta64(NAMES.index(self.weekday), "D"))
