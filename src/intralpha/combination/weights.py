"""Weights that a recipe fixes."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.past import Past
from intralpha.combination.spec import CombinerSpec, FactorNamesError


class WeightsSpec(CombinerSpec):
    """Fixed weights, such as 1 and 3 for a high- and a low-frequency factor (fusion 1:3)."""

    kind: Literal["weights"] = "weights"
    weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        min_length=1, description="weight of each factor by its name; only their ratios count"
    )

    def names(self, factors: Sequence[str]) -> tuple[str, ...]:
        """The factors that have a weight; see :meth:`CombinerSpec.names`."""
        if not set(self.weights) <= set(factors):
            raise FactorNamesError(factors, f"those with weights: {', '.join(self.weights)}")
        return tuple(self.weights)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """The fixed weights, scaled to sum 1; see :meth:`CombinerSpec.weigh`."""
        del past
        if set(self.weights) != set(names):
            raise FactorNamesError(names, f"those with weights: {', '.join(self.weights)}")
        one = np.array([self.weights[name] for name in names])
        return one / one.sum()
