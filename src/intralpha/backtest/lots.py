"""Whole lots: the largest legal order that is not larger than the one wanted."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

_EPS = 1e-6


def whole_buys(
    wanted: Float[ndarray, "A"], min_shares: Float[ndarray, "A"], step_shares: Float[ndarray, "A"]
) -> Float[ndarray, "A"]:
    """Shares of a buy order: ``min_shares`` or more, in steps; less than that is no order.

    Parameters
    ----------
    wanted : shares, shape [A]
    min_shares : smallest order, shape [A]
    step_shares : step above it, shape [A]

    Returns
    -------
    ndarray of float64, shape [A]; 0 for no order

    Examples
    --------
    A main-board stock (100, 100) and a STAR stock (200, 1):

    >>> least, step = np.array([100.0, 200.0]), np.array([100.0, 1.0])
    >>> whole_buys(np.array([350.0, 350.7]), least, step).tolist()
    [300.0, 350.0]
    >>> whole_buys(np.array([99.0, 199.0]), least, step).tolist()
    [0.0, 0.0]
    """
    shares = np.floor((wanted + _EPS) / step_shares) * step_shares
    return np.where(shares >= min_shares, shares, 0.0)


def whole_sells(
    wanted: Float[ndarray, "A"],
    sellable: Float[ndarray, "A"],
    min_shares: Float[ndarray, "A"],
    step_shares: Float[ndarray, "A"],
) -> Float[ndarray, "A"]:
    """Shares of a sell order: lots, with or without the odd rest, which is sold in one piece.

    Selling everything is always legal. On a board with a step of one share an order below the
    minimum is legal only if it is everything.

    Parameters
    ----------
    wanted : shares to be sold, shape [A]
    sellable : shares that may be sold, shape [A]
    min_shares : smallest order, shape [A]
    step_shares : step above it, shape [A]

    Returns
    -------
    ndarray of float64, shape [A]; 0 for no order

    Examples
    --------
    Of 350 shares: 260 wanted become 250 (two lots and the rest), 230 become 200, 350 all.

    >>> lot = np.full(3, 100.0)
    >>> whole_sells(np.array([260.0, 230.0, 350.0]), np.full(3, 350.0), lot, lot).tolist()
    [250.0, 200.0, 350.0]
    """
    odd = sellable - np.floor((sellable + _EPS) / step_shares) * step_shares
    odd = np.where(odd > _EPS, odd, 0.0)
    lots = np.floor((wanted + _EPS) / step_shares) * step_shares
    with_odd = np.floor((wanted - odd + _EPS) / step_shares) * step_shares + odd
    shares = np.maximum(lots, np.where(wanted + _EPS >= odd, with_odd, 0.0))
    rest_alone = (step_shares > 1) & (odd > 0) & (shares == odd)
    shares = np.where((shares >= min_shares) | rest_alone, shares, 0.0)
    return np.where(wanted + _EPS >= sellable, sellable, shares)
