"""window_ratio: each series of a window over its last value, then a z-score across stocks."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.datasets.transform import TransformSpec


class WindowRatioSpec(TransformSpec):
    """Each series over its last value, then a z-score across stocks per feature and lag [10.3]."""

    kind: Literal["window_ratio"] = "window_ratio"
    clip: float | None = Field(default=5.0, gt=0, description="bound of a z-score; null for none")

    @property
    def ratio_clip(self) -> float:
        """The bound of the z-scores, inf for none."""
        return np.inf if self.clip is None else self.clip

    def apply(
        self,
        features: Panel,
        mask_DA: Bool[ndarray, "D A"],
        fitted: dict[str, Float32[ndarray, "..."]],
    ) -> Panel:
        """The features themselves: windows are divided where they are cut."""
        del mask_DA, fitted
        return features
