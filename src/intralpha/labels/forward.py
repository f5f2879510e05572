"""Forward returns and forward tradability: the raw material of labels and of evaluation."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base import ConfigError, Panel
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.labels.windows import ForwardBlock, forward_blocks, session_places
from intralpha.market import Lake
from intralpha.market.limits import at_up_limit, locked

Price = Literal["close", "vwap"]
TradePrice = Literal["close", "vwap", "open"]

# What `fwd_buyable` and `fwd_locked` look at: the row of the next session.
BUYABLE_READS = (Read("daily", back=0, ahead=1),)


class HorizonError(ConfigError):
    """A return that begins before its date is known, or ends before it begins."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        super().__init__(
            f"horizon ({first}, {last}): expected 0 <= first < last, sessions after the date; "
            "(1, 6) is the return from the next close to the fifth after it."
        )


def check_horizon(first: int, last: int) -> None:
    """Refuse a return that begins before its date is known, or ends before it begins.

    Raises
    ------
    HorizonError
        Not 0 <= first < last.
    """
    if not 0 <= first < last:
        raise HorizonError(first, last)


def fwd_return(
    lake: Lake,
    dates: Shaped[ndarray, " D"],
    assets: Shaped[ndarray, " A"],
    first: int,
    last: int,
    price: TradePrice = "close",
) -> Panel:
    r"""Simple return from day t + first to day t + last of adjusted prices.

    .. math:: y_t = P_{t+last} / P_{t+first} - 1

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes, shapes [D] and [A]; t runs over ``dates``, t + k counts the lake's
        sessions
    first, last : offsets in sessions, 0 <= first < last
    price : adjusted close, vwap or open

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``fwd_{first}_{last}``
        A day without trades, or without a row, has the last adjusted close before it as its
        price, so that the return on it is 0. NaN where the lake ends before t + last, or where
        the stock has no row up to t + first. **Looks forward by** ``last`` **sessions.**

    Raises
    ------
    HorizonError
        If ``first`` is negative or not below ``last``.
    UnknownSampleDateError
        If a date is no session of the lake.

    Notes
    -----
    Spec 11. Peak memory: the output and one block of 250 + ``last`` days.
    """
    check_horizon(first, last)
    days = as_days(dates)
    out = Panel.full(days, assets, (f"fwd_{first}_{last}",), dtype=np.float64)
    columns = () if price == "close" else (f"adj_{price}",)
    for block in forward_blocks(lake, days, assets, last, columns):
        prices = block.filled_close_DA
        for column in columns:
            prices = np.where(block.daily["traded"] == 1.0, block.daily[column], prices)
        gain = block.ahead(prices, last) / block.ahead(prices, first) - 1.0
        out.values[block.rows, :, 0] = gain
    return out


def fwd_buyable(
    lake: Lake, dates: Shaped[ndarray, " D"], assets: Shaped[ndarray, " A"]
) -> Bool[ndarray, "D A"]:
    """Whether a stock can be bought at the close of the next session.

    Parameters
    ----------
    lake : with ``daily``
    dates : datetime64[D], shape [D]; sessions of the lake, ascending
    assets : str, shape [A]; any order

    Returns
    -------
    ndarray of bool, shape [D, A]
        Volume on t+1 and a close below the limit-up price by more than half a tick; where no
        limit is known, volume alone. False on the lake's last session. **Looks forward by one
        session**: for labels and tests only.

    Raises
    ------
    UnknownSampleDateError
        If a date is no session of the lake.
    """
    days = as_days(dates)
    out = np.zeros((len(days), len(assets)), dtype=bool)
    for block in forward_blocks(lake, days, assets, 1, ("close", "up_limit")):
        limit = block.column_ahead("up_limit", 1)
        at_limit = at_up_limit(block.column_ahead("close", 1), limit)
        out[block.rows] = block.traded_ahead(1) & ~at_limit
    return out


def fwd_locked(
    lake: Lake, dates: Shaped[ndarray, " D"], assets: Shaped[ndarray, " A"]
) -> Bool[ndarray, "D A"]:
    """Whether a stock does not trade on t+1, or is locked at a limit all day [Spec 11].

    Parameters
    ----------
    lake : with ``daily``
    dates : datetime64[D], shape [D]; sessions of the lake, ascending
    assets : str, shape [A]; any order

    Returns
    -------
    ndarray of bool, shape [D, A]
        True on the lake's last session. **Looks forward by one session.**

    Raises
    ------
    UnknownSampleDateError
        If a date is no session of the lake.
    """
    days = as_days(dates)
    out = np.ones((len(days), len(assets)), dtype=bool)
    for block in forward_blocks(lake, days, assets, 1, ("high", "low", "up_limit", "down_limit")):
        out[block.rows] = ~block.traded_ahead(1) | _flat_at_limit(block)
    return out


def _flat_at_limit(block: ForwardBlock) -> Bool[ndarray, "N A"]:
    """High = low = a limit price, within half a tick, on the next session."""
    names = ("high", "low", "up_limit", "down_limit")
    return locked(*(block.column_ahead(name, 1) for name in names))


def purge(
    dates: Shaped[ndarray, " D"],
    cutoff: np.datetime64,
    offset: int,
    sessions: Shaped[ndarray, " n_sessions"],
) -> Bool[ndarray, " D"]:
    """Which sample dates have a label window that ends before a date [Spec 11].

    Parameters
    ----------
    dates : datetime64[D], shape [D]; sample dates, sessions, any order
    cutoff : first date that must not be seen
    offset : sessions from the sample date to the last price of its label
    sessions : datetime64[D], all sessions, ascending

    Returns
    -------
    ndarray of bool, shape [D]
        True where session(date) + offset lies strictly before ``cutoff``. False where the window
        runs past the last session: nobody knows when it will end.

    Raises
    ------
    UnknownSampleDateError
        If a date is not among the sessions.

    Examples
    --------
    >>> days = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
    >>> purge(days, np.datetime64("2024-01-04"), 1, days).tolist()
    [True, True, False, False, False]
    """
    end = session_places(sessions, as_days(dates)) + offset
    return end < np.searchsorted(sessions, np.asarray(cutoff, dtype="datetime64[D]"))
