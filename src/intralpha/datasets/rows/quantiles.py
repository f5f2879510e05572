"""quantiles: rows between two quantiles of a risk indicator."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import IntralphaError
from intralpha.base.node import Read
from intralpha.datasets.indicators import INDICATORS
from intralpha.datasets.row_filter import RowFilterSpec, between_quantiles
from intralpha.features import FeatureSpec
from intralpha.market import Lake


class QuantilesSpec(RowFilterSpec):
    """Values of an indicator between two quantiles of the date's universe [Spec 15.3].

    The indicator is ``size``, ``bp`` or ``volatility``, or any name that ``features`` give a day.
    A stock whose value is not known is not trained on.
    """

    kind: Literal["quantiles"] = "quantiles"
    of: str = Field(description="size, bp, volatility, or a name of `features`")
    features: FeatureSpec | None = Field(
        default=None, description="where `of` comes from, such as a library; null: one of the three"
    )
    low: float | None = Field(
        default=None, ge=0, lt=1, description="quantile from which on rows are kept; null: all"
    )
    high: float | None = Field(
        default=None, gt=0, le=1, description="quantile up to which rows are kept; null: all"
    )

    @model_validator(mode="after")
    def _bounded(self) -> "QuantilesSpec":
        if self.low is None and self.high is None:
            raise ValueError("found neither low nor high; expected one quantile at least")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.features is None and self.of not in INDICATORS:
            known = ", ".join(INDICATORS)
            raise ValueError(f"no indicator {self.of}; expected {known}, or features that have it")
        return self

    def reads(self) -> tuple[Read, ...]:
        """Those of the indicator."""
        return INDICATORS[self.of].reads if self.features is None else self.features.reads()

    def faults(self) -> tuple[str, ...]:
        """Features that cannot be made, lack the name, or have bars."""
        if self.features is None:
            return ()
        try:
            made = self.features.make()
        except IntralphaError as error:
            return (f"features: {error}",)
        if self.of not in made.names:
            return (f"of: found {self.of}; features have {', '.join(made.names)}",)
        return () if made.times is None else ("features: found bars; expected one value a day",)

    def keeps(
        self,
        lake: Lake,
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Bool[ndarray, "D A"]:
        """Rows of the universe between the quantiles.

        Parameters and returns as in :meth:`RowFilterSpec.keeps`.
        """
        values_DA = self._values(lake, dates, assets)
        return between_quantiles(np.where(mask_DA, values_DA, np.nan), self.low, self.high)

    def _values(
        self, lake: Lake, dates: Shaped[ndarray, " D"], assets: Shaped[ndarray, " A"]
    ) -> Float[ndarray, "D A"]:
        if self.features is None:
            return INDICATORS[self.of].values(lake, dates, assets)
        return self.features.make().compute(lake, dates, assets)[self.of].astype(np.float64)
