"""How far two samples lie from each other by their means and covariances."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of rows.

    Attributes
    ----------
    mean_F : float64 [F]
    cov_FF : float64 [F, F], of the population
    rows : how many; without any, the others are 0
    """

    mean_F: Float[ndarray, " F"]
    cov_FF: Float[ndarray, "F F"]
    rows: int

    @staticmethod
    def of(parts: Iterable[Float[ndarray, "_ F"]], features: int) -> "Moments":
        """Moments of all rows of several arrays, one array in memory at a time.

        Parameters
        ----------
        parts : rows of finite values
        features : F
        """
        count, total_F, square_FF = 0, np.zeros(features), np.zeros((features, features))
        for part in parts:
            rows = part.astype(np.float64)
            count += len(rows)
            total_F += rows.sum(axis=0)
            square_FF += rows.T @ rows
        mean_F = total_F / max(count, 1)
        return Moments(mean_F, square_FF / max(count, 1) - np.outer(mean_F, mean_F), count)


def frechet_distance(one: Moments, other: Moments) -> float:
    r"""Fréchet (2-Wasserstein) distance of two normal distributions [Spec 15.2].

    .. math:: d^2 = |\mu_1 - \mu_2|^2
              + \operatorname{tr}\bigl(C_1 + C_2 - 2 (C_1^{1/2} C_2 C_1^{1/2})^{1/2}\bigr)

    Parameters
    ----------
    one, other : of the same F features

    Returns
    -------
    float
        d, in units of the features; 0 for equal moments, NaN where either has no row.

    Examples
    --------
    >>> narrow, wide = (Moments(np.zeros(1), np.full((1, 1), v), 9) for v in (1.0, 4.0))
    >>> round(frechet_distance(narrow, wide), 6)
    1.0
    """
    if one.rows == 0 or other.rows == 0:
        return float("nan")
    root = _root(one.cov_FF)
    between = np.trace(_root(root @ other.cov_FF @ root))
    spread = np.trace(one.cov_FF) + np.trace(other.cov_FF) - 2 * between
    square = float(np.sum((one.mean_F - other.mean_F) ** 2) + spread)
    return float(np.sqrt(max(square, 0.0)))


def _root(matrix: Float[ndarray, "F F"]) -> Float[ndarray, "F F"]:
    """The symmetric root of a symmetric matrix without negative eigenvalues but by rounding."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
