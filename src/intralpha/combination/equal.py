"""Equal weights."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.combination.past import Past
from intralpha.combination.spec import CombinerSpec


class EqualSpec(CombinerSpec):
    """Every factor counts the same: over seeds, data sets, models or tasks [Spec 16]."""

    kind: Literal["equal", "seed_mean", "dataset_mean", "model_mean", "task_mean"] = Field(
        default="equal", description="one rule under the names it has in the sources"
    )

    def weigh(self, names: tuple[str, ...], past: Past | None = None) -> Float[ndarray, "K"]:
        """1 / K for every factor; see :meth:`CombinerSpec.weigh`."""
        del past
        return np.full(len(names), 1 / len(names))
