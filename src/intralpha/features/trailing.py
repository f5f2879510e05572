"""Sums over the last N sessions, always added in the same order.

A running sum would carry the rounding of days long gone; here a value depends on the rows of its
window only, so that neither the first day of a block nor a cut of the past changes a digit.
"""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray


def trailing_sum(values_DA: Float[ndarray, "D A"], length: int) -> Float[ndarray, "N A"]:
    """Sums of ``length`` consecutive rows, ``N = D - length + 1``.

    Examples
    --------
    >>> trailing_sum(np.array([[1.0], [2.0], [4.0]]), 2).ravel().tolist()
    [3.0, 6.0]
    """
    n = len(values_DA) - length + 1
    total = np.zeros((n, values_DA.shape[1]))
    for first in range(length):
        total += values_DA[first : first + n]
    return total


def trailing_mean(
    values_DA: Float[ndarray, "D A"], counted_DA: Bool[ndarray, "D A"], length: int, least: int
) -> Float[ndarray, "N A"]:
    """Mean of the counted rows of each window of ``length`` rows, ``N = D - length + 1``.

    Parameters
    ----------
    values_DA : float [D, A], a session a row, oldest first; anything where it is not counted
    counted_DA : bool [D, A], the rows that count
    length : rows of a window, at most D
    least : fewest counted rows

    Returns
    -------
    ndarray of float64 [N, A]
        NaN with fewer than ``least`` counted rows, or none. Row n is known when row
        ``n + length - 1`` of the values is.
    """
    count = trailing_sum(counted_DA.astype(np.float64), length)
    total = trailing_sum(np.where(counted_DA, values_DA, 0.0), length)
    return np.where(count >= max(least, 1), total, np.nan) / np.maximum(count, 1.0)
