"""Forward returns and forward tradability: the raw material of labels and of evaluation."""

from typing import Literal

import numpy as np

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.market import Lake, fill_forward, read_daily

Price = Literal["close", "vwap"]


def fwd_return(
    lake: Lake, dates: np.ndarray, assets: np.ndarray, first: int, last: int, price: Price = "close"
) -> Panel:
    """Simple return from day t + first to day t + last of adjusted prices.

    .. math:: y_t = P_{t+last} / P_{t+first} - 1

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes; t runs over ``dates``, t + k counts the lake's sessions
    first, last : offsets in sessions, 0 <= first < last
    price : adjusted close, or adjusted vwap

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``fwd_{first}_{last}``
        Suspended days carry the last price (return 0 on them). NaN where the lake ends before
        t + last, or the stock is not listed yet at t + first. **Looks forward by ``last``.**
    """
    days = as_days(dates)
    daily = read_daily(lake, (f"adj_{price}",), None, None, assets)
    prices = fill_forward(daily[f"adj_{price}"])
    at = np.searchsorted(daily.dates, days)
    values = np.full((len(days), len(assets)), np.nan)
    known = at + last < len(daily.dates)
    values[known] = prices[at[known] + last] / prices[at[known] + first] - 1
    return Panel(values[:, :, None], days, assets, (f"fwd_{first}_{last}",))


def fwd_buyable(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    """Whether a stock can be bought at the close of the next session.

    Returns
    -------
    ndarray of bool, shape [D, A]
        Volume on t+1 and a close below the limit-up price (by more than half a tick). False on the
        lake's last session. **Looks forward by one session**: for labels and tests only.
    """
    days = as_days(dates)
    daily = read_daily(lake, ("traded", "close", "up_limit"), None, None, assets)
    free = ~(daily["close"] >= daily["up_limit"] - 0.005) & (daily["traded"] == 1)
    at = np.searchsorted(daily.dates, days) + 1
    inside = at < len(daily.dates)
    return free[np.minimum(at, len(daily.dates) - 1)] & inside[:, None]


def fwd_locked(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> np.ndarray:
    """Whether a stock does not trade on t+1, or is locked at a limit all day [Spec 11]."""
    days = as_days(dates)
    names = ("traded", "high", "low", "up_limit", "down_limit")
    daily = read_daily(lake, names, None, None, assets)
    flat = daily["high"] == daily["low"]
    at_limit = np.abs(daily["high"] - daily["up_limit"]) < 0.005
    at_limit |= np.abs(daily["low"] - daily["down_limit"]) < 0.005
    locked = (daily["traded"] != 1) | (flat & at_limit)
    at = np.searchsorted(daily.dates, days) + 1
    inside = at < len(daily.dates)
    return locked[np.minimum(at, len(daily.dates) - 1)] | ~inside[:, None]


def purge(
    dates: np.ndarray, cutoff: np.datetime64, offset: int, sessions: np.ndarray
) -> np.ndarray:
    """Which sample dates have a label window that ends before a date [Spec 11].

    Parameters
    ----------
    dates : sample dates, sessions
    cutoff : first date that must not be seen
    offset : sessions from the sample date to the last price of its label
    sessions : all sessions, ascending

    Returns
    -------
    ndarray of bool
        True where session(date) + offset lies strictly before ``cutoff``.
    """
    end = np.searchsorted(sessions, as_days(dates)) + offset
    return end < np.searchsorted(sessions, as_days([cutoff])[0])
