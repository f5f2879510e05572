"""ret_T1_T11: the plain return over ten sessions from the next close."""

from typing import Literal

from jaxtyping import Float
from numpy import ndarray

from intralpha.labels.span import T1_T11, Span
from intralpha.labels.span_label import SpanLabel


class RawReturnSpec(SpanLabel):
    """ret_T1_T11: close(t+11) / close(t+1) - 1, not standardised [Spec 11]."""

    kind: Literal["ret_T1_T11"] = "ret_T1_T11"

    @property
    def span(self) -> Span:
        """From the close of t+1 to that of t+11."""
        return T1_T11

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """The returns themselves."""
        return returns_DA
