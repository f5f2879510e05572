"""DayBar: one session of all assets, all that the exchange may know of that day."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import DataError, Panel

MARKET_NAMES = (
    "open",
    "high",
    "low",
    "close",
    "preclose",
    "volume",
    "vwap",
    "adj_factor",
    "up_limit",
    "down_limit",
    "suspended",
)


class MarketNamesError(DataError):
    """The market panel lacks columns or is not float64."""

    def __init__(self, missing: list[str], dtype: str) -> None:
        self.missing, self.dtype = missing, dtype
        found = f"lacks {', '.join(missing)}" if missing else f"holds {dtype}"
        super().__init__(
            f"the market panel {found}; expected float64 and the names {', '.join(MARKET_NAMES)}.\n"
            "Hint: read_daily(lake, MARKET_NAMES, ...)."
        )


@dataclass(frozen=True, eq=False)
class DayBar:
    """Raw prices (CNY) and volume (shares) of one session, arrays over the assets.

    NaN where an asset has no row; NaN limits where the exchange sets none.

    Attributes
    ----------
    date : session; all below is known at its close
    open, high, low, close, vwap : CNY, unadjusted, shape [A]
    preclose : close before, adjusted for the day's corporate action, shape [A]
    volume : shares, shape [A]
    adj_factor : price x factor is comparable over time, shape [A]
    up_limit, down_limit : CNY, shape [A]
    suspended : False where an asset has no row, shape [A]
    """

    date: np.datetime64
    open: Float[ndarray, "A"]
    high: Float[ndarray, "A"]
    low: Float[ndarray, "A"]
    close: Float[ndarray, "A"]
    preclose: Float[ndarray, "A"]
    volume: Float[ndarray, "A"]
    vwap: Float[ndarray, "A"]
    adj_factor: Float[ndarray, "A"]
    up_limit: Float[ndarray, "A"]
    down_limit: Float[ndarray, "A"]
    suspended: Bool[ndarray, "A"]

    @classmethod
    def of(cls, market: Panel, row: int) -> "DayBar":
        """One row of the panel of :data:`MARKET_NAMES` that ``read_daily`` returns."""
        day = market.values[row]
        columns = {n: day[:, market.names.index(n)] for n in MARKET_NAMES if n != "suspended"}
        flag = day[:, market.names.index("suspended")]
        return cls(date=market.dates[row], suspended=flag == 1.0, **columns)

    def price(self, kind: Literal["vwap", "open", "close"]) -> Float[ndarray, "A"]:
        """The price at which orders are filled."""
        return {"vwap": self.vwap, "open": self.open, "close": self.close}[kind]


def check_market(market: Panel) -> None:
    """Refuse a panel that is not what the replay reads.

    Raises
    ------
    MarketNamesError
    """
    missing = [n for n in MARKET_NAMES if n not in market.names]
    if missing or market.values.dtype != np.float64:
        raise MarketNamesError(missing, str(market.values.dtype))
