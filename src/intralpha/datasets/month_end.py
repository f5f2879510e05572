"""month_end: the last session of every month."""

from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.datasets.grid import GridSpec
from intralpha.datasets.last_sessions import last_sessions


class MonthEndSpec(GridSpec):
    """The last session of every calendar month."""

    kind: Literal["month_end"] = "month_end"

    def dates(self, sessions: Shaped[ndarray, " n_sessions"]) -> Shaped[ndarray, " D"]:
        """One a month that is known to be over.

        That is known on the last session itself by the exchange's calendar of holidays; what the
        calendar does not know is known with the next session: see
        :func:`~intralpha.datasets.last_sessions.last_sessions`.

        Examples
        --------
        >>> days = np.array(["2024-03-28", "2024-03-29", "2024-04-29"], dtype="datetime64[D]")
        >>> [str(d) for d in MonthEndSpec().dates(days)]  # 30 April 2024 was a session
        ['2024-03-29']
        """
        days = as_days(sessions)
        following = (days.astype("datetime64[M]") + np.timedelta64(1, "M")).astype("datetime64[D]")
        return last_sessions(days, following - np.timedelta64(1, "D"))
