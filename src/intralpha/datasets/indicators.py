"""Risk indicators of a stock and date: size, book to price and volatility."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.market import Lake, announced, read_daily, size_cap

BOOK = "book_equity"
VOLATILITY_DAYS = 20
Dates = Shaped[ndarray, " D"]
Assets = Shaped[ndarray, " A"]


@dataclass(frozen=True)
class Indicator:
    """One number a stock and date.

    Attributes
    ----------
    values : (lake, dates, assets) -> float64 [D, A], NaN where unknown, known at each close
    reads : of the lake
    """

    values: Callable[[Lake, ndarray, ndarray], ndarray]
    reads: tuple[Read, ...]


def size(lake: Lake, dates: Dates, assets: Assets) -> Float[ndarray, "D A"]:
    """Log of the capitalisation in CNY, see :func:`intralpha.market.size_cap`.

    Parameters
    ----------
    lake : with ``daily``, and ``fundamentals`` where that has caps
    dates, assets : axes
    """
    cap_DA = size_cap(lake, dates, assets)["size_cap"]
    return np.log(np.where(cap_DA > 0, cap_DA, np.nan))


def book_to_price(lake: Lake, dates: Dates, assets: Assets) -> Float[ndarray, "D A"]:
    """Last book equity announced by the date, over the capitalisation of its close.

    Parameters
    ----------
    lake : with ``daily``, and ``book_equity`` (CNY) in ``fundamentals``
    dates, assets : axes

    Returns
    -------
    ndarray of float64, shape [D, A]
        NaN before the first announcement of a stock.
    """
    book_DA = announced(lake, dates, assets, (BOOK,))[BOOK]
    cap_DA = size_cap(lake, dates, assets)["size_cap"]
    return book_DA / np.where(cap_DA > 0, cap_DA, np.nan)


def volatility(lake: Lake, dates: Dates, assets: Assets) -> Float[ndarray, "D A"]:
    """Standard deviation (ddof 1) of the daily returns of the last 20 sessions.

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes

    Returns
    -------
    ndarray of float64, shape [D, A]
        Returns are close / preclose - 1. Days without trading are left out; NaN with fewer than
        half of the days.
    """
    sessions = lake.dates("daily")
    at = np.searchsorted(sessions, as_days(dates))
    first = max(int(at[0]) - VOLATILITY_DAYS + 1, 0)
    names = ("close", "preclose", "traded")
    daily = read_daily(lake, names, sessions[first].item(), dates[-1].item(), assets)
    ret_HA = np.where(daily["traded"] == 1, daily["close"] / daily["preclose"] - 1, np.nan)
    out = np.full((len(dates), len(assets)), np.nan)
    for d, stop in enumerate((at - first + 1).tolist()):
        window = ret_HA[max(stop - VOLATILITY_DAYS, 0) : stop]
        enough = np.isfinite(window).sum(axis=0) >= VOLATILITY_DAYS // 2
        out[d, enough] = np.nanstd(window[:, enough], axis=0, ddof=1)
    return out


DAILY = (Read("daily"),)
CAPS = (*DAILY, Read("fundamentals"))
INDICATORS = {
    "size": Indicator(size, CAPS),
    "bp": Indicator(book_to_price, CAPS),
    "volatility": Indicator(volatility, (Read("daily", back=VOLATILITY_DAYS - 1),)),
}
