"""ret_bars and y_bars: the returns from after each of some bars of a day, one a column."""

from datetime import time
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from pydantic import Field, model_validator

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Read
from intralpha.base.panel import as_days
from intralpha.labels.bar_window import bar_reads, bar_windows
from intralpha.labels.label import LabelSpec
from intralpha.market import Lake, bar_times
from intralpha.market.hours import DAY_CLOSE, MINUTES


class BarLabel(LabelSpec):
    """A label made of the returns that begin after bar j of the date, a column for each j."""

    freq: Literal[5, 10, 15, 30] = Field(default=30, description="minutes of a bar of the lake")
    after: tuple[int, ...] = Field(
        default=(2, 4, 6, 8),
        min_length=1,
        description="j, bars of the day counted from 1, ascending; the return of a column begins "
        "in the bar after it",
    )
    horizon: int = Field(default=8, gt=0, le=480, description="h, bars")

    @model_validator(mode="after")
    def _bars_of_a_day(self) -> "BarLabel":
        ascend = all(low < high for low, high in pairwise(self.after))
        if not ascend or not 1 <= self.after[0] <= self.after[-1] <= self._a_day:
            raise ValueError(
                f"found after {self.after}; expected bars from 1 to {self._a_day}, each above the "
                "last"
            )
        return self

    @property
    def _a_day(self) -> int:
        """T, bars of a session."""
        return MINUTES // self.freq

    @property
    def sessions(self) -> tuple[int, ...]:
        """Sessions from the date to that of the last bar of each column; 0: the date itself."""
        return tuple((bar + self.horizon) // self._a_day for bar in self.after)

    @property
    def offset(self) -> int:
        """Sessions to the last bar that is used; 0 where all returns end on the date itself."""
        return self.sessions[-1]

    @property
    def columns(self) -> tuple[str, ...]:
        """``fwd_bar02`` and so on, one for each j."""
        return tuple(f"fwd_bar{bar:02d}" for bar in self.after)

    @property
    def begins(self) -> time:
        """The end of the first bar j."""
        return bar_times(self.freq)[self.after[0] - 1]

    def of_returns(self, returns_JDA: Float[ndarray, "J D A"]) -> Float[ndarray, "J D A"]:
        """The label of each return; a row is the cross-section of a date.

        Parameters
        ----------
        returns_JDA : float64, shape [J, D, A]; simple returns, NaN where a stock is none of the
            cross-section
        """
        raise NotImplementedError

    def compute(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "D A"] | None = None,
    ) -> Panel:
        """Its values over the mask, column by column; see :meth:`LabelSpec.compute`.

        Returns
        -------
        Panel, float32, shape [D, A, J], names :attr:`columns`
            NaN in a column where nothing trades in its bar j + 1, or that bar is locked at a limit;
            in all columns outside the mask, where a stock traded on a session from t to
            t + :attr:`offset` without bars of it, and on dates whose sessions the lake does not
            hold; and where :meth:`of_returns` gives none. A last bar without trades has the last
            close. Known at the close of t + :attr:`offset`.

        Raises
        ------
        UnknownSampleDateError
            A date is no session of the lake.
        MissingBarsError
            The lake has no bars of ``freq``.
        """
        days, begin = as_days(dates), np.array(self.after)
        gains_JDA = np.full((len(begin), len(days), len(assets)), np.nan)
        for window in bar_windows(lake, days, assets, self.freq, (0, self.offset)):
            price_NA = window.prices()
            open_JA = np.isfinite(window.vwap_NA[begin]) & ~window.locked_NA[begin]
            gain_JA = price_NA[begin + self.horizon] / price_NA[begin] - 1.0
            gains_JDA[:, window.row] = np.where(open_JA & window.whole_A, gain_JA, np.nan)
        if mask_DA is not None:
            gains_JDA[:, ~mask_DA] = np.nan
        made_JDA = self.of_returns(gains_JDA)
        values = np.ascontiguousarray(np.moveaxis(made_JDA, 0, -1), np.float32)
        return Panel(values, days, assets, self.columns)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows from t to t + :attr:`offset`, and the bars of the same sessions."""
        return bar_reads(self.freq, self.offset)

    def over(self, lake: Lake, universe: Panel) -> Panel:
        """The label of the stocks of a universe; each column asks itself what can be bought.

        Parameters and returns as of :meth:`LabelSpec.over`; the close of t+1, which is inside the
        window, takes no stock out.
        """
        mask = universe["universe"] > 0
        return self.compute(lake, universe.dates, universe.assets, mask)


class RawBarReturnsSpec(BarLabel):
    r"""ret_bars: the returns that begin after bar j of the date, as they are [Spec 14.1].

    .. math:: r_j = P_{j+1+h} / P_{j+1} - 1

    with P the adjusted vwap of a bar, bars counted on across sessions, and a column for each j.
    """

    kind: Literal["ret_bars"] = "ret_bars"

    @property
    def columns(self) -> tuple[str, ...]:
        """``fwd_bar03_4_of_8`` and so on: first bar of a return, how many it is over, T."""
        over = f"{self.horizon}_of_{self._a_day}"
        return tuple(f"fwd_bar{bar + 1:02d}_{over}" for bar in self.after)

    @property
    def raw(self) -> tuple[LabelSpec, ...]:
        """Itself, where a return begins before the close."""
        return (self,) if self.begins < DAY_CLOSE else ()

    def of_returns(self, returns_JDA: Float[ndarray, "J D A"]) -> Float[ndarray, "J D A"]:
        """The same; see :meth:`BarLabel.of_returns`."""
        return returns_JDA


class BarReturnsSpec(BarLabel):
    r"""y_bars: z-scores of the returns that begin after bar j of the date [Spec 14.1].

    .. math:: y_j = z(P_{j+1+h} / P_{j+1} - 1)

    with P the adjusted vwap of a bar, bars counted on across sessions, and a column for each j; a
    column is z-scored across the stocks of its date. What is learned from column j may know of its
    date no more than bar j: the ``until`` of a network.
    """

    kind: Literal["y_bars"] = "y_bars"

    @property
    def raw(self) -> tuple[LabelSpec, ...]:
        """The returns before they are z-scored; see :attr:`LabelSpec.raw`."""
        return RawBarReturnsSpec(freq=self.freq, after=self.after, horizon=self.horizon).raw

    def of_returns(self, returns_JDA: Float[ndarray, "J D A"]) -> Float[ndarray, "J D A"]:
        """Their z-scores (ddof 0); NaN where a date has fewer than two returns, or equal ones."""
        return zscore(returns_JDA)
