"""Features ``ivol`` and ``ivr``: what the three factors of Fama and French leave of a stock."""

from collections.abc import Iterator
from math import ceil
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base.node import Read
from intralpha.features.fama_french import residual_risk
from intralpha.features.feature_set import FeatureSet, FeatureSpec
from intralpha.features.session_blocks import session_blocks
from intralpha.market import Lake

NAMES = ("ivol", "ivr")
MIN_SHARE = 0.6  # of the window [Spec 8: 36 of 60 days]


class ResidualRiskSpec(FeatureSpec):
    """Idiosyncratic volatility and 1 - R-squared on three factors [Spec 8]."""

    kind: Literal["residual_risk"] = "residual_risk"
    days: int = Field(default=60, ge=10, description="sessions of the regression")

    def make(self) -> "ResidualRisk":
        """The two of them."""
        return ResidualRisk(self.days)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the window, and what was announced by its end."""
        return (Read("daily", back=self.days), Read("fundamentals"))


class ResidualRisk(FeatureSet):
    """Residuals of daily returns on market, SMB and HML.

    ``ivol`` is their standard deviation (a day, population form), ``ivr`` their share of the
    variance, in [0, 1]. The factors are made from all stocks of the lake that have shares and
    book equity, see :func:`intralpha.features.fama_french.three_factors`; risk-free rate 0. NaN
    with returns and factors on fewer than 0.6 of the sessions, so everywhere on a lake without
    ``total_shares`` or without the item ``book_equity``. Known at 15:00. Unchanged by splits.

    Parameters
    ----------
    days : as in :class:`ResidualRiskSpec`

    Notes
    -----
    Spec 8 (P5). Peak memory: 250 sessions and the window, eight float64 a stock.
    """

    def __init__(self, days: int) -> None:
        self._days = days

    @property
    def name(self) -> str:
        """``residual_risk``."""
        return "residual_risk"

    @property
    def names(self) -> tuple[str, ...]:
        """``ivol`` and ``ivr``."""
        return NAMES

    @property
    def times(self) -> None:
        """None: one value a day."""
        return

    @property
    def lookback_days(self) -> int:
        """The window: its first return is over the close before."""
        return self._days

    def days(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """See :meth:`FeatureSet.days`: ``[A, 2]``, float32."""
        sessions = lake.dates("daily")
        least = ceil(MIN_SHARE * self._days)
        for block in session_blocks(lake, dates, lookback=self._days):
            first, last = np.datetime64(block.start), np.datetime64(block.end)
            window = sessions[(sessions >= first) & (sessions <= last)]
            ends = block.inside - block.n_missing
            made = residual_risk(lake, window, ends, assets, self._days, least)
            yield from zip(dates[block.rows], made.astype(np.float32), strict=True)
