"""Returns of sessions and the capitalisation of the close before them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.risk.history import read_history, runs


@dataclass(frozen=True, eq=False)
class PastReturns:
    """Of D sessions.

    Attributes
    ----------
    before : the session before each
    ret_DA : simple return of stocks that traded; NaN elsewhere
    cap_before_DA : CNY at the close before; 1 for every stock where the lake has no share counts
    """

    before: Shaped[ndarray, "D"]
    ret_DA: Float[ndarray, "D A"]
    cap_before_DA: Float[ndarray, "D A"]


def past_returns(
    lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> PastReturns:
    """Returns of some sessions, known at the close of each.

    Parameters
    ----------
    lake : with ``daily``
    dates : sessions of the lake, ascending, at least one, without the lake's first
    assets : symbols
    """
    days = as_days(dates)
    sessions = lake.limited(None, days[-1].item()).dates("daily")
    rows = np.searchsorted(sessions, days)
    first = max(int(rows[0]) - 1, 0)
    history = read_history(lake, sessions[first : int(rows[-1]) + 1], assets)
    at = rows - first
    return PastReturns(sessions[rows - 1], history.ret_HA[at], history.cap_HA[at - 1])


def caps_of(
    lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Float[ndarray, "D A"]:
    """Capitalisation of some sessions, as :class:`PastReturns` has it of those before.

    Parameters
    ----------
    lake : with ``daily``
    dates : sessions of the lake, ascending, at least one
    assets : symbols

    Returns
    -------
    ndarray of float64, shape [D, A]
        CNY. NaN for a stock that has never traded. Known at the close of each date.
    """
    days = as_days(dates)
    sessions = lake.limited(None, days[-1].item()).dates("daily")
    rows, parts = np.searchsorted(sessions, days), []
    for part in runs(rows):
        first, last = int(rows[part][0]), int(rows[part][-1])
        history = read_history(lake, sessions[first : last + 1], assets)
        parts.append(history.cap_HA[rows[part] - first])
    return np.concatenate(parts)
