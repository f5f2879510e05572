"""none: features as they are."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from intralpha.base import Panel
from intralpha.datasets.transform import TransformSpec


class NoTransformSpec(TransformSpec):
    """Values as they are; NaN becomes 0."""

    kind: Literal["none"] = "none"
    alone: ClassVar[bool] = True

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """A float32 copy with 0 for NaN; the mask does not matter.

        Parameters and returns as in :meth:`TransformSpec.apply`.
        """
        del mask_DA, fitted
        values = np.where(np.isnan(features.values), np.float32(0), features.values)
        return Panel(
            values.astype(np.float32, copy=False),
            features.dates,
            features.assets,
            features.names,
            features.times,
        )
