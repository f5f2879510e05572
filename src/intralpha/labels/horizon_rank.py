"""y_rank: the centred rank of the return over h sessions."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.labels.forward import Price
from intralpha.labels.horizon_return import Horizon, horizon_span
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.market import Lake


class HorizonRankSpec(LabelSpec):
    """y_rank: centred rank of the return of y_ret, scaled to unit standard deviation [Spec 11]."""

    kind: Literal["y_rank"] = "y_rank"
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
        """Scaled ranks over the mask; parameters and NaN as in :meth:`LabelSpec.compute`.

        Ties share their average rank. NaN also on dates with fewer than two returns, or equal ones.
        """
        span = horizon_span(self.horizon, self.start)
        ranks_DA = centred_ranks(span.returns(lake, dates, assets, mask_DA))
        return label_panel(zscore(ranks_DA), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the window; from today's close also the close carried into it."""
        return (horizon_span(self.horizon, self.start).read(),)


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
