"""SpanLabel, HorizonLabel: labels that are made of the returns over one span of sessions."""

from typing import Literal

from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.labels.forward import Price
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span import Span
from intralpha.market import Lake

Horizon = Literal[1, 3, 5, 10]


class SpanLabel(LabelSpec):
    """A label made of returns over one span. A new one is its ``kind`` and the first two members.

    What it reads and how far it looks ahead follow from the span.
    """

    @property
    def span(self) -> Span:
        """From which session's price to which the returns run."""
        raise NotImplementedError

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        """The label of each return; a row is the cross-section of a date.

        Parameters
        ----------
        returns_DA : float64, shape [D, A]; simple returns, NaN where a stock is none of the
            cross-section

        Returns
        -------
        ndarray of float64, shape [D, A]
            NaN where the return is, and on dates that tell nothing.
        """
        raise NotImplementedError

    @property
    def offset(self) -> int:
        """The last session of the span."""
        return self.span.last

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Its values over the mask; parameters and NaN as in :meth:`LabelSpec.compute`."""
        returns_DA = self.span.returns(lake, dates, assets, mask_DA)
        return label_panel(self.of_returns(returns_DA), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the span; from today's close also the close carried into it."""
        return (self.span.read(),)


class HorizonLabel(SpanLabel):
    """A span label of h sessions, which the recipe chooses, and with them the first price.

    A new one is its ``kind`` and :meth:`of_returns`.
    """

    horizon: Horizon = Field(default=5, description="h, sessions")
    start: Price = Field(default="vwap", description="vwap: v(t+h+1)/v(t+1); close: c(t+h)/c(t)")

    @property
    def span(self) -> Span:
        """See :func:`horizon_span`."""
        return horizon_span(self.horizon, self.start)


def horizon_span(horizon: Horizon, start: Price) -> Span:
    """v(t+h+1) / v(t+1) for ``vwap``, c(t+h) / c(t) for ``close``.

    Examples
    --------
    >>> horizon_span(5, "vwap")
    Span(first=1, last=6, price='vwap')
    """
    return Span(0, horizon) if start == "close" else Span(1, horizon + 1, "vwap")
