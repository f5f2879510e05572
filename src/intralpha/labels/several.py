"""several: labels side by side, one a column."""

from datetime import time
from typing import Literal

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.labels.label import LabelSpec
from intralpha.market import Lake


class SeveralSpec(LabelSpec):
    """Labels of several horizons or kinds, for networks with a column for each."""

    kind: Literal["several"] = "several"
    labels: tuple[LabelSpec, ...] = Field(min_length=1, description="one column or more each")

    @property
    def offset(self) -> int:
        """The longest: until then no column counts as known."""
        return max(label.offset for label in self.labels)

    @property
    def columns(self) -> tuple[str, ...]:
        """``fwd_1``, ``fwd_2``, ... in the order of the labels."""
        count = sum(len(label.columns) for label in self.labels)
        return tuple(f"fwd_{at}" for at in range(1, count + 1))

    @property
    def begins(self) -> time:
        """The first of them."""
        return min(label.begins for label in self.labels)

    @property
    def raw(self) -> tuple[LabelSpec, ...]:
        """Those of all."""
        return tuple(dict.fromkeys(raw for label in self.labels for raw in label.raw))

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Each label's columns, side by side; see :meth:`LabelSpec.compute`.

        Returns
        -------
        Panel, float32, shape [D, A, H], names ``fwd_1`` ..
            NaN column by column, and in all columns on dates whose longest window is not over.
        """
        panels = [label.compute(lake, dates, assets, mask_DA) for label in self.labels]
        values = np.concatenate([panel.values for panel in panels], axis=-1)
        sessions = lake.dates("daily")
        ends = np.searchsorted(sessions, panels[0].dates) + self.offset
        values[ends >= len(sessions)] = np.nan
        return Panel(values, panels[0].dates, panels[0].assets, self.columns)

    def reads(self) -> tuple[Read, ...]:
        """What each of them reads."""
        return tuple(dict.fromkeys(read for label in self.labels for read in label.reads()))
