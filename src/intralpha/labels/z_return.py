"""y_002: the z-score of the return over ten sessions from the next close."""

from typing import Literal

from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span import T1_T11
from intralpha.market import Lake


class ZReturnSpec(LabelSpec):
    """y_002: cross-sectional z-score of close(t+11) / close(t+1) - 1 [Spec 11]."""

    kind: Literal["y_002"] = "y_002"

    @property
    def offset(self) -> int:
        """11."""
        return T1_T11.last

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
        return label_panel(zscore(T1_T11.returns(lake, dates, assets, mask_DA)), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows from t to t+11."""
        return (T1_T11.read(),)
