"""Limits: how near a price must be to a day's limit price to be at it, said once.

Prices are multiples of a tick, stored as binary fractions, so two are the same price when they
differ by no more than half a tick. A limit that is NaN does not exist: nothing is at it.
"""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

TICK_YUAN = 0.01
"""Price step of A shares, CNY."""
HALF_TICK_YUAN = TICK_YUAN / 2
"""Prices that differ by no more are the same price."""


def at_up_limit(
    price: Float[ndarray, "*S"], up_limit: Float[ndarray, "*S"], tick_yuan: float = TICK_YUAN
) -> Bool[ndarray, "*S"]:
    r"""Whether a price is at limit-up, where nobody sells [Spec 18.4].

    .. math:: p \ge \bar p - \tfrac{\text{tick}}{2}

    Parameters
    ----------
    price : CNY, unadjusted, any shape; of the close, what is known at the close
    up_limit : limit-up price of the day, CNY, same shape; known before the session opens
    tick_yuan : price step

    Returns
    -------
    ndarray of bool, same shape
        False where price or limit is NaN. The day's low here says that all its prices were.
    """
    return price >= up_limit - tick_yuan / 2


def at_down_limit(
    price: Float[ndarray, "*S"], down_limit: Float[ndarray, "*S"], tick_yuan: float = TICK_YUAN
) -> Bool[ndarray, "*S"]:
    r"""Whether a price is at limit-down, where nobody buys [Spec 18.4].

    .. math:: p \le \underline p + \tfrac{\text{tick}}{2}

    Parameters
    ----------
    price : CNY, unadjusted, any shape; of the close, what is known at the close
    down_limit : limit-down price of the day, CNY, same shape; known before the session opens
    tick_yuan : price step

    Returns
    -------
    ndarray of bool, same shape
        False where price or limit is NaN. The day's high here says that all its prices were.
    """
    return price <= down_limit + tick_yuan / 2


def locked(
    high: Float[ndarray, "*S"],
    low: Float[ndarray, "*S"],
    up_limit: Float[ndarray, "*#S"],
    down_limit: Float[ndarray, "*#S"],
) -> Bool[ndarray, "*S"]:
    r"""Whether a day or a bar had one price, and that price is a limit [Spec 2.2, 11].

    .. math:: h = l \;\wedge\; \min(|h - \bar p|, |h - \underline p|) \le \tfrac{\text{tick}}{2}

    Parameters
    ----------
    high, low : CNY, unadjusted, same shape
    up_limit, down_limit : limit prices of the day, CNY, of the same shape or one that is broadcast

    Returns
    -------
    ndarray of bool, shape of ``high``
        False where a price is NaN, or both limits are. Known at the end of the day or bar.
    """
    at_up = np.abs(high - up_limit) <= HALF_TICK_YUAN
    at_down = np.abs(high - down_limit) <= HALF_TICK_YUAN
    return np.asarray((high == low) & (at_up | at_down))
