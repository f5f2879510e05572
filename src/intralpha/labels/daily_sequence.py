"""y_seq: the returns of the next H sessions, one a column."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.labels.forward import fwd_locked
from intralpha.labels.label import LabelSpec
from intralpha.labels.windows import forward_blocks
from intralpha.market import Lake


class DailySequenceSpec(LabelSpec):
    """y_seq: z-scores of close(t+k) / close(t+k-1) - 1 for k = 1 .. H, a column each [Spec 11]."""

    kind: Literal["y_seq"] = "y_seq"
    horizons: int = Field(default=10, gt=0, le=60, description="H, sessions")

    @property
    def offset(self) -> int:
        """H: the last close that is used."""
        return self.horizons

    @property
    def columns(self) -> tuple[str, ...]:
        """``fwd_h01`` .. ``fwd_hH``."""
        return tuple(f"fwd_h{k:02d}" for k in range(1, self.horizons + 1))

    @property
    def in_turn(self) -> bool:
        """They are."""
        return True

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Z-scores (ddof 0) over the mask, column by column; see :meth:`LabelSpec.compute`.

        Returns
        -------
        Panel, float32, shape [D, A, H], names ``fwd_h01`` ..
            All columns are NaN where one is: the window as a whole must be over. A session without
            trades has the return 0. NaN also on dates with fewer than two returns, or equal ones.
        """
        days = as_days(dates)
        gains_HDA = np.full((self.horizons, len(days), len(assets)), np.nan)
        for block in forward_blocks(lake, days, assets, self.horizons, ()):
            closes = [block.ahead(block.filled_close_DA, k) for k in range(self.horizons + 1)]
            for k in range(self.horizons):
                gains_HDA[k, block.rows] = closes[k + 1] / closes[k] - 1.0
        usable_DA = np.isfinite(gains_HDA).all(axis=0) & ~fwd_locked(lake, days, assets)
        if mask_DA is not None:
            usable_DA &= mask_DA
        z_HDA = zscore(np.where(usable_DA, gains_HDA, np.nan))
        values = np.ascontiguousarray(np.moveaxis(z_HDA, 0, -1), np.float32)
        return Panel(values, days, assets, self.columns)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows from t to t + H, and the close carried into t."""
        return (Read("daily", None, None, self.horizons),)
