"""Eigenfactor adjustment: variances of factor portfolios that an optimiser would pick out."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.risk.factor_covariance import ewma_weights, lifted


def eigenfactor_adjusted(
    cov_KK: Float[ndarray, "K K"],
    sessions: int,
    half_life_days: float,
    scale: float = 1.2,
    draws: int = 100,
) -> Float[ndarray, "K K"]:
    r"""Covariance with the sampling error of its eigenvalues taken out [Spec 9.5, optional].

    From the covariance :math:`F = U D U^\top` as truth, returns are drawn and their covariance
    :math:`F_m = U_m D_m U_m^\top` estimated in the same way. What is true of the m-th eigenfactors,
    :math:`\mathrm{diag}(U_m^\top F U_m)`, over what is estimated is on average :math:`v_k^2`; then

    .. math:: F' = U\, \mathrm{diag}(\gamma_k^2 D_k)\, U^\top, \qquad \gamma_k = a (v_k - 1) + 1

    Parameters
    ----------
    cov_KK : estimate
    sessions : T it was made from
    half_life_days : of the weights it was made with
    scale : a
    draws : M, with fixed random numbers

    Returns
    -------
    ndarray of float64, shape [K, K]
        No negative eigenvalue, as each is multiplied by a square.
    """
    values, vectors = np.linalg.eigh(cov_KK)
    alive = values > 1e-10 * values.max(initial=0.0)
    true = values[alive]
    if not len(true):
        return cov_KK
    weight = ewma_weights(sessions, half_life_days)
    unbiased = 1 - float(weight @ weight)
    rng = np.random.default_rng(0)
    ratio = np.zeros(len(true))
    for _ in range(draws):
        drawn = rng.standard_normal((sessions, len(true))) * np.sqrt(true)
        drawn -= weight @ drawn
        gram = np.sqrt(weight / unbiased)[:, None] * drawn
        found, turned = np.linalg.eigh(gram.T @ gram)
        ratio += (turned**2 * true[:, None]).sum(axis=0) / np.maximum(found, 1e-300)
    gamma = scale * (np.sqrt(ratio / draws) - 1) + 1
    values[alive] = np.maximum(gamma, 0.0) ** 2 * true
    return lifted((vectors * np.maximum(values, 0.0)) @ vectors.T)
