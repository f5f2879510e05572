"""What the daily fits take from the stocks and give to the factors, turned back."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.risk.factor_covariance import lifted

KEPT = 0.25  # share of what was found that is left in every direction
SMALL = 1e-8  # share of the largest eigenvalue below which a covariance has nothing to take from


def leverages(x_AK: Float[ndarray, "A K"], map_KA: Float[ndarray, "K A"]) -> Float[ndarray, "A"]:
    r"""Share of each stock's own return that the fit gives to the factors.

    .. math:: h_i = x_i^\top M_{\cdot i}

    Parameters
    ----------
    x_AK : exposures
    map_KA : M, of :func:`intralpha.risk.cross_section_fit.fit_map`

    Returns
    -------
    ndarray of float64, shape [A]
        From 0 (not fitted) to 1 (the only stock of an industry); they sum to the rank of the fit.
    """
    return np.einsum("ak,ka->a", x_AK, map_KA).clip(0.0, 1.0)


def without_fit_error(
    cov_KK: Float[ndarray, "K K"],
    map_KA: Float[ndarray, "K A"],
    specific_var_A: Float[ndarray, "A"],
) -> Float[ndarray, "K K"]:
    r"""Covariance of the factors, less what specific returns add to that of *fitted* factors.

    A fitted factor return is :math:`f + M u`, so its covariance is :math:`F + N` with
    :math:`N = M \Delta M^\top`. N is taken out in the directions in which it is measured against
    the covariance found, in none of them more than three quarters: N is an estimate, too, and an
    optimiser would hold what it leaves without risk.

    .. math:: F = R\, Q\, (1 - \min(\kappa, \tfrac34))\, Q^\top R^\top, \qquad
              R R^\top = F + N, \quad R^{-1} N R^{-\top} = Q \kappa Q^\top

    Parameters
    ----------
    cov_KK : F + N, found from fitted returns
    map_KA : M
    specific_var_A : diagonal of Delta

    Returns
    -------
    ndarray of float64, shape [K, K]
        No negative eigenvalue; never more than was found, for any portfolio.
    """
    values, vectors = np.linalg.eigh(cov_KK)
    alive = values > SMALL * values.max(initial=0.0)
    root = vectors[:, alive] * np.sqrt(values[alive])
    back = vectors[:, alive] / np.sqrt(values[alive])
    noise = (map_KA * specific_var_A) @ map_KA.T
    share, turned = np.linalg.eigh(back.T @ noise @ back)
    parts = root @ turned
    return lifted((parts * (1.0 - share.clip(0.0, 1.0 - KEPT))) @ parts.T)
