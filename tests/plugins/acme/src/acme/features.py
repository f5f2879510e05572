"""acme.gap: the jump at the open and the range of the day."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.features import FeatureSet, FeatureSpec
from intralpha.market import Lake, read_daily


class GapSpec(FeatureSpec):
    kind: Literal["acme.gap"] = "acme.gap"

    def make(self) -> "Gap":
        return Gap()

    def reads(self) -> tuple[Read, ...]:
        return (Read("daily", back=0),)


class Gap(FeatureSet):
    name = "gap"
    names = ("gap", "swing")
    times = None
    lookback_days = 0

    def days(
        self, lake: Lake, dates: ndarray, assets: ndarray
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        columns = ("open", "high", "low", "preclose")
        daily = read_daily(lake, columns, dates[0].item(), dates[-1].item(), assets).at(dates)
        gap = np.log(daily["open"] / daily["preclose"])
        swing = np.log(daily["high"] / daily["low"])
        yield from zip(dates, np.stack([gap, swing], axis=-1).astype(np.float32), strict=True)
