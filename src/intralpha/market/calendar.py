"""Calendar: the sessions of the exchange, and a clear error where they end."""

import warnings
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from intralpha.base import DataError
from intralpha.base.panel import Day, as_days


class CalendarEndError(DataError):
    """A session was asked for that the calendar does not reach."""

    def __init__(self, wanted: str, first: np.datetime64, last: np.datetime64) -> None:
        self.wanted, self.first, self.last = wanted, first, last
        super().__init__(
            f"{wanted} lies outside the calendar, which knows {first} to {last}.\n"
            "Hint: update exchange_calendars, or pass your own days with Calendar.of(dates)."
        )


class NotASessionError(DataError):
    """The exchange was closed on that day."""

    def __init__(self, day: np.datetime64, near: np.datetime64) -> None:
        self.day, self.near = day, near
        super().__init__(f"{day} is not a session; the next one is {near}.")


@dataclass(frozen=True)
class CalendarCheck:
    """Days of a lake against a calendar.

    Attributes
    ----------
    missing : sessions between the first and the last day that the lake does not have
    extra : days of the lake on which the exchange was closed
    beyond : days of the lake that the calendar does not reach
    """

    missing: np.ndarray
    extra: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True, eq=False)
class Calendar:
    """Sessions in ascending order.

    Parameters
    ----------
    sessions : ndarray of datetime64[D], strictly ascending
    """

    sessions: np.ndarray

    @staticmethod
    @cache
    def xshg() -> "Calendar":
        """Sessions of the Shanghai exchange from exchange_calendars (Shenzhen has the same)."""
        with warnings.catch_warnings():
            # The library uses parts of pandas that newer versions deprecate.
            warnings.simplefilter("ignore")
            import exchange_calendars

            sessions = exchange_calendars.get_calendar("XSHG").sessions
        return Calendar(as_days(sessions.to_numpy()))

    @staticmethod
    def of(dates: np.ndarray) -> "Calendar":
        """A calendar of given days, such as those of a lake."""
        return Calendar(np.unique(as_days(dates)))

    def between(self, start: Day, end: Day) -> np.ndarray:
        """Sessions from ``start`` to ``end``, both included."""
        lo, hi = as_days([start, end])
        self._reach(lo, hi)
        return self.sessions[(self.sessions >= lo) & (self.sessions <= hi)]

    def index(self, day: Day) -> int:
        """Position of a session.

        Raises
        ------
        NotASessionError
            The exchange was closed on that day.
        CalendarEndError
            The calendar does not reach that day.
        """
        wanted = as_days([day])[0]
        self._reach(wanted, wanted)
        at = int(np.searchsorted(self.sessions, wanted))
        if self.sessions[at] != wanted:
            raise NotASessionError(wanted, self.sessions[at])
        return at

    def offset(self, day: Day, n: int) -> date:
        """The session ``n`` sessions after (before, if negative) a session."""
        at = self.index(day) + n
        if not 0 <= at < len(self.sessions):
            raise CalendarEndError(f"session {day} {n:+d}", self.sessions[0], self.sessions[-1])
        return self.sessions[at].item()

    def check(self, dates: np.ndarray) -> CalendarCheck:
        """Cross-check the days of a lake against this calendar."""
        days = np.unique(as_days(dates))
        known = days[(days >= self.sessions[0]) & (days <= self.sessions[-1])]
        span = self.sessions[:0]
        if len(known):
            inside = (self.sessions >= known[0]) & (self.sessions <= known[-1])
            span = self.sessions[inside]
        return CalendarCheck(
            np.setdiff1d(span, known), np.setdiff1d(known, span), np.setdiff1d(days, known)
        )

    def _reach(self, lo: np.datetime64, hi: np.datetime64) -> None:
        if lo < self.sessions[0] or hi > self.sessions[-1]:
            outside = hi if hi > self.sessions[-1] else lo
            raise CalendarEndError(str(outside), self.sessions[0], self.sessions[-1])
