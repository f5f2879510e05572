"""y_bin: the class of the return over h sessions, beyond that of the cross-section."""

from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field, field_validator

from intralpha.labels.span_label import HorizonLabel


class ReturnBinsSpec(HorizonLabel):
    """y_bin: how many cuts lie below the excess return of h days, less half of their number.

    Five classes, -2 to 2, with the cuts of the default; two, 0 and 1, with ``cuts: [0]`` [Spec 11:
    y_bin_h, y_bin2_h]. Our own: the excess is that over the mean of the cross-section. For the
    head ``classes`` and the objective ``cross_entropy``.
    """

    kind: Literal["y_bin"] = "y_bin"
    cuts: tuple[float, ...] = Field(
        default=(-0.035, -0.015, 0.015, 0.035),
        min_length=1,
        description="excess returns between two classes, ascending; what lies on one is below it",
    )

    @field_validator("cuts")
    @classmethod
    def _ascend(cls, cuts: tuple[float, ...]) -> tuple[float, ...]:
        if not all(low < high for low, high in pairwise((-np.inf, *cuts, np.inf))):
            raise ValueError(f"found cuts {cuts}; expected finite numbers, each above the last")
        return cuts

    @property
    def classes(self) -> tuple[int, ...]:
        """One more than there are cuts."""
        lowest = -(len(self.cuts) // 2)
        return tuple(range(lowest, lowest + len(self.cuts) + 1))

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """Classes, whole numbers."""
        return bins(returns_DA, self.cuts) + self.classes[0]


def bins(returns_DA: Float[ndarray, "D A"], cuts: tuple[float, ...]) -> Float[ndarray, "D A"]:
    """How many cuts lie below each return less the mean of its row; NaN stays NaN.

    Parameters
    ----------
    returns_DA : float, shape [D, A]
    cuts : ascending

    Examples
    --------
    >>> bins(np.array([[0.03, 0.00, np.nan, -0.03]]), (-0.01, 0.01)).tolist()
    [[2.0, 1.0, nan, 0.0]]
    """
    known_DA = np.isfinite(returns_DA)
    count_D = np.maximum(known_DA.sum(axis=1), 1)
    mean_D = np.where(known_DA, returns_DA, 0.0).sum(axis=1) / count_D
    return np.where(known_DA, np.searchsorted(cuts, returns_DA - mean_D[:, None]), np.nan)
