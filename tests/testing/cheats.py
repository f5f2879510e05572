"""Features and labels that keep their word in everything but one thing."""

from collections.abc import Iterator
from datetime import time
from typing import Literal

import numpy as np
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.features import FeatureSet, FeatureSpec
from intralpha.labels import LabelSpec, fwd_return
from intralpha.labels.label import label_panel
from intralpha.market import Lake, read_daily

How = Literal[
    "honest", "tomorrow", "all days", "early", "blank", "infinite", "double", "names", "beside",
    "order", "ahead", "unread", "look-back", "forward name", "level",
]  # fmt: skip


class FeatureCheatSpec(FeatureSpec):
    kind: Literal["cheats.feature"] = "cheats.feature"
    how: How = "honest"

    def make(self) -> "FeatureCheat":
        return FeatureCheat(self.how)

    def reads(self) -> tuple[Read, ...]:
        if self.how == "unread":
            return (Read("instruments"),)
        back = 3 if self.how == "look-back" else 4
        return (Read("daily", back=back, ahead=1 if self.how == "ahead" else 0),)


class FeatureCheat(FeatureSet):
    """Mean turnover of five sessions, and the return of the day."""

    name, times, lookback_days = "cheat", None, 4

    def __init__(self, how: How) -> None:
        self.how = how

    @property
    def names(self) -> tuple[str, ...]:
        return ("fwd_turn", "ret") if self.how == "forward name" else ("turn", "ret")

    @property
    def known_at(self) -> time:
        return time(14, 30) if self.how == "early" else time(15, 0)

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray, into: None = None) -> Panel:
        panel = super().compute(lake, dates, assets)
        if self.how == "double":
            return Panel(panel.values.astype(float), panel.dates, panel.assets, panel.names)
        if self.how == "names":
            return Panel(panel.values, panel.dates, panel.assets, ("turn", "return"))
        if self.how == "order":
            return Panel(panel.values, panel.dates, np.sort(panel.assets), panel.names)
        return panel

    def days(
        self, lake: Lake, dates: ndarray, assets: ndarray
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        daily = read_daily(lake, ("volume", "float_shares", "close", "preclose"), assets=assets)
        share = np.nan_to_num(daily["volume"] / daily["float_shares"])
        turn = sum(np.roll(share, k, axis=0) for k in range(5)) / 5
        turn[:4] = np.nan
        ret = daily["close"] / (1.0 if self.how == "level" else daily["preclose"])
        values = self._bent(np.stack([turn, ret], axis=-1))
        place = np.searchsorted(daily.dates, dates)
        yield from zip(dates, values[place].astype(np.float32), strict=True)

    def _bent(self, values: ndarray) -> ndarray:
        if self.how == "tomorrow":
            return np.roll(values, -1, axis=0)
        if self.how == "all days":
            return values - np.nan_to_num(values).mean(axis=0)
        if self.how == "beside":
            return values - np.nan_to_num(values).mean(axis=1, keepdims=True)
        if self.how == "blank":
            values[..., 1] = np.nan
        if self.how == "infinite":
            values[..., 1] = np.inf
        return values


class LabelCheatSpec(LabelSpec):
    """The return from the next close on over four sessions, or something like it."""

    kind: Literal["cheats.label"] = "cheats.label"
    how: Literal["honest", "past", "sooner", "later", "carried", "read"] = "honest"

    @property
    def offset(self) -> int:
        return {"sooner": 4, "later": 6}.get(self.how, 5)

    def compute(
        self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray | None = None
    ) -> Panel:
        values = fwd_return(lake, dates, assets, 1, 5).values[:, :, 0]
        daily = read_daily(lake, ("adj_close",), assets=assets)
        if self.how == "past":
            momentum = daily["adj_close"][5:] / daily["adj_close"][:-5]
            values = values + momentum[np.searchsorted(daily.dates, dates) - 5]
        if self.how == "carried":
            values = np.nan_to_num(values)
        return label_panel(values, dates, assets)

    def reads(self) -> tuple[Read, ...]:
        return (Read("daily", back=0, ahead=4 if self.how == "read" else self.offset),)
