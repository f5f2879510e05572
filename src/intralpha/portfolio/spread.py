"""Spread: the variance of weights about a centre, in factor form, as cones and terms use it."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from intralpha.risk.estimate import RiskEstimate


@dataclass(frozen=True, eq=False)
class Spread:
    r"""Variance of the active weights :math:`a = w - c`, never as a matrix over the assets.

    .. math:: v(w) = x^\top F x + \sum_i d_i a_i^2 + v_0, \qquad x = X^\top a + x_0

    Names that do not take part (see :meth:`split`) stand in :math:`x_0` and :math:`v_0`.

    Attributes
    ----------
    centre : c, shape [A]
    loadings_AK : X
    factor_cov_KK : F
    specific_var_A : d, above 0
    fixed_K, fixed_var : x_0 and v_0
    """

    centre: Float[ndarray, "A"]
    loadings_AK: Float[ndarray, "A K"]
    factor_cov_KK: Float[ndarray, "K K"]
    specific_var_A: Float[ndarray, "A"]
    fixed_K: Float[ndarray, "K"]
    fixed_var: float = 0.0

    @classmethod
    def of(cls, risk: RiskEstimate, centre: Float[ndarray, "A"], sessions: float = 1.0) -> "Spread":
        """The variance that an estimate gives over so many sessions.

        Parameters
        ----------
        risk : of the same assets
        centre : weights without active risk, those of the benchmark
        sessions : how many sessions long; 244 for a year's variance
        """
        return cls(
            centre.astype(np.float64),
            risk.loadings_AK.astype(np.float64),
            sessions * risk.factor_cov_KK.astype(np.float64),
            sessions * risk.specific_var_A.astype(np.float64),
            np.zeros(len(risk.names)),
        )

    def exposed(self, weights: Float[ndarray, "A"]) -> Float[ndarray, "K"]:
        """Active exposure to each factor, x."""
        return (weights - self.centre) @ self.loadings_AK + self.fixed_K

    def variance(self, weights: Float[ndarray, "A"]) -> float:
        """v(w)."""
        x, active = self.exposed(weights), weights - self.centre
        return float(x @ self.factor_cov_KK @ x + self.specific_var_A @ active**2 + self.fixed_var)

    def split(self, chosen: Int[ndarray, "S"], weights: Float[ndarray, "A"]) -> "Spread":
        """The variance as a function of the chosen names, the others staying at their weights."""
        other = np.ones(len(weights), dtype=bool)
        other[chosen] = False
        active = (weights - self.centre)[other]
        return replace(
            self,
            centre=self.centre[chosen],
            loadings_AK=self.loadings_AK[chosen],
            specific_var_A=self.specific_var_A[chosen],
            fixed_K=self.fixed_K + active @ self.loadings_AK[other],
            fixed_var=self.fixed_var + float(self.specific_var_A[other] @ active**2),
        )


@dataclass(frozen=True, eq=False)
class Cone:
    r"""``sqrt(v(w)) <= radius``: a bound on a standard deviation.

    Parameters
    ----------
    name : what a message calls it
    spread : v
    radius : in the units of the square root of v
    """

    name: str
    spread: Spread
    radius: float


@dataclass(frozen=True, eq=False)
class Penalty:
    """``factor * v(w)`` is taken from the objective.

    Parameters
    ----------
    name : of the term
    spread : v
    factor : above 0
    """

    name: str
    spread: Spread
    factor: float
