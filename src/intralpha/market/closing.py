"""Closing auctions: which stocks end a session with one."""

from datetime import date

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.market.session import has_closing_auction

EXCHANGES = {"SH": "SSE", "SZ": "SZSE"}


def closing_auctions(symbols: Shaped[ndarray, "A"], on: date) -> Bool[ndarray, "A"]:
    """Whether each stock's exchange closes the session with an auction [Spec 2.1].

    Parameters
    ----------
    symbols : str [A], such as ``600519.SH``
    on : session

    Notes
    -----
    Known before the session opens. Beijing has had a closing auction ever since.
    """
    known = {suffix: has_closing_auction(exchange, on) for suffix, exchange in EXCHANGES.items()}
    return np.array([known.get(str(symbol)[-2:], True) for symbol in symbols], dtype=bool)
