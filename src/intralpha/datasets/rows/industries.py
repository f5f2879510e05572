"""industries: rows of the stocks of some industries."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.node import Read
from intralpha.datasets.row_filter import RowFilterSpec
from intralpha.market import Lake, industry_codes


class IndustriesSpec(RowFilterSpec):
    """Stocks that belong to any of some industries on the date."""

    kind: Literal["industries"] = "industries"
    codes: tuple[str, ...] = Field(min_length=1, description="as in the lake's table `industry`")
    scheme: str | None = Field(
        default=None, description="classification; null: the first by alphabet that has begun"
    )

    def reads(self) -> tuple[Read, ...]:
        """``industry``."""
        return (Read("industry"),)

    def keeps(
        self,
        lake: Lake,
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Bool[ndarray, "D A"]:
        """Stocks of the industries on each date, inside the universe.

        Parameters and returns as in :meth:`RowFilterSpec.keeps`.
        """
        place_DA, labels = industry_codes(lake, dates, assets, self.scheme)
        wanted = [at for at, label in enumerate(labels) if label in self.codes]
        return np.isin(place_DA, wanted) & mask_DA
