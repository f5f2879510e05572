"""Closing auctions: which stocks end a session with one."""

from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl
from jaxtyping import Bool, Int64, Shaped
from numpy import ndarray

from intralpha.market.hours import CLOSE_MS, CLOSING_MS

RULES = "closing_auctions.csv"


def closing_auctions(symbols: Shaped[ndarray, "A"], on: date) -> Bool[ndarray, "A"]:
    """Whether each stock's exchange closes the session with a call auction [Spec 2.1, P18].

    Parameters
    ----------
    symbols : str [A], such as ``600519.SH``
    on : session

    Returns
    -------
    ndarray of bool, shape [A]
        Known before the session opens.

    Raises
    ------
    KeyError
        A symbol of an exchange that is not in ``market/rules``.

    Examples
    --------
    >>> both = np.array(["600519.SH", "000001.SZ"])
    >>> closing_auctions(both, date(2018, 8, 17)), closing_auctions(both, date(2018, 8, 20))
    (array([False,  True]), array([ True,  True]))
    """
    has = {exchange: on >= first for exchange, first in closing_auctions_since().items()}
    return np.array([has[str(symbol)[-2:]] for symbol in symbols], dtype=bool)


def continuous_until(symbols: Shaped[ndarray, "A"], on: date) -> Int64[ndarray, "A"]:
    """Last millisecond since midnight of each stock's continuous trading [A]; see above."""
    return np.where(closing_auctions(symbols, on), CLOSING_MS - 1, CLOSE_MS).astype(np.int64)


@cache
def closing_auctions_since() -> dict[str, date]:
    """Exchange (``SH``, ``SZ``, ``BJ``) -> first session that closed with a call auction."""
    text = files("intralpha.market").joinpath("rules", RULES).read_bytes()
    rows = pl.read_csv(text, comment_prefix="#", try_parse_dates=True)
    return dict(rows.select("exchange", "effective").iter_rows())
