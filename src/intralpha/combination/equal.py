"""Equal weights."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.combination.icir import RankICHistory
from intralpha.combination.spec import CombinerSpec


class EqualSpec(CombinerSpec):
    """Every factor counts the same: over seeds, data sets, models or tasks [Spec 16]."""

    kind: Literal["equal", "seed_mean", "dataset_mean", "model_mean", "task_mean"] = Field(
        default="equal", description="one rule under the names it has in the sources"
    )

    def weigh(
        self,
        names: tuple[str, ...],
        dates: Shaped[ndarray, "D"],
        history: RankICHistory | None = None,
    ) -> Float[ndarray, "D K"]:
        """1 / K for every factor; see :meth:`CombinerSpec.weigh`."""
        del history
        return np.full((len(dates), len(names)), 1 / len(names))
