"""Frames: what an expression can name, with units; derived series are expressions themselves."""

from dataclasses import dataclass

from intralpha.features.language.units import (
    CNY_UNIT,
    PLAIN,
    PRICE_UNIT,
    SHARE_UNIT,
    TRADE_UNIT,
    Unit,
)

PRICES = dict.fromkeys(("open", "high", "low", "close"), PRICE_UNIT)
SIZES = {"volume": SHARE_UNIT, "amount": CNY_UNIT, "trades": TRADE_UNIT}
CONSTANTS = {"SHARE": SHARE_UNIT, "CNY": CNY_UNIT, "TRADE": TRADE_UNIT}
DAY_NUMBERS = {
    "preclose": PRICE_UNIT,
    "up_limit": PRICE_UNIT,
    "down_limit": PRICE_UNIT,
    "closing_auction": PLAIN,
    "suspended": PLAIN,
    "auction_price": PRICE_UNIT,
    "auction_volume": SHARE_UNIT,
    "auction_amount": CNY_UNIT,
    "auction_trades": TRADE_UNIT,
    "usual_amount": CNY_UNIT,
    "usual_vol": PLAIN,
}
# Where segments are bars these are of the whole day and known at its close only.
WHOLE_DAY = {"day_volume": SHARE_UNIT, "day_amount": CNY_UNIT, "day_trades": TRADE_UNIT}
DERIVED = {
    "before": "prev(close, open)",
    "ret": "close / before - 1",
    "logret": "ln(close / before)",
    "vwap": "amount / volume",
    "traded": "volume > 0",
    "ok": "cont & ~locked",
    "okT": "ok & traded",
    "day_volume": "sum(volume) + auction_volume",
    "day_amount": "sum(amount) + auction_amount",
    "day_trades": "sum(trades) + auction_trades",
}
VBAR_DERIVED = {"ret": "close / before - 1", "logret": "ln(close / before)", "ok": "close > 0"}


@dataclass(frozen=True)
class Frame:
    """Rows of a stock and day.

    Attributes
    ----------
    name : of the frame
    rows : series given by the data, with their units
    days : numbers of the day given by the data
    derived : name -> expression
    minutes : of one row; 0 where rows are no bars of time
    least : fewest observations of a statistic that does not say
    lunch : row that begins the afternoon (from 0); 0 where there is none
    """

    name: str
    rows: dict[str, Unit]
    days: dict[str, Unit]
    derived: dict[str, str]
    minutes: int
    least: int
    lunch: int = 0

    def names(self) -> list[str]:
        """Everything an expression may name."""
        own = {"row", "locked", "cont"} if self.minutes else {"row", "rows_left"}
        return sorted({*self.rows, *self.days, *self.derived, *own, *CONSTANTS})


def _time_frame(minutes: int, least: int) -> Frame:
    name = "minute" if minutes == 1 else f"bar{minutes}"
    rows = {**PRICES, **SIZES} | ({} if minutes == 1 else {"locked": PLAIN})
    return Frame(name, rows, DAY_NUMBERS, DERIVED, minutes, least, 120 // minutes)


FRAMES = {
    frame.name: frame
    for frame in (
        *(_time_frame(m, least) for m, least in ((1, 60), (5, 24), (10, 12), (15, 8), (30, 4))),
        Frame(
            "vbar",
            {**PRICES, "vwap": PRICE_UNIT, "before": PRICE_UNIT, "minutes": PLAIN, "age": PLAIN},
            {"suspended": PLAIN},
            VBAR_DERIVED,
            0,
            10,
        ),
    )
}
LEAST_IN_BAR = 5
