"""Covariance of a few series with decaying weights, and their autocorrelation [Spec 9.5]."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray


def ewma_weights(count: int, half_life_days: float) -> Float[ndarray, "T"]:
    """Weights of sessions, oldest first, that halve every so many; they sum to 1.

    Examples
    --------
    >>> (ewma_weights(3, 1.0) * 7).round(12).tolist()
    [1.0, 2.0, 4.0]
    """
    weight = 0.5 ** (np.arange(count)[::-1] / half_life_days)
    return weight / weight.sum()


def factor_covariance(
    returns_TK: Float[ndarray, "T K"], half_life_days: float = 90.0, lags: int = 2
) -> Float[ndarray, "K K"]:
    r"""Weighted covariance of a session's returns, with Newey and West's lags.

    .. math:: F = \Gamma_0 + \sum_{l=1}^{L} \Big(1 - \frac{l}{L+1}\Big)(\Gamma_l + \Gamma_l^\top),
              \qquad \Gamma_l = \sum_t \sqrt{w_t w_{t-l}}\; (f_t - \bar f)(f_{t-l} - \bar f)^\top

    divided by :math:`1 - \sum w^2`, which is Bessel's correction at equal weights.

    Parameters
    ----------
    returns_TK : oldest first; NaN where a factor has no return
    half_life_days : of the weights
    lags : L

    Returns
    -------
    ndarray of float64, shape [K, K]
        Symmetric, without negative eigenvalue: the weights stand half on each side of a product,
        so that F is the Bartlett sum of one sequence, which is a Gram matrix whatever the series
        are; rounding below 0 is lifted to 0.

    Notes
    -----
    A factor that is missing on some sessions is 0 on them and scaled by the square root of all
    weight over the weight of its sessions, which keeps its variance and no negative eigenvalue
    comes of it. One that has never been seen, or seen once, has variance 0.
    """
    weight_T = ewma_weights(len(returns_TK), half_life_days)
    seen = np.isfinite(returns_TK)
    mass_K = weight_T @ seen
    values = np.where(seen, returns_TK, 0.0)
    mean_K = np.divide(weight_T @ values, mass_K, out=np.zeros(len(mass_K)), where=mass_K > 0)
    gram = np.sqrt(weight_T)[:, None] * np.where(seen, values - mean_K, 0.0)
    total = gram.T @ gram
    for lag in range(1, min(lags, len(gram) - 1) + 1):
        cross = gram[lag:].T @ gram[:-lag]
        total += (1 - lag / (lags + 1)) * (cross + cross.T)
    alone_K = weight_T**2 @ seen / np.where(mass_K > 0, mass_K, 1.0)
    unbiased_K = np.where(mass_K - alone_K > 1e-9 * mass_K, mass_K - alone_K, np.inf)
    scale_K = 1 / np.sqrt(unbiased_K)
    return lifted(total * scale_K[:, None] * scale_K[None, :])


def lifted(cov_KK: Float[ndarray, "K K"]) -> Float[ndarray, "K K"]:
    """The symmetric part, negative eigenvalues lifted to 0.

    Parameters
    ----------
    cov_KK : almost symmetric, almost without negative eigenvalue

    Returns
    -------
    ndarray of float64, shape [K, K]
    """
    even = (cov_KK + cov_KK.T) / 2
    values, vectors = np.linalg.eigh(even)
    if values.min(initial=0.0) >= 0:
        return even
    out = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return (out + out.T) / 2
