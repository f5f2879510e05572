"""label_quantiles: rows whose label is not extreme."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Real
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.datasets.row_filter import RowFilterSpec, between_quantiles


class LabelQuantilesSpec(RowFilterSpec):
    """Labels between two quantiles of their date: extreme ones are dropped in training alone.

    The label is made before, over the whole universe: a z-score or a rank is what it was. Of a
    label of several columns a row is kept where every column that is known lies between.
    """

    kind: Literal["label_quantiles"] = "label_quantiles"
    by_label: ClassVar[bool] = True
    low: float = Field(default=0.025, ge=0, lt=1, description="share of the date's labels below")
    high: float = Field(default=0.975, gt=0, le=1, description="share up to the highest kept")

    @model_validator(mode="after")
    def _in_order(self) -> "LabelQuantilesSpec":
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self

    def keeps_labels(self, label_DAH: Real[ndarray, "D A H"]) -> Bool[ndarray, "D A"]:
        """Rows with a label, none of it extreme.

        Parameters and returns as in :meth:`RowFilterSpec.keeps_labels`.
        """
        known_DAH = np.isfinite(label_DAH)
        kept_DA = known_DAH.any(axis=2)
        for h in range(label_DAH.shape[2]):
            inside_DA = between_quantiles(label_DAH[:, :, h], self.low, self.high)
            kept_DA &= inside_DA | ~known_DAH[:, :, h]
        return np.asarray(kept_DA)
