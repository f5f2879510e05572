"""Which sessions have to be read for the requested dates, a block of days at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Int, Shaped
from numpy import ndarray

from intralpha.features.feature_set import UnknownSessionError
from intralpha.market import Lake

BLOCK_DAYS = 250


@dataclass(frozen=True)
class SessionBlock:
    """Some of the requested dates and the range of sessions that their values need.

    Parameters
    ----------
    start, end : date
        First and last session to read, the look-back included.
    n_missing : int
        Sessions of the look-back that lie before the lake's first day.
    rows : ndarray of int, shape [N]
        Rows of the output that this block fills.
    inside : ndarray of int, shape [N]
        Where those dates stand among the sessions read (after ``n_missing`` empty rows).
    """

    start: date
    end: date
    n_missing: int
    rows: Int[ndarray, " N"]
    inside: Int[ndarray, " N"]


def session_rows(
    sessions: Shaped[ndarray, " N"], dates: Shaped[ndarray, " D"], table: str
) -> Int[ndarray, " D"]:
    """Position of every date among the sessions of a table.

    Parameters
    ----------
    sessions : datetime64[D] [N], ascending
    dates : datetime64[D] [D], any order
    table : named in the error

    Raises
    ------
    UnknownSessionError
        If a date is not among them.
    """
    place = np.searchsorted(sessions, dates)
    known = np.zeros(len(dates), dtype=bool)
    inside = place < len(sessions)
    known[inside] = sessions[place[inside]] == dates[inside]
    if not known.all():
        first, last = (str(sessions[0]), str(sessions[-1])) if len(sessions) else ("-", "-")
        raise UnknownSessionError(table, dates[~known], first, last)
    return place


def session_blocks(
    lake: Lake, dates: Shaped[ndarray, " D"], lookback: int
) -> Iterator[SessionBlock]:
    """Cut the requested dates into blocks that span at most 250 sessions each.

    Parameters
    ----------
    lake : Lake
    dates : ndarray of datetime64[D], shape [D], ascending
    lookback : int
        Sessions before a date that its value needs.

    Raises
    ------
    UnknownSessionError
        If a date is no session of the table ``daily``.
    """
    sessions = lake.dates("daily")
    place = session_rows(sessions, dates, "daily")
    first = 0
    while first < len(place):
        last = int(np.searchsorted(place, place[first] + BLOCK_DAYS)) - 1
        begin = int(place[first]) - lookback
        yield SessionBlock(
            start=sessions[max(begin, 0)].item(),
            end=sessions[place[last]].item(),
            n_missing=max(-begin, 0),
            rows=np.arange(first, last + 1),
            inside=place[first : last + 1] - begin,
        )
        first = last + 1
