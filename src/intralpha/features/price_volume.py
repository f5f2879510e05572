"""Reversal, volatility and size of trading: the three numbers that every model has to beat."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import Panel, Spec
from intralpha.base.panel import as_days
from intralpha.features.daily_window import DailyWindow, daily_windows
from intralpha.features.feature_set import FeatureSet
from intralpha.features.trailing import trailing_mean, trailing_std
from intralpha.market import Lake

WINDOW = 20


class ReversalVolSizeSpec(Spec):
    """The three ingredients of the equal-weight price-volume baseline; no settings."""

    kind: Literal["price_volume"] = "price_volume"


class ReversalVolSize(FeatureSet):
    r"""Raw 20-day return, 20-day volatility and ln of the mean amount.

    A window is the last 20 *sessions*, today included; a traded day is one with volume > 0.

    ``ret20``
        :math:`c_t / c_{t-20} - 1`, c the adjusted close carried over days without trades.
    ``vol20``
        Population standard deviation (ddof 0) of :math:`c_d / c_{d-1} - 1` over the traded days d
        of the window. The first return after a suspension therefore spans it. One traded day is
        enough and gives 0.
    ``ln_amount20``
        :math:`\ln` of the mean amount (CNY) over the traded days of the window: the amount proxy,
        which is the vendor's amount or, without one, shares times (open + high + low + close)/4,
        unadjusted.

    NaN without any traded day in the window, and for ``ret20`` before the 21st session of a stock.
    All three are expected to predict with a **negative** sign: the baseline is the mean of the
    cross-sectional z-scores (population standard deviation, clipped at 3) of minus each.

    Notes
    -----
    Known at 15:00. float64, so that the baseline reproduces to the printed digits of
    ``spec/protocol.md``; there, listed rows are counted from the first row of the stock,
    suspended days included. Splits and dividends change nothing but the amount proxy's shares.
    Peak memory: the output and one block of 250 + 20 days.
    """

    @property
    def name(self) -> str:
        """``price_volume``."""
        return "price_volume"

    @property
    def names(self) -> tuple[str, ...]:
        """``ret20``, ``vol20``, ``ln_amount20``."""
        return ("ret20", "vol20", "ln_amount20")

    @property
    def times(self) -> None:
        """None: one value a day."""
        return

    @property
    def lookback_days(self) -> int:
        """20 sessions (the close of the session before the window)."""
        return WINDOW

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, 3]``, float64; see the class.

        Raises
        ------
        UnknownSessionError
            If a date is no session of the lake.
        """
        out = Panel.full(as_days(dates), assets, self.names, dtype=np.float64)
        for window in daily_windows(lake, out.dates, assets, WINDOW, ("amount_proxy",)):
            out.values[window.block.rows] = _three(window)[window.block.inside - WINDOW]
        return out


def _three(window: DailyWindow) -> Float[ndarray, "N A 3"]:
    """The three values of every row that has its look-back."""
    close, traded = window.close_DA, window.traded_DA
    ret20 = close[WINDOW:] / close[:-WINDOW] - 1.0
    counted = traded & np.isfinite(window.ret_DA)
    vol20 = trailing_std(window.ret_DA[1:], counted[1:], WINDOW, least=1)
    amount = trailing_mean(window.column("amount_proxy")[1:], traded[1:], WINDOW, least=1)
    ln_amount20 = np.log(np.where(amount > 0, amount, np.nan))
    return np.stack([ret20, vol20, ln_amount20], axis=-1)
