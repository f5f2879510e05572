"""recency: the older a date, the less it counts."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.datasets.weighing_spec import WeighingSpec
from intralpha.market import Lake


class RecencySpec(WeighingSpec):
    """Half the weight for every so many sessions further back.

    .. math:: w_d = 2^{-a_d / h}

    with the age of a date in sessions and the half-life h.
    """

    kind: Literal["recency"] = "recency"
    half_life_days: float = Field(default=250, gt=0, description="h, sessions")

    def weigh(
        self,
        lake: Lake | None,
        sessions: Shaped[ndarray, " S"],
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"] | None = None,
    ) -> Float[ndarray, " D"]:
        """Weights, 1 for the youngest date.

        Parameters and returns as in :meth:`WeighingSpec.weigh`.
        """
        del lake, assets
        at = np.searchsorted(sessions, dates)
        return np.exp2((at - at.max()) / self.half_life_days)
