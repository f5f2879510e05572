"""VWAP: which amounts fit the prices and the volume they are said to belong to, said once.

An amount over a volume is a mean of prices, so it lies between the lowest and the highest of them.
Where it does not, amount or volume is in another unit than declared, or belongs to another row.
How much rounding a source may have done is read off its own numbers: one that ends in zeros may
have been rounded to them.
"""

from typing import TypeVar, cast

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.market.limits import TICK_YUAN

FLOAT32 = 1e-6
"""Share of a number that a source which keeps it in single precision may lose."""

Numbers = TypeVar("Numbers", ndarray, pl.Expr)


def vwap_outside(
    low: Numbers,
    high: Numbers,
    volume: Numbers,
    amount: Numbers,
    tick_yuan: Numbers | float = TICK_YUAN,
) -> Numbers:
    r"""Whether amount / volume lies outside the range of prices by more than rounding.

    .. math:: a < (l - \tau)(v - \delta_v) - \delta_a \quad\text{or}\quad
              a > (h + \tau)(v + \delta_v) + \delta_a

    with a tick :math:`\tau`, :math:`\delta_v` = 100 shares for a volume in whole lots and 1
    otherwise, and :math:`\delta_a` = 1 CNY, or the power of ten up to 10,000 that the amount is a
    multiple of, and a millionth of it.

    Parameters
    ----------
    low, high : CNY, unadjusted, any shape
    volume : shares, same shape
    amount : CNY, same shape
    tick_yuan : price step, one for all or same shape

    Returns
    -------
    ndarray of bool, same shape, or the expression of it
        False where nothing traded; for arrays also where a number is NaN, for expressions null
        where one is null. Known with the last of the row's numbers.

    Examples
    --------
    A stock of 10 CNY; amounts in CNY and in thousand CNY:

    >>> low, high, shares = np.full(2, 9.9), np.full(2, 10.1), np.full(2, 12_345.0)
    >>> vwap_outside(low, high, shares, np.array([123_456.0, 123.456])).tolist()
    [False, True]
    """
    lots, step = _ends_in(volume, 100), _rounding(amount)
    slack_shares = 1 + 99 * lots
    slack_yuan = step + amount * FLOAT32
    below = amount < (low - tick_yuan) * (volume - slack_shares) - slack_yuan
    above = amount > (high + tick_yuan) * (volume + slack_shares) + slack_yuan
    empty = amount <= 0
    return cast(Numbers, (volume > 0) & (below | above | empty))  # type: ignore[operator]


def _rounding(amount: Numbers) -> Numbers:
    """1 CNY, or the power of ten up to 10,000 that the amount is a multiple of."""
    return (
        1 + 99 * _ends_in(amount, 100) + 900 * _ends_in(amount, 1_000)
        + 9_000 * _ends_in(amount, 10_000)
    )  # fmt: skip


def _ends_in(number: Numbers, step: int) -> Numbers:
    """1 where a number is a multiple of the step, else 0."""
    if isinstance(number, pl.Expr):
        return (number % step == 0).cast(pl.Int64)
    return (number % step == 0).astype(np.int64)
