"""Variance of what factors leave of each stock: its own, its peers', or a model's [Spec 9.5]."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.risk.factor_covariance import ewma_weights

LEAST = 1e-8  # variance of a session, (0.01 %)^2
DECILES = 10
LEAST_LEFT = 0.05  # share of its variance that a fit is held to leave a stock


def own_variance(
    left_TA: Float[ndarray, "T A"], half_life_days: float
) -> tuple[Float[ndarray, "A"], Int[ndarray, "A"]]:
    """Weighted mean square of each stock, and the sessions it was seen on.

    Parameters
    ----------
    left_TA : what factors left, oldest first, NaN where absent
    half_life_days : of the weights

    Returns
    -------
    (variance, days) : ndarrays of float64 and int, shape [A]
        NaN and 0 for a stock never seen.
    """
    seen = np.isfinite(left_TA)
    weight_T = ewma_weights(len(left_TA), half_life_days)
    mass, total = weight_T @ seen, weight_T @ np.nan_to_num(left_TA) ** 2
    out = np.divide(total, mass, out=np.full(len(mass), np.nan), where=mass > 0)
    return out, seen.sum(axis=0)


def modelled_variance(
    own_A: Float[ndarray, "A"], days_A: Int[ndarray, "A"], x_AK: Float[ndarray, "A K"], young: int
) -> Float[ndarray, "A"]:
    r"""Structural model: log volatility as a linear function of the exposures.

    .. math:: \ln \sigma_i = x_i^\top b + e_i \;\Rightarrow\;
              \hat\sigma_i = E_0 \exp(x_i^\top b), \qquad
              E_0 = \sum_{old} \sigma_i \Big/ \sum_{old} \exp(x_i^\top b)

    Parameters
    ----------
    own_A : variance of each stock by itself
    days_A : sessions it comes from
    x_AK : exposures
    young : sessions from which on a stock is old, and the model fitted on it

    Returns
    -------
    ndarray of float64, shape [A]
        The mean variance of the old (of all, if none is) where fewer than twice as many are old as
        there are factors.
    """
    moving = np.nan_to_num(own_A) > LEAST
    old = moving & (days_A >= young)
    if old.sum() < 2 * x_AK.shape[1]:
        known = own_A[old] if old.any() else own_A[moving]
        return np.full(len(own_A), known.mean() if len(known) else LEAST)
    sigma = np.sqrt(own_A[old])
    slopes = np.linalg.lstsq(x_AK[old], np.log(sigma), rcond=1e-11)[0]
    fitted = np.exp(np.clip(x_AK @ slopes, np.log(sigma.min()), np.log(sigma.max())))
    return (fitted * sigma.sum() / fitted[old].sum()) ** 2


def shrunk(
    variance_A: Float[ndarray, "A"], cap_A: Float[ndarray, "A"], weight: float
) -> Float[ndarray, "A"]:
    """Variances moved towards the mean of their decile of capitalisation.

    Parameters
    ----------
    variance_A : without NaN
    cap_A : CNY; stocks without one are a group of their own. Equal caps are in one decile
    weight : of the mean, 0 to 1

    Returns
    -------
    ndarray of float64, shape [A]
        At least 1e-8.
    """
    known = np.isfinite(cap_A)
    group = np.full(len(cap_A), DECILES)
    if known.any():
        edges = np.quantile(cap_A[known], np.arange(1, DECILES) / DECILES)
        group[known] = np.searchsorted(edges, cap_A[known], side="right")
    count = np.bincount(group, minlength=DECILES + 1)
    mean = np.bincount(group, variance_A, minlength=DECILES + 1) / np.maximum(count, 1)
    return np.maximum((1 - weight) * variance_A + weight * mean[group], LEAST)


def specific_variance(
    left_TA: Float[ndarray, "T A"],
    x_AK: Float[ndarray, "A K"],
    cap_A: Float[ndarray, "A"],
    half_life_days: float = 90.0,
    young_days: int = 120,
    decile_weight: float = 0.1,
    leverage_A: Float[ndarray, "A"] | None = None,
) -> Float[ndarray, "A"]:
    r"""Specific variance of a session: own history, the model for the young, then shrinkage.

    The volatility of a stock seen on n sessions is n / ``young_days`` times its own and the rest
    times the structural model's. A fit leaves :math:`1 - h_i` of a specific variance, the rest goes
    to the factors; with ``leverage_A`` what is left is divided by it, and n sessions count as
    :math:`n (1 - h_i)`: of the only stock of an industry nothing is left, and the model tells.

    Parameters
    ----------
    left_TA : what factors left, oldest first, NaN where absent
    x_AK : exposures of today, without NaN
    cap_A : CNY, of today
    half_life_days : of the weights of the sessions
    young_days : sessions from which on a stock's own history counts alone
    decile_weight : of the mean of the cap decile
    leverage_A : h, of :func:`intralpha.risk.fit_error.leverages`; default: 0 for all

    Returns
    -------
    ndarray of float64, shape [A]
        At least 1e-8.
    """
    own, days = own_variance(left_TA, half_life_days)
    if leverage_A is not None:
        own = own / np.maximum(1.0 - leverage_A, LEAST_LEFT)
        days = (days * (1.0 - leverage_A)).astype(np.int64)
    modelled = modelled_variance(own, days, x_AK, young_days)
    share = np.minimum(days / young_days, 1.0)
    sigma = share * np.sqrt(np.nan_to_num(own)) + (1 - share) * np.sqrt(modelled)
    return shrunk(sigma**2, cap_A, decile_weight)
