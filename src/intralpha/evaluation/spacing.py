"""Spacing: how many dates of a grid make a year, from the dates themselves."""

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

PROTOCOL_SESSIONS = 243.0  # a year, in the protocol of factor tests; portfolios use 244
DAYS_PER_YEAR = 365.2425
LONG_SPACING = 10  # weekdays; two weeks of holidays are the exception, a month without is


def median_spacing(dates: Shaped[ndarray, "D"]) -> float:
    """Median of the weekdays between neighbouring dates, at least 1; 1 for fewer than two."""
    if len(dates) < 2:
        return 1.0
    days = dates.astype("datetime64[D]")
    return max(float(np.median(np.busday_count(days[:-1], days[1:]))), 1.0)


def calendar_periods(dates: Shaped[ndarray, "D"]) -> float:
    """Dates in a calendar year: those there are over the time that they span.

    NaN for fewer than two dates. Spec 17.6 item 6.

    Parameters
    ----------
    dates : ndarray of datetime64[D], ascending
    """
    if len(dates) < 2:
        return np.nan
    span = (dates[-1].astype("datetime64[D]") - dates[0].astype("datetime64[D]")).astype(int)
    return DAYS_PER_YEAR * (len(dates) - 1) / float(span)


def periods_per_year(
    dates: Shaped[ndarray, "D"], sessions_per_year: float = PROTOCOL_SESSIONS
) -> float:
    """Dates of a grid in a year: the sessions of a year over their median spacing in weekdays.

    Parameters
    ----------
    dates : ndarray of datetime64[D], ascending
    sessions_per_year : what a grid of every session gives

    Returns
    -------
    float
        The median passes over holidays, so every fifth session gives 48.6. A spacing above ten
        weekdays contains them as a rule; there it is the dates over the calendar time they span.
        ``sessions_per_year`` for fewer than two dates.

    Examples
    --------
    >>> mondays = np.arange("2024-01-01", "2024-03-01", 7, dtype="datetime64[D]")
    >>> periods_per_year(mondays)
    48.6
    """
    if len(dates) < 2:
        return sessions_per_year
    spacing = median_spacing(dates)
    return calendar_periods(dates) if spacing > LONG_SPACING else sessions_per_year / spacing
