"""y_ret: the z-score of the return over h sessions."""

from typing import Literal

from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.labels.forward import Price
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span import Span
from intralpha.market import Lake

Horizon = Literal[1, 3, 5, 10]


class HorizonReturnSpec(LabelSpec):
    """y_ret: z-score of the return over h days from the next day's vwap (or from today's close)."""

    kind: Literal["y_ret"] = "y_ret"
    horizon: Horizon = Field(default=5, description="h, sessions")
    start: Price = Field(default="vwap", description="vwap: v(t+h+1)/v(t+1); close: c(t+h)/c(t)")

    @property
    def offset(self) -> int:
        """H + 1 from the next day's vwap, h from today's close."""
        return horizon_span(self.horizon, self.start).last

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Z-scores (ddof 0) over the mask; parameters and NaN as in :meth:`LabelSpec.compute`.

        NaN also on dates with fewer than two returns, or equal ones.
        """
        span = horizon_span(self.horizon, self.start)
        return label_panel(zscore(span.returns(lake, dates, assets, mask_DA)), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the window; from today's close also the close carried into it."""
        return (horizon_span(self.horizon, self.start).read(),)


def horizon_span(horizon: Horizon, start: Price) -> Span:
    """v(t+h+1) / v(t+1) for ``vwap``, c(t+h) / c(t) for ``close``.

    Examples
    --------
    >>> horizon_span(5, "vwap")
    Span(first=1, last=6, price='vwap')
    """
    return Span(0, horizon) if start == "close" else Span(1, horizon + 1, "vwap")
