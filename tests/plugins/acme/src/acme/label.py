"""acme.next: the return from the next close to the one after it."""

from typing import Literal

from numpy import nan, ndarray, where

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.labels import LabelSpec, fwd_return
from intralpha.labels.label import label_panel
from intralpha.market import Lake


class NextSpec(LabelSpec):
    kind: Literal["acme.next"] = "acme.next"

    @property
    def offset(self) -> int:
        return 2

    def compute(
        self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray | None = None
    ) -> Panel:
        values_DA = fwd_return(lake, dates, assets, 1, 2).values[:, :, 0]
        kept = values_DA if mask_DA is None else where(mask_DA, values_DA, nan)
        return label_panel(100 * kept, dates, assets)

    def reads(self) -> tuple[Read, ...]:
        return (Read("daily", back=None, ahead=2),)
