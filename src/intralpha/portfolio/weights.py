"""Weights: fractions of the portfolio by name; what is missing to 1 is cash."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.base import DataError


class WeightsError(DataError):
    """Weights that are not a long-only portfolio."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(f"{fault}; expected finite weights, none negative, sum at most 1.")


class HeldButUnknownError(DataError):
    """A name is held but the optimiser was not told about it."""

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = list(symbols)
        super().__init__(
            f"{len(self.symbols)} held names are not among the assets of the snapshot: "
            f"{', '.join(self.symbols[:10])}{' ...' if len(self.symbols) > 10 else ''}.\n"
            "Hint: names that are held must stay on the asset axis until they are sold; mark them "
            "can_buy=False (and can_sell=False while suspended)."
        )


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of named assets.

    Parameters
    ----------
    assets : ndarray of str, shape [A]
    values : ndarray of float, shape [A]
        Fractions of the portfolio's value, cash being the rest.

    Raises
    ------
    WeightsError
        NaN, a negative weight or a sum above 1 (tolerance 1e-6).
    """

    assets: ndarray
    values: Float[ndarray, "A"]

    def __post_init__(self) -> None:
        if not np.isfinite(self.values).all():
            raise WeightsError("a weight is NaN or infinite")
        if (self.values < 0).any():
            raise WeightsError(f"the smallest weight is {self.values.min():.6g}")
        if (total := float(self.values.sum(dtype=np.float64))) > 1 + 1e-6:
            raise WeightsError(f"the weights sum to {total:.8f}")

    def on(self, assets: Shaped[ndarray, "B"]) -> Float[ndarray, "B"]:
        """The same weights on another asset axis, float64, 0 where a name is not held.

        Raises
        ------
        HeldButUnknownError
            A name with a weight above 0 is not on that axis.
        """
        order = np.argsort(assets)
        place = np.searchsorted(assets[order], self.assets).clip(max=max(len(assets) - 1, 0))
        target = order[place] if len(assets) else np.zeros(len(self.assets), dtype=np.int64)
        known = assets[target] == self.assets if len(assets) else np.zeros(len(target), bool)
        lost = ~known & (self.values > 0)
        if lost.any():
            raise HeldButUnknownError([str(s) for s in self.assets[lost]])
        out = np.zeros(len(assets))
        out[target[known]] = self.values[known]
        return out
