"""Correlations of many factors on one date, all pairs at once, by matrix products."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base.arrays import check_arrays, check_count
from intralpha.base.cross_section import FLAT
from intralpha.evaluation.rank_pairs import MIN_STOCKS


def pair_correlations(
    values_NA: Float[ndarray, "N A"], min_stocks: int = MIN_STOCKS
) -> Float[ndarray, "N N"]:
    """Pearson correlation of every two rows over the stocks that have both.

    Parameters
    ----------
    values_NA : ndarray of float
        A row a factor, over the stocks of one date; what is not finite is absent. Ranks give
        Spearman's correlation where no value is absent; with gaps each factor keeps the rank among
        its own stocks.
    min_stocks : pairs with fewer stocks are NaN

    Returns
    -------
    ndarray of float64, shape [N, N]
        Symmetric; NaN for a row that does not vary over the stocks of the pair.

    Raises
    ------
    ArrayFormError, CountError

    Notes
    -----
    Rows are standardised first, so that no sum loses digits to a large mean. Time: one product of
    N x A by A x N without gaps, four with them.
    """
    check_arrays(values_NA=values_NA)
    check_count("min_stocks", min_stocks, 0)
    there = np.isfinite(values_NA)
    count = np.maximum(there.sum(axis=1), 1)
    kept = np.where(there, values_NA, 0.0).astype(np.float64)
    mean = kept.sum(axis=1) / count
    z = np.where(there, kept - mean[:, None], 0.0)
    spread = np.sqrt((z**2).sum(axis=1) / count)
    flat = spread <= FLAT * np.maximum(np.abs(mean), FLAT)
    z /= np.where(flat, 1.0, spread)[:, None]
    product = z @ z.T
    if there.all() or (there == there[0]).all():
        number = np.full(product.shape, float(count[0]) if len(count) else 0.0)
        x_sum = np.zeros_like(product)
        x_square = np.broadcast_to(np.diag(product)[:, None], product.shape)
    else:
        m = there.astype(np.float64)
        number, x_sum, x_square = m @ m.T, z @ m.T, (z**2) @ m.T
    n = np.maximum(number, 1.0)
    x_var = x_square - x_sum**2 / n
    cov = product - x_sum * x_sum.T / n
    size = x_var * x_var.T
    usable = (size > (FLAT * n) ** 2) & (number >= max(min_stocks, 2)) & (x_var > 0)
    usable &= ~(flat[:, None] | flat[None, :])
    return np.where(usable, cov / np.sqrt(np.where(usable, size, 1.0)), np.nan)


@dataclass
class MeanMatrix:
    """Mean over dates of a matrix, each entry over the dates that have it.

    Attributes
    ----------
    total_NN, dates_NN : sums, and numbers of dates
    """

    total_NN: Float[ndarray, "N N"]
    dates_NN: Float[ndarray, "N N"]

    @classmethod
    def empty(cls, n: int) -> "MeanMatrix":
        """No date yet."""
        return cls(np.zeros((n, n)), np.zeros((n, n)))

    def add(self, one_NN: Float[ndarray, "N N"]) -> None:
        """One date more."""
        known = np.isfinite(one_NN)
        self.total_NN += np.where(known, one_NN, 0.0)
        self.dates_NN += known

    @property
    def mean_NN(self) -> Float[ndarray, "N N"]:
        """NaN where no date has the entry."""
        return np.where(self.dates_NN > 0, self.total_NN / np.maximum(self.dates_NN, 1), np.nan)
