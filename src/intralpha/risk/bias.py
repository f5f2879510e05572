"""Whether forecasts of variance were right: bias statistic and QLIKE."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray


def bias_statistic(realised_D: Float[ndarray, "D"], variance_D: Float[ndarray, "D"]) -> float:
    r"""Standard deviation of returns in units of the volatility forecast for them.

    .. math:: b = \mathrm{std}(r_t / \hat\sigma_t)

    Parameters
    ----------
    realised_D : return after each date, NaN where unknown
    variance_D : forecast for it, above 0

    Returns
    -------
    float
        1 for a right model, above 1 where risk was forecast too low; of D normal returns within
        :math:`1 \pm \sqrt{2 / D}` in 95 of 100 cases. NaN with fewer than two.

    Examples
    --------
    >>> round(bias_statistic(np.array([0.02, -0.02, 0.02, -0.02]), np.full(4, 1e-4)), 4)
    2.3094
    """
    z = (realised_D / np.sqrt(variance_D))[np.isfinite(realised_D) & np.isfinite(variance_D)]
    return float(z.std(ddof=1)) if len(z) > 1 else float("nan")


def qlike(realised_D: Float[ndarray, "D"], variance_D: Float[ndarray, "D"]) -> float:
    r"""Mean quasi-likelihood loss of variance forecasts.

    .. math:: \overline{\,r_t^2 / \hat\sigma_t^2 + \ln \hat\sigma_t^2\,}

    Parameters
    ----------
    realised_D : return after each date, NaN where unknown
    variance_D : forecast for it, above 0

    Returns
    -------
    float
        The smaller the better; the true variance has the smallest mean. NaN without any.
    """
    known = np.isfinite(realised_D) & np.isfinite(variance_D)
    if not known.any():
        return float("nan")
    variance = variance_D[known]
    return float(np.mean(realised_D[known] ** 2 / variance + np.log(variance)))
