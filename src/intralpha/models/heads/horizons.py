"""horizons: one prediction for each of H horizons or days ahead, and their mean as score."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field, model_validator
from torch import Tensor, nn

from intralpha.models.by_day import standardised_by_day
from intralpha.models.head import HeadSpec
from intralpha.models.output import Output


class HorizonsHeadSpec(HeadSpec):
    """h = Linear(E -> H); score = sum w_k z_k / sum w_k, z_k = h_k standardised by day.

    Our own, for labels of several horizons [Spec 11]; the part ``h`` is h as it is. Columns are
    standardised first because losses of correlation leave their scales free [Spec 12.4].
    """

    kind: Literal["horizons"] = "horizons"
    horizons: int = Field(default=10, gt=0, description="H, columns of the label")
    weights: tuple[float, ...] | None = Field(
        default=None, description="of each column in the score, at least 0; left out: equal"
    )

    @model_validator(mode="after")
    def _weighs_each(self) -> "HorizonsHeadSpec":
        weights = self.weights
        if weights is None:
            return self
        if len(weights) != self.horizons:
            raise ValueError(f"found {len(weights)} weights; expected {self.horizons}, one each")
        if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
            raise ValueError(f"found weights {weights}; expected none below 0, and one above")
        return self

    @property
    def gives(self) -> tuple[str, ...]:
        """The H predictions."""
        return ("h",)

    @property
    def across(self) -> bool:
        """Columns are standardised over the stocks of a day."""
        return True

    @property
    def label_columns(self) -> int:
        """One a horizon."""
        return self.horizons

    def layers(self, width: int) -> "HorizonsHead":
        """See :meth:`HeadSpec.layers`."""
        return HorizonsHead(width, self.weights or (1.0,) * self.horizons)


class HorizonsHead(nn.Module):
    """Predictions for several horizons.

    Parameters
    ----------
    width : E
    weights : H numbers, of each column in the score
    """

    shares: Tensor

    def __init__(self, width: int, weights: tuple[float, ...]) -> None:
        super().__init__()
        self.line = nn.Linear(width, len(weights))
        shares = torch.tensor(weights) / sum(weights)
        self.register_buffer("shares", shares, persistent=False)

    def forward(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Score ``[B]`` and the part ``h``, ``[B, H]``."""
        found = self.line(state)
        return Output(standardised_by_day(found, days_B) @ self.shares, {"h": found})
