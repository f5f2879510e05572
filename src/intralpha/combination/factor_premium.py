"""Expected returns from what factors have paid."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.learning import ReturnRuleSpec
from intralpha.combination.past import Past
from intralpha.datasets import EverySpec, GridSpec


class FactorPremiumSpec(ReturnRuleSpec):
    r"""Mean of the latest dates' factor premia, times the newest exposures [Spec 18.3].

    .. math:: r_{i,t} = c_t + \sum_k z_{i,k,t} \lambda_{k,t} + e_{i,t}, \qquad
              \hat\mu_{i,T} = \sum_k z_{i,k,T} \bar\lambda_k

    by least squares on each date; where factors are collinear, the shortest solution. The score is
    an expected return over the horizon, less the mean.
    """

    kind: Literal["factor_premium"] = "factor_premium"
    signed: ClassVar[bool] = True
    observations: int = Field(default=52, ge=1, description="latest dates, a year of weeks")
    refresh: GridSpec = Field(
        default=EverySpec(every=1), description="on which sessions premia are taken anew"
    )

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """See :meth:`ReturnRuleSpec.found`."""
        paid_WK = premia(past)
        paid_WK = paid_WK[np.isfinite(paid_WK).all(axis=1)]
        if len(paid_WK) < self.min_observations:
            return np.zeros(len(past.names))
        return paid_WK.mean(axis=0)


def premia(past: Past) -> Float[ndarray, "W K"]:
    """Least-squares coefficients of each date's returns on all factors, in units of return.

    Returns
    -------
    ndarray of float64, shape [W, K]
        NaN for a date without returns.
    """
    out = np.full(past.cross_WK.shape, np.nan)
    for w in np.flatnonzero(np.isfinite(past.cross_WK).all(axis=1)).tolist():
        out[w] = np.linalg.lstsq(past.gram_WKK[w], past.cross_WK[w], rcond=1e-10)[0]
    return out
