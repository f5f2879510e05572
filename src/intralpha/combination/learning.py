"""What rules that learn from the past have in common as settings."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.combination.past import Past
from intralpha.combination.spec import CombinerSpec, Evidence, FactorNamesError, shares
from intralpha.datasets import EverySpec, GridSpec


class PastRuleSpec(CombinerSpec):
    """A rule that learns from the latest dates, anew on the dates of a grid.

    In a recipe a date is one of the portfolio's grid (without a portfolio of that of the tests).
    """

    factors: tuple[str, ...] = Field(
        default=(), description="factors that are combined; none named: all of the recipe"
    )
    observations: int = Field(default=60, ge=1, description="latest complete dates that are used")
    refresh: GridSpec = Field(
        default=EverySpec(every=20), description="on which sessions is learned anew"
    )

    def names(self, factors: Sequence[str]) -> tuple[str, ...]:
        """The factors that are named; see :meth:`CombinerSpec.names`.

        Raises
        ------
        FactorNamesError
        """
        missing = [name for name in self.factors if name not in factors]
        if missing:
            raise FactorNamesError(factors, f"those named: {', '.join(missing)}")
        return self.factors or tuple(factors)

    def evidence(self) -> Evidence:
        """See :meth:`CombinerSpec.evidence`."""
        return Evidence((), self.observations, self.refresh)


class ReturnRuleSpec(PastRuleSpec):
    """A rule that learns from returns, over the stocks that could be bought on the next session.

    A date counts from the close on which its return is over.
    """

    horizon: tuple[int, int] = Field(
        default=(1, 6), description="forward return close(t+a) -> close(t+b) that it learns from"
    )
    min_observations: int = Field(default=24, ge=1, description="fewer say nothing")
    without_evidence: Literal["equal", "absent"] = Field(
        default="equal",
        description="days on which no factor has a weight: equal weights, or no score",
    )

    @field_validator("min_observations")
    @classmethod
    def _not_above_window(cls, value: int, info) -> int:
        if value > info.data.get("observations", value):
            raise ValueError("min_observations is larger than observations")
        return value

    @field_validator("horizon")
    @classmethod
    def _looks_forward(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= value[0] < value[1]:
            raise ValueError(f"horizon {value}: expected 0 <= first < last, sessions after a date")
        return value

    def evidence(self) -> Evidence:
        """See :meth:`CombinerSpec.evidence`."""
        return Evidence((self.horizon,), self.observations, self.refresh)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """Weights of the rule, or those for days without evidence; see :meth:`CombinerSpec.weigh`.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        found = self.found(self._past(names, past))
        if found.any() or self.without_evidence == "absent":
            return found
        return shares(np.ones(len(names)))

    def found(self, past: Past) -> Float[ndarray, "K"]:
        """Weights that the past gives; all 0 where it says nothing."""
        raise NotImplementedError
