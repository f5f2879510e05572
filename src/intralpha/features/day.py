"""Daily features: the six series of a day, per day or for window ratios (Spec 4.1)."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import DataError, Panel
from intralpha.base.node import Read
from intralpha.features.feature_set import FeatureSet, FeatureSpec
from intralpha.features.session_blocks import session_blocks
from intralpha.market import Lake, read_daily

_PRICES = ("open", "high", "low", "close", "vwap")
_WINDOW_INPUTS = ("adj_open", "adj_high", "adj_low", "adj_close", "adj_vwap", "adj_volume")
TURNOVER_FLOOR = 1e-6


class MissingFloatSharesError(DataError):
    """A turnover rate was asked for, but the lake knows no float shares."""

    def __init__(self, start: str, end: str) -> None:
        self.start, self.end = start, end
        super().__init__(
            f"no float_shares in the daily table between {start} and {end}; a turnover rate "
            "needs them.\nHint: set `turnover: amount` to use ln(amount) instead, or ingest a "
            "vendor file with share counts."
        )


class DaySpec(FeatureSpec):
    """The six daily series of Spec 4.1."""

    kind: Literal["day"] = "day"
    mode: Literal["log", "window"] = Field(
        default="log",
        description="log: per day against preclose; window: adjusted series for ratios",
    )
    turnover: Literal["float", "amount"] = Field(
        default="float",
        description="sixth series of mode log: ln turnover of float shares, or ln amount",
    )

    def make(self) -> "DayFeatureSet":
        """The six series."""
        return DayFeatureSet(self.mode, self.turnover)

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the date."""
        return (Read("daily", back=0),)


class DayFeatureSet(FeatureSet):
    r"""Six numbers of every stock and day.

    ``mode="log"``: ``ln_open``, ``ln_high``, ``ln_low``, ``ln_close``, ``ln_vwap``, each
    :math:`\ln(x / preclose)` of unadjusted prices (the vendor's ``preclose`` already takes the
    day's corporate action out), and ``ln_turn``, :math:`\ln(volume / float\_shares + 10^{-6})`.
    With ``turnover="amount"`` the sixth is instead ``ln_amount``, :math:`\ln(amount + 1)` in CNY
    (amount proxy where the vendor gives none), for lakes that have no point-in-time share counts.
    A day without trades has price fields 0 and the sixth NaN.

    ``mode="window"``: the adjusted series ``open``, ``high``, ``low``, ``close``, ``vwap`` (CNY)
    and ``volume`` (shares), which only make sense divided by their last value inside a window.
    A day without trades carries its prices, with volume 0.

    Absent rows are NaN. Known at 15:00.

    Parameters
    ----------
    mode, turnover : as in :class:`DaySpec`

    Notes
    -----
    Spec 4.1, 10.1, 10.3. Peak memory: one block of 250 days, nine float64 a stock.
    """

    def __init__(self, mode: Literal["log", "window"], turnover: Literal["float", "amount"]):
        self._mode: Literal["log", "window"] = mode
        self._turnover: Literal["float", "amount"] = turnover

    @property
    def name(self) -> str:
        """``day_<mode>``."""
        return f"day_{self._mode}"

    @property
    def names(self) -> tuple[str, ...]:
        """Six names, fixed by mode and turnover."""
        if self._mode == "window":
            return (*_PRICES, "volume")
        sixth = "ln_turn" if self._turnover == "float" else "ln_amount"
        return (*(f"ln_{price}" for price in _PRICES), sixth)

    @property
    def times(self) -> None:
        """None: one value a day."""
        return

    @property
    def lookback_days(self) -> int:
        """0: a day's values are made of that day's row."""
        return 0

    def days(
        self, lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        """Values ``[A, 6]``, float32.

        Raises
        ------
        MissingFloatSharesError
            If ``ln_turn`` is wanted and stocks traded, but no float shares are known at all; after
            the last date, when that is certain.
        """
        needs_shares, traded, known = "ln_turn" in self.names, False, False
        for block in session_blocks(lake, dates, lookback=0):
            columns = self._inputs()
            read = read_daily(lake, columns, block.start, block.end, assets)
            daily = Panel(read.values[block.inside], read.dates[block.inside], assets, read.names)
            values = self._block(daily).astype(np.float32)
            traded |= bool(np.nansum(daily["traded"]) > 0)
            known |= needs_shares and bool(np.isfinite(values[..., -1]).any())
            yield from zip(daily.dates, values, strict=True)
        if needs_shares and traded and not known:
            raise MissingFloatSharesError(str(dates[0]), str(dates[-1]))

    def _inputs(self) -> tuple[str, ...]:
        if self._mode == "window":
            return (*_WINDOW_INPUTS, "traded")
        sixth = ("float_shares",) if self._turnover == "float" else ("amount_proxy",)
        return (*_PRICES, "preclose", "volume", "traded", *sixth)

    def _block(self, daily: Panel) -> Float[ndarray, "D A F"]:
        if self._mode == "window":
            return _window_series(daily)
        idle = daily["traded"] == 0
        columns = [np.where(idle, 0.0, _log(_ratio(daily[p], daily["preclose"]))) for p in _PRICES]
        if self._turnover == "float":
            size = _log(_ratio(daily["volume"], daily["float_shares"]) + TURNOVER_FLOOR)
        else:
            size = _log(daily["amount_proxy"] + 1.0)
        columns.append(np.where(idle, np.nan, size))
        return np.stack(columns, axis=-1)


def _window_series(daily: Panel) -> Float[ndarray, "D A F"]:
    """Adjusted series; on a day without trades all prices are its carried close."""
    values = daily.select(_WINDOW_INPUTS).values
    idle = daily["traded"] == 0
    for column in range(len(_PRICES)):
        values[..., column] = np.where(idle, daily["adj_close"], values[..., column])
    return values


def _log(ratio: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """ln, NaN where the argument is not positive."""
    return np.log(np.where(ratio > 0, ratio, np.nan))


def _ratio(top: Float[ndarray, "D A"], bottom: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
    """Quotient, NaN where the denominator is not positive."""
    return top / np.where(bottom > 0, bottom, np.nan)
