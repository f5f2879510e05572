"""How much of a portfolio is traded from one row to the next."""

from typing import Literal, no_type_check

import numpy as np
from jaxtyping import Float
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import check_arrays
from intralpha.base.compiling import RAISING
from intralpha.evaluation.days import over_days


def turnover(
    weights_DA: Float[ndarray, "D A"],
    ret_DA: Float[ndarray, "D A"] | None = None,
    sides: Literal[1, 2] = 2,
) -> Float[ndarray, "D"]:
    r"""Traded weight at every row, against the portfolio of the row before.

    .. math:: \text{two-sided}_t = \sum_i |w_{i,t} - \tilde w_{i,t}|, \qquad
              \tilde w_{i,t} = \frac{w_{i,t-1}(1 + r_{i,t})}{1 + \sum_j w_{j,t-1} r_{j,t}}

    One-sided turnover is half of it. Without returns there is no drift:
    :math:`\tilde w_t = w_{t-1}`.

    Parameters
    ----------
    weights_DA : ndarray of float
        Target weights, fractions of the portfolio; what is left of 1 is cash that earns nothing.
        An absent weight counts as 0, a row of absent weights as "no portfolio".
    ret_DA : ndarray of float, optional
        Simple return of each stock from row t-1 to row t, as known when row t is traded. An
        absent return counts as 0.
    sides : 1 or 2
        Count purchases and sales together (2) or their mean (1).

    Returns
    -------
    ndarray of float64
        NaN for the first row and where this row or the one before holds no portfolio. Known when
        row t is traded. Spec 17.1.

    Raises
    ------
    ArrayFormError
        If the returns do not have the shape of the weights.

    Examples
    --------
    >>> weights = np.array([[0.5, 0.5, 0.0], [0.3, 0.4, 0.3]])
    >>> turnover(weights).round(6).tolist(), turnover(weights, sides=1).round(6).tolist()
    ([nan, 0.6], [nan, 0.3])
    """
    check_arrays(weights_DA=weights_DA, ret_DA=ret_DA)
    weights = np.ascontiguousarray(weights_DA, dtype=np.float64)
    drift = np.zeros((1, 1)) if ret_DA is None else np.ascontiguousarray(ret_DA, dtype=np.float64)
    out = np.empty(len(weights))

    def work(start: int, stop: int) -> None:
        _turnover_days(weights, drift, ret_DA is not None, start, stop, out)

    over_days(work, len(weights), weights.size)
    return out * (sides / 2)


@njit(**RAISING)
@no_type_check
def _finite(number):
    return number if np.isfinite(number) else 0.0


@njit(**RAISING)
@no_type_check
def _turnover_days(weights, ret, with_drift, start, stop, out):
    assets = weights.shape[1]
    for d in range(start, stop):
        out[d] = np.nan
        if d == 0:
            continue
        now, before = False, False
        growth = 1.0
        for i in range(assets):
            now |= np.isfinite(weights[d, i])
            before |= np.isfinite(weights[d - 1, i])
            if with_drift:
                growth += _finite(weights[d - 1, i]) * _finite(ret[d, i])
        if not (now and before) or growth <= 0.0:
            continue
        traded = 0.0
        for i in range(assets):
            held = _finite(weights[d - 1, i])
            if with_drift:
                held *= (1.0 + _finite(ret[d, i])) / growth
            traded += abs(_finite(weights[d, i]) - held)
        out[d] = traded
