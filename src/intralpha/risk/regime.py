"""Volatility-regime adjustment: how far forecasts of late have been too small or too large."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.risk.factor_covariance import ewma_weights

FIRST_DAYS = 20  # sessions that the first forecast of a series looks at
STILL = 1e-8  # a return up to which a series does not move, but for rounding


def regime_multiplier(
    returns_TN: Float[ndarray, "T N"], half_life_days: float, regime_half_life_days: float
) -> float:
    r"""What a variance is to be multiplied with [Spec 9.5, optional].

    .. math:: \lambda^2 = \sum_t \omega_t B_t^2, \qquad
              B_t^2 = \frac1N \sum_n f_{n,t}^2 / \hat\sigma_{n,t}^2

    with :math:`\hat\sigma^2_t` the weighted mean square of the sessions before t. A series counts
    from its 21st session on, of those on which it moves: what is left of the only stock of an
    industry is rounding, and the first days of a new series say little of its variance.

    Parameters
    ----------
    returns_TN : oldest first, NaN where absent
    half_life_days : of the forecasts
    regime_half_life_days : of the weights omega

    Returns
    -------
    float
        1 where no series has 21 sessions.
    """
    square = np.nan_to_num(returns_TN) ** 2
    seen = (np.abs(np.nan_to_num(returns_TN)) > STILL).astype(np.float64)
    decay = 0.5 ** (1 / half_life_days)
    total, mass, days = (np.zeros(square.shape[1]) for _ in range(3))
    bias = []
    for t in range(len(square)):
        known = (seen[t] > 0) & (days >= FIRST_DAYS)
        if known.any():
            bias.append(float(np.mean(square[t, known] * mass[known] / total[known])))
        total, mass = decay * total + square[t], decay * mass + seen[t]
        days += seen[t]
    return float(ewma_weights(len(bias), regime_half_life_days) @ bias) if bias else 1.0
