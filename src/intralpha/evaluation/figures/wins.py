"""Wins: the share of weeks or months in which something was gained, by either way of counting."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int, Shaped
from numpy import ndarray

Period = Literal["week", "month"]
MONDAY = 4  # days from 1 January 1970, a Thursday, to the first Monday


def won(
    gain: Callable[[Bool[ndarray, "D"]], float],
    dates_D: Shaped[ndarray, "D"],
    period: Period,
    resampled: bool = False,
) -> tuple[float, int]:
    """Share of calendar periods with a gain, and how many count.

    Parameters
    ----------
    gain : mask of the rows of a period -> what it brought
    dates_D : datetime64[D], ascending
    period : calendar weeks from Monday on, or calendar months
    resampled : count as one does who takes the last value of every period and compares it
        with that of the period before: the first period does not count, and one without a session
        counts as not won

    Returns
    -------
    (share, count)
        NaN where nothing counts.

    Notes
    -----
    002 prints shares of 82 months, one fewer than its 83, 001 shares of 329 weeks, of which those
    of long holidays have no session; 003 prints shares of all its 98 months [Spec 17.6 item 3].
    """
    number = _numbers(dates_D, period)
    periods = np.unique(number)[1 if resampled else 0 :]
    count = int(number[-1] - number[0]) if resampled and len(number) else len(periods)
    wins = sum(gain(number == one) > 0 for one in periods)
    return (wins / count if count else np.nan), count


def _numbers(dates_D: ndarray, period: Period) -> Int[ndarray, "D"]:
    """Number of the period that each date lies in; neighbouring periods differ by 1."""
    if period == "month":
        return dates_D.astype("datetime64[M]").astype(np.int64)
    return (dates_D.astype("datetime64[D]").astype(np.int64) - MONDAY) // 7
