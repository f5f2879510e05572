"""members: rows of the stocks that belong to indices."""

from typing import Literal

from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.node import Read
from intralpha.datasets.row_filter import RowFilterSpec
from intralpha.market import Lake, members


class MembersSpec(RowFilterSpec):
    """Members of any of some indices on the date: the stock pool [Spec 15.3]."""

    kind: Literal["members"] = "members"
    indices: tuple[str, ...] = Field(min_length=1, description="symbols, such as 000852.SH")

    def reads(self) -> tuple[Read, ...]:
        """``membership``."""
        return (Read("membership"),)

    def keeps(
        self,
        lake: Lake,
        dates: Shaped[ndarray, " D"],
        assets: Shaped[ndarray, " A"],
        mask_DA: Bool[ndarray, "D A"],
    ) -> Bool[ndarray, "D A"]:
        """Members on each date, inside the universe.

        Parameters and returns as in :meth:`RowFilterSpec.keeps`.
        """
        return members(lake, self.indices, dates, assets) & mask_DA
