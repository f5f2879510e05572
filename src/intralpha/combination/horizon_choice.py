"""The factor that predicts each horizon best, fused over horizons."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.combination.learning import PastRuleSpec
from intralpha.combination.past import Past
from intralpha.combination.spec import Evidence, shares


class HorizonChoiceSpec(PastRuleSpec):
    """For each horizon the factor with the highest mean matured RankIC has a vote [S:000].

    A horizon whose highest mean is not positive has none; without votes weights are equal. A date
    counts when the return of its longest horizon is over.
    """

    kind: Literal["horizon_choice"] = "horizon_choice"
    horizons: tuple[tuple[int, int], ...] = Field(
        default=((1, 2), (1, 4), (1, 6), (1, 11)),
        min_length=1,
        description="forward returns close(t+a) -> close(t+b)",
    )
    min_observations: int = Field(default=24, ge=1, description="fewer say nothing")

    @field_validator("horizons")
    @classmethod
    def _look_forward(cls, value: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        if any(not 0 <= first < last for first, last in value):
            raise ValueError(f"horizons {value}: expected 0 <= first < last, sessions after a date")
        return value

    def evidence(self) -> Evidence:
        """See :meth:`CombinerSpec.evidence`."""
        return Evidence(self.horizons, self.observations, self.refresh)

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """See :meth:`CombinerSpec.weigh`.

        Raises
        ------
        MissingPastError, FactorNamesError
        """
        seen, votes = self._past(names, past), np.zeros(len(names))
        for h in range(len(self.horizons)):
            mean_K = np.nan_to_num(seen.mean_rank_ic(h, self.min_observations), nan=-1.0)
            best = int(np.argmax(mean_K))
            votes[best] += mean_K[best] > 0
        return shares(votes if votes.any() else np.ones(len(names)))
