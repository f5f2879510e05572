"""ret_T1_T11: the plain return over ten sessions from the next close."""

from typing import Literal

from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.labels.label import LabelSpec, label_panel
from intralpha.labels.span import T1_T11
from intralpha.market import Lake


class RawReturnSpec(LabelSpec):
    """ret_T1_T11: close(t+11) / close(t+1) - 1, not standardised [Spec 11]."""

    kind: Literal["ret_T1_T11"] = "ret_T1_T11"

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
        """The simple returns; parameters and NaN as in :meth:`LabelSpec.compute`."""
        return label_panel(T1_T11.returns(lake, dates, assets, mask_DA), dates, assets)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows from t to t+11."""
        return (T1_T11.read(),)
