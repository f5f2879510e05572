"""The last session of every week or month, as soon as it is known to be the last."""

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.market import Calendar


def last_sessions(
    sessions: Shaped[ndarray, " D"], ends: Shaped[ndarray, " D"]
) -> Shaped[ndarray, " N"]:
    """The last session of every period, when nothing that comes later can change it.

    A session closes its period if the exchange's calendar has no session between it and the
    period's end: that is known on the day, for holidays are announced before. Where the calendar
    does not reach, or expects a session that never came, the period is closed by the first session
    after it. A session that the calendar does not have, after one that closed the period, is passed
    over. So every date that was given once stays, and none is put before it.

    Parameters
    ----------
    sessions : datetime64[D], ascending; all sessions from a fixed first one to today
    ends : datetime64[D], the last day of each session's period, ascending; a session after the end
        of its period is none of the period's, yet shows that it is over

    Returns
    -------
    ndarray of datetime64[D], shape [N]
        One a period that has a session and is closed, ascending.
    """
    inside = sessions <= ends
    days, last = sessions[inside], ends[inside]
    if len(days) == 0:
        return days
    closing = _announced(days, last)
    first = np.flatnonzero(np.diff(last.astype(int), prepend=last[:1].astype(int) - 1))
    out = []
    for start, stop in zip(first, [*first[1:], len(days)], strict=True):
        closed = np.flatnonzero(closing[start:stop])
        if len(closed):
            out.append(days[start + closed[0]])
        elif sessions[-1] > last[start]:
            out.append(days[stop - 1])
    return np.array(out, dtype=days.dtype)


def _announced(days: Shaped[ndarray, " D"], ends: Shaped[ndarray, " D"]) -> Bool[ndarray, " D"]:
    """Whether the exchange's calendar has no session after a day up to the period's end."""
    known = Calendar.xshg().sessions
    after = np.searchsorted(known, days, side="right")
    later = known[np.minimum(after, len(known) - 1)]
    reached = (days >= known[0]) & (after < len(known))
    return (days == ends) | (reached & (later > ends))
