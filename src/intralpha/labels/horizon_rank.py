"""y_rank: the centred rank of the return over h sessions."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base.cross_section import zscore
from intralpha.labels.span_label import HorizonLabel


class HorizonRankSpec(HorizonLabel):
    """y_rank: centred rank of the return of y_ret, scaled to unit standard deviation [Spec 11]."""

    kind: Literal["y_rank"] = "y_rank"

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """Scaled ranks; ties share their average rank.

        NaN also on dates with fewer than two returns, or equal ones.
        """
        return zscore(centred_ranks(returns_DA))


def centred_ranks(values_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """(average rank - 0.5) / n - 0.5 of each row; NaN stays NaN.

    Examples
    --------
    >>> centred_ranks(np.array([[3.0, 1.0, np.nan, 3.0, 9.0]])).tolist()
    [[0.0, -0.375, nan, 0.0, 0.375]]
    """
    out = np.full(values_DA.shape, np.nan)
    for row, target in zip(values_DA, out, strict=True):
        known = np.isfinite(row)
        _, place, count = np.unique(row[known], return_inverse=True, return_counts=True)
        ranks = np.cumsum(count) - (count - 1) / 2
        target[known] = (ranks[place] - 0.5) / max(known.sum(), 1) - 0.5
    return out
