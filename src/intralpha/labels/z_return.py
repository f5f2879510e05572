"""y_002: the z-score of the return over ten sessions from the next close."""

from typing import Literal

from jaxtyping import Float
from numpy import ndarray

from intralpha.base.cross_section import zscore
from intralpha.labels.span import T1_T11, Span
from intralpha.labels.span_label import SpanLabel


class ZReturnSpec(SpanLabel):
    """y_002: cross-sectional z-score of close(t+11) / close(t+1) - 1 [Spec 11]."""

    kind: Literal["y_002"] = "y_002"

    @property
    def span(self) -> Span:
        """From the close of t+1 to that of t+11."""
        return T1_T11

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """Z-scores (ddof 0); NaN also on dates with fewer than two returns, or equal ones."""
        return zscore(returns_DA)
