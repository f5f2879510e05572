"""Periods of the calendar: which sessions lie in the same run of months."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray


def periods(
    sessions: Shaped[ndarray, " n_sessions"], months: int, first: np.datetime64
) -> Iterator[tuple[np.datetime64, np.datetime64]]:
    """Runs of calendar months that start on multiples of their length, from a date on.

    Parameters
    ----------
    sessions : datetime64[D], ascending
    months : in a period, which divides a year: 12 gives calendar years, 3 quarters
    first : first date that counts

    Yields
    ------
    (first session, first date after the period)
        Of every period that has a session from ``first`` on, in time order. Later sessions add
        periods and change none.
    """
    later = sessions[sessions >= first]
    number = later.astype("datetime64[M]").astype(int) // months
    for at in np.flatnonzero(np.diff(number, prepend=number[:1] - 1)):
        following = (int(number[at]) + 1) * months
        yield later[at], np.datetime64(following, "M").astype("datetime64[D]")


def months_before(day: np.datetime64, months: int) -> np.datetime64:
    """The same day of the month, so many months earlier; its last day where that is too short.

    Examples
    --------
    >>> months_before(np.datetime64("2024-05-31"), 3)
    np.datetime64('2024-02-29')
    """
    month = day.astype("datetime64[M]")
    earlier = month - np.timedelta64(months, "M")
    last = (earlier + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    return min(earlier.astype("datetime64[D]") + (day - month.astype("datetime64[D]")), last)
