"""Which sessions lie in front of a date, read a block of days at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.market import Lake, fill_forward, read_daily

BLOCK_DAYS = 250


class UnknownSampleDateError(DataError):
    """A sample date is no session, so that "ten sessions later" has no meaning."""

    def __init__(
        self, missing: Shaped[ndarray, " n_missing"], sessions: Shaped[ndarray, " n_sessions"]
    ) -> None:
        self.missing = tuple(str(day) for day in missing)
        held = f"{sessions[0]} .. {sessions[-1]}" if len(sessions) else "no session"
        super().__init__(
            f"{len(self.missing)} sample dates are no sessions, the first is {self.missing[0]}; "
            f"known are {held}.\nHint: take sample dates from `lake.dates('daily')`."
        )


def session_places(
    sessions: Shaped[ndarray, " n_sessions"], days: Shaped[ndarray, " D"]
) -> Int[ndarray, " D"]:
    """Position of every date among the sessions.

    Raises
    ------
    UnknownSampleDateError
        If a date is not among them.
    """
    known = np.isin(days, sessions)
    if not known.all():
        raise UnknownSampleDateError(days[~known], sessions)
    return np.searchsorted(sessions, days)


@dataclass(frozen=True, eq=False)
class ForwardBlock:
    """Some sample dates and the daily rows from the first of them to the end of their windows.

    Parameters
    ----------
    rows : ndarray of int [N]
        Which of the sample dates.
    at : ndarray of int [N]
        Where they stand among ``daily.dates``.
    daily : Panel, float64 [M, A, F]
    filled_close_DA : float64 [M, A]
        Adjusted close, carried over suspensions and absent rows.
    """

    rows: Int[ndarray, " N"]
    at: Int[ndarray, " N"]
    daily: Panel
    filled_close_DA: Float[ndarray, "M A"]

    def ahead(self, values_DA: Float[ndarray, "M A"], offset: int) -> Float[ndarray, "N A"]:
        """Values ``offset`` sessions after each sample date, NaN beyond the lake's last session."""
        place = self.at + offset
        inside = place < len(values_DA)
        picked = values_DA[np.minimum(place, len(values_DA) - 1)]
        return np.where(inside[:, None], picked, np.nan)

    def column_ahead(self, name: str, offset: int) -> Float[ndarray, "N A"]:
        """A daily column ``offset`` sessions after each sample date."""
        return self.ahead(self.daily[name], offset)

    def traded_ahead(self, offset: int) -> Bool[ndarray, "N A"]:
        """Whether volume was positive ``offset`` sessions after each sample date."""
        return self.column_ahead("traded", offset) == 1.0


def forward_blocks(
    lake: Lake,
    days: Shaped[ndarray, " D"],
    assets: Shaped[ndarray, " A"],
    last: int,
    columns: tuple[str, ...],
) -> Iterator[ForwardBlock]:
    """Sample dates in blocks that span at most 250 sessions; one is in memory at a time.

    Parameters
    ----------
    lake : with ``daily``
    days : datetime64[D] [D], ascending
    assets : str [A]
    last : sessions ahead that are needed
    columns : further columns of ``read_daily``

    Raises
    ------
    UnknownSampleDateError
        If a date is no session of the lake.
    """
    sessions = lake.dates("daily")
    places = session_places(sessions, days)
    wanted = tuple(dict.fromkeys(("adj_close", "traded", *columns)))
    first, carried = 0, None
    while first < len(places):
        stop = int(np.searchsorted(places, places[first] + BLOCK_DAYS))
        begin = sessions[places[first]].item()
        end = sessions[min(places[stop - 1] + last, len(sessions) - 1)].item()
        daily = read_daily(lake, wanted, begin, end, assets)
        close = daily["adj_close"].copy()
        if carried is None or begin > carried.dates[-1].item():
            carried = read_daily(lake, ("filled_close",), begin, begin, assets)
        close[0] = carried.at(daily.dates[:1])["filled_close"][0]
        close = fill_forward(close)
        carried = Panel(close[:, :, None], daily.dates, assets, ("filled_close",))
        rows = np.arange(first, stop)
        yield ForwardBlock(rows, places[rows] - places[first], daily, close)
        first = stop
