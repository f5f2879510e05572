"""One date's stocks, on which descriptors become styles [Spec 9.1, 9.4]."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.risk.standardise import Middle, fill_missing, residual, standardise

Descriptors = Mapping[str, Float[ndarray, "A"]]


class CrossSection:
    """Stocks of one date that have a price, on whose core (the mask) everything is standardised.

    Parameters
    ----------
    core_A : stocks that count
    codes_A : industries
    cap_A : CNY
    winsor : cut at median +- this many scaled absolute deviations
    middle : what a stock without any descriptor gets of its industry
    """

    def __init__(
        self,
        core_A: Bool[ndarray, "A"],
        codes_A: Int[ndarray, "A"],
        cap_A: Float[ndarray, "A"],
        winsor: float,
        middle: Middle = "mean",
    ) -> None:
        self._core, self._codes, self._cap = core_A, codes_A, cap_A
        self._winsor = winsor
        self._middle: Middle = middle

    def scaled(self, values_A: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """Winsorised and standardised; NaN where the value is missing."""
        return standardise(values_A, self._core, self._cap, self._winsor)

    def filled(self, z_A: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """What is missing is that of the industry."""
        everyone = np.ones(len(z_A), dtype=bool)
        return fill_missing(z_A, self._core, self._codes, everyone, self._middle)

    def apart(self, y_A: Float[ndarray, "A"], x_AK: Float[ndarray, "A K"]) -> Float[ndarray, "A"]:
        """Residual on x, standardised; 0 for all if nothing is left."""
        return self.filled(self.left(y_A, x_AK))

    def left(self, y_A: Float[ndarray, "A"], x_AK: Float[ndarray, "A K"]) -> Float[ndarray, "A"]:
        """Residual on x, standardised; NaN where y is missing."""
        return self.scaled(residual(y_A, x_AK, self._core))

    def style(self, part: Descriptors, weights: Mapping[str, float]) -> Float[ndarray, "A"]:
        """Standardised descriptors added up, standardised again and filled.

        Parameters
        ----------
        part : raw descriptors
        weights : of those that make the style
        """
        z = {name: self.scaled(part[name]) for name in weights}
        return self.filled(self.scaled(mixed(z, weights)))


def mixed(z: Descriptors, weights: Mapping[str, float]) -> Float[ndarray, "A"]:
    """Weighted mean of the descriptors that are there; NaN where none is.

    Parameters
    ----------
    z : standardised descriptors
    weights : of those that count
    """
    stack = np.stack([z[name] for name in weights])
    weight = np.array(list(weights.values()))[:, None] * np.isfinite(stack)
    total = (weight * np.nan_to_num(stack)).sum(axis=0)
    share = weight.sum(axis=0)
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)
