"""y_ret: the z-score of the return over h sessions."""

from typing import Literal

from jaxtyping import Float
from numpy import ndarray

from intralpha.base.cross_section import zscore
from intralpha.labels.span_label import HorizonLabel


class HorizonReturnSpec(HorizonLabel):
    """y_ret: z-score of the return over h days from the next day's vwap (or from today's close)."""

    kind: Literal["y_ret"] = "y_ret"

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """Z-scores (ddof 0); NaN also on dates with fewer than two returns, or equal ones."""
        return zscore(returns_DA)
