"""RiskEstimate: the covariance of stock returns as factors and what is left, never written out."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError


class RiskEstimateError(DataError):
    """A covariance that is none."""

    def __init__(self, fault: str, hint: str) -> None:
        self.fault = fault
        super().__init__(f"risk estimate: {fault}.\nHint: {hint}")


@dataclass(frozen=True, eq=False)
class RiskEstimate:
    r"""Covariance of one session's returns, :math:`\Sigma = X F X^\top + \Delta` [Spec 9.5].

    Parameters
    ----------
    assets : symbols, shape [A]
    names : of the K factors
    loadings_AK : X, exposure of each stock to each factor
    factor_cov_KK : F, covariance of the factors' returns of one session, symmetric, no negative
        eigenvalue
    specific_var_A : diagonal of Delta, variance of one session, above 0

    Raises
    ------
    RiskEstimateError
        Shapes that differ, a value that is no number, F that is not symmetric or has a negative
        eigenvalue, a specific variance of 0 or less.
    """

    assets: Shaped[ndarray, "A"]
    names: tuple[str, ...]
    loadings_AK: Float[ndarray, "loaded K"]
    factor_cov_KK: Float[ndarray, "rows columns"]
    specific_var_A: Float[ndarray, "specific"]

    def __post_init__(self) -> None:
        stocks, factors = len(self.assets), len(self.names)
        found = (self.loadings_AK.shape, self.factor_cov_KK.shape, self.specific_var_A.shape)
        expected = ((stocks, factors), (factors, factors), (stocks,))
        if found != expected:
            raise RiskEstimateError(
                f"found shapes {found}, expected {expected} for {stocks} stocks, {factors} factors",
                "lay loadings and specific variances on the same assets",
            )
        for name in ("loadings_AK", "factor_cov_KK", "specific_var_A"):
            if not np.isfinite(getattr(self, name)).all():
                raise RiskEstimateError(f"{name} has values that are no numbers", "leave no NaN")
        if (self.specific_var_A <= 0).any():
            symbol = self.assets[np.argmin(self.specific_var_A)]
            least = self.specific_var_A.min()
            raise RiskEstimateError(
                f"specific variance of {symbol} is {least:g}, expected above 0",
                "shrink it towards that of its peers",
            )
        self._check_factors()

    def on(self, assets: Shaped[ndarray, "B"]) -> "RiskEstimate":
        """The same for some of the assets, in their order.

        Raises
        ------
        RiskEstimateError
            Nothing is known of one of them.
        """
        place = {symbol: i for i, symbol in enumerate(self.assets.tolist())}
        unknown = [symbol for symbol in assets.tolist() if symbol not in place]
        if unknown:
            shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
            raise RiskEstimateError(
                f"nothing is known of {len(unknown)} of {len(assets)} names: {shown}",
                "estimate the risk of every name that may be held",
            )
        rows = np.array([place[symbol] for symbol in assets.tolist()], dtype=np.int64)
        return replace(
            self,
            assets=assets,
            loadings_AK=self.loadings_AK[rows],
            specific_var_A=self.specific_var_A[rows],
        )

    def scaled(self, multiple: float) -> "RiskEstimate":
        """The same with every variance and covariance times a number above 0."""
        return replace(
            self,
            factor_cov_KK=self.factor_cov_KK * multiple,
            specific_var_A=self.specific_var_A * multiple,
        )

    def variance(self, weights_A: Float[ndarray, "A"]) -> float:
        """Variance of one session's return of a portfolio; of active weights, squared tracking
        error.

        Parameters
        ----------
        weights_A : of the assets; active weights may be negative
        """
        exposed = weights_A @ self.loadings_AK
        return float(exposed @ self.factor_cov_KK @ exposed + self.specific_var_A @ weights_A**2)

    def _check_factors(self) -> None:
        cov = self.factor_cov_KK
        scale = float(np.abs(cov).max(initial=0.0))
        if not np.allclose(cov, cov.T, rtol=0, atol=1e-12 * scale):
            raise RiskEstimateError("the factor covariance is not symmetric", "give (F + F')/2")
        least = float(np.linalg.eigvalsh(cov).min(initial=0.0))
        if least < -1e-10 * scale:
            raise RiskEstimateError(
                f"the factor covariance has the eigenvalue {least:g}, expected none below 0",
                "lift negative eigenvalues to 0",
            )
