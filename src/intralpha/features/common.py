"""Common price-volume factors that need daily data only (Spec 8)."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel, Spec
from intralpha.base.panel import as_days
from intralpha.features.daily_window import DailyWindow, daily_windows
from intralpha.features.day import MissingFloatSharesError
from intralpha.features.feature_set import FeatureSet
from intralpha.features.trailing import trailing_mean, trailing_std, trailing_sum
from intralpha.market import Lake

CommonName = Literal["ret", "vol", "lnto", "lnamihud", "apb_5d"]

AMIHUD_LEAST_DAYS = 15
APB_DAYS = 5
APB_LEAST_DAYS = 3


class CommonSpec(Spec):
    """Daily price-volume factors of Spec 8."""

    kind: Literal["common"] = "common"
    names: tuple[CommonName, ...] = Field(
        ("ret", "vol", "lnamihud", "apb_5d"), min_length=1, description="factors"
    )
    days: int = Field(60, ge=APB_DAYS, description="sessions of the window, today included")
    min_days: int = Field(36, ge=1, description="fewest traded days in the window")


class CommonFactors(FeatureSet):
    r"""Raw factors over the last ``days`` sessions (60), today included.

    ``ret`` :math:`P_t/P_{t-60} - 1`; ``vol`` standard deviation (ddof 1) of the daily returns of
    traded days; ``lnto`` ln of the mean turnover rate (volume / float shares) of traded days;
    ``lnamihud`` :math:`\ln(mean(|ret_d| / amount_d) \cdot 10^8)` over days with an amount, 15 of
    them at least; ``apb_5d`` :math:`\ln[mean(vwap) / (\sum v \cdot vwap / \sum v)]` over the traded
    ones of the last 5 sessions, adjusted prices and shares, 3 of them at least.

    P is the adjusted close carried over days without trades. Fewer than ``min_days`` traded days
    in the window: ``ret``, ``vol`` and ``lnto`` are NaN; a day without trades today does not
    matter by itself. Absent rows count as not traded.

    Parameters
    ----------
    names, days, min_days : as in :class:`CommonSpec`

    Notes
    -----
    Spec 8 (and 2.7 for ``apb_5d``). Known at 15:00. float32. Peak memory: the output and one
    block of 250 + ``days`` days.
    """

    def __init__(self, names: tuple[CommonName, ...], days: int, min_days: int) -> None:
        self._names: tuple[CommonName, ...] = names
        self._days, self._min_days = days, min_days

    @property
    def name(self) -> str:
        """``common``."""
        return "common"

    @property
    def names(self) -> tuple[str, ...]:
        """The factors asked for."""
        return self._names

    @property
    def times(self) -> None:
        """None: one value a day."""
        return

    @property
    def lookback_days(self) -> int:
        """``days`` sessions (the close before the window)."""
        return self._days

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]``, float32.

        Raises
        ------
        UnknownSessionError
            If a date is no session of the lake.
        MissingFloatSharesError
            If ``lnto`` is wanted and the lake knows no float shares in the whole range.
        """
        out = Panel.full(as_days(dates), assets, self.names)
        columns = ("volume", "float_shares", "amount_proxy", "adj_vwap", "adj_volume")
        shares_known = "lnto" not in self.names or len(out.dates) == 0
        for window in daily_windows(lake, out.dates, assets, self._days, columns):
            shares_known |= bool(np.isfinite(window.daily["float_shares"]).any())
            for place, name in enumerate(self._names):
                values = _FORMULAS[name](window, self._days, self._min_days)
                rows = window.block.inside - self._days
                out.values[window.block.rows, :, place] = values[rows]
        if not shares_known:
            raise MissingFloatSharesError(str(out.dates[0]), str(out.dates[-1]))
        return out


def _ret(window: DailyWindow, days: int, min_days: int) -> Float[ndarray, "N A"]:
    enough = trailing_sum(window.traded_DA[1:].astype(np.float64), days) >= min_days
    return np.where(enough, window.close_DA[days:] / window.close_DA[:-days] - 1.0, np.nan)


def _vol(window: DailyWindow, days: int, min_days: int) -> Float[ndarray, "N A"]:
    counted = window.traded_DA & np.isfinite(window.ret_DA)
    return trailing_std(window.ret_DA[1:], counted[1:], days, min_days, ddof=1)


def _lnto(window: DailyWindow, days: int, min_days: int) -> Float[ndarray, "N A"]:
    shares = window.column("float_shares")
    counted = window.traded_DA & (shares > 0)
    turnover = window.column("volume") / np.where(counted, shares, np.nan)
    return _log(trailing_mean(turnover[1:], counted[1:], days, min_days))


def _lnamihud(window: DailyWindow, days: int, min_days: int) -> Float[ndarray, "N A"]:  # noqa: ARG001
    amount = window.column("amount_proxy")
    counted = window.traded_DA & (amount > 0) & np.isfinite(window.ret_DA)
    impact = np.abs(window.ret_DA) / np.where(counted, amount, np.nan)
    return _log(trailing_mean(impact[1:], counted[1:], days, AMIHUD_LEAST_DAYS) * 1e8)


def _apb_5d(window: DailyWindow, days: int, min_days: int) -> Float[ndarray, "N A"]:  # noqa: ARG001
    vwap, volume = window.column("adj_vwap"), window.column("adj_volume")
    counted = window.traded_DA & (vwap > 0) & (volume > 0)
    simple = trailing_mean(vwap, counted, APB_DAYS, APB_LEAST_DAYS)
    shares = trailing_mean(volume, counted, APB_DAYS, APB_LEAST_DAYS)
    money = trailing_mean(vwap * volume, counted, APB_DAYS, APB_LEAST_DAYS)
    return _log(simple * shares / money)[days + 1 - APB_DAYS :]


def _log(values: Float[ndarray, "N A"]) -> Float[ndarray, "N A"]:
    """ln, NaN where the argument is not positive."""
    return np.log(np.where(values > 0, values, np.nan))


_FORMULAS: dict[str, Callable[[DailyWindow, int, int], Float[ndarray, "N A"]]] = {
    "ret": _ret,
    "vol": _vol,
    "lnto": _lnto,
    "lnamihud": _lnamihud,
    "apb_5d": _apb_5d,
}
