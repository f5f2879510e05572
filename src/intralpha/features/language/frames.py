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
    "net_active": "buy_amount - sell_amount",
    "day_volume": "sum(volume) + auction_volume",
    "day_amount": "sum(amount) + auction_amount",
    "day_trades": "sum(trades) + auction_trades",
}
# Of minutes that were made from trades and snapshots; NaN where they were not.
LEVEL2 = {
    **dict.fromkeys(("buy_volume", "sell_volume"), SHARE_UNIT),
    **dict.fromkeys(("buy_amount", "sell_amount"), CNY_UNIT),
    **dict.fromkeys(("buy_trades", "sell_trades"), TRADE_UNIT),
    **dict.fromkeys(("big_buy_amount", "big_sell_amount", "net_bid"), CNY_UNIT),
    **dict.fromkeys(("spread", "depth_imbalance", "quotes"), PLAIN),
}
# Residuals of the regression of returns over 20 sessions, this one included.
SURPRISE = "surprise"
# Whether an order is big is known when the day is over, and so is what the whole day explains.
LATE_ROWS = ("big_buy_amount", "big_sell_amount", SURPRISE)
TICK_DAYS = {
    **dict.fromkeys(("theta", "middle", "day_amount"), CNY_UNIT),
    "day_volume": SHARE_UNIT,
    "suspended": PLAIN,
}
SIDES = {"buy": "side > 0", "sell": "side < 0"}
TRADE_DERIVED = SIDES | {
    "buy_big": "buy_total >= theta",
    "sell_big": "sell_total >= theta",
    "active_big": "buy & buy_big | sell & sell_big",
    "active_big_buy": "buy & buy_big",
    "big_sides": "where(buy_big, 1, 0) + where(sell_big, 1, 0)",
}
QUOTE = {"p": PRICE_UNIT, "q": SHARE_UNIT, "n": PLAIN}
LEVELS = 10
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
    rows = {**PRICES, **SIZES, **LEVEL2, SURPRISE if minutes == 1 else "locked": PLAIN}
    return Frame(name, rows, DAY_NUMBERS, DERIVED, minutes, least, 120 // minutes)


def _tick_frames() -> tuple[Frame, ...]:
    plain = dict.fromkeys(("side", "minute"), PLAIN)
    price = {"price": PRICE_UNIT, "volume": SHARE_UNIT}
    totals = dict.fromkeys(("amount", "buy_total", "sell_total"), CNY_UNIT)
    trade = {**price, **totals, **plain, "step": PLAIN, "locked": PLAIN}
    order = {**price, **plain, "limit": PLAIN}
    parent = {"side": PLAIN, "amount": CNY_UNIT, "volume": SHARE_UNIT, "fills": TRADE_UNIT}
    levels = range(1, LEVELS + 1)
    book = {f"{side}{w}{n}": QUOTE[w] for side in "ba" for w in QUOTE for n in levels}
    mid = {"mid": "(bp1 + ap1) / 2"}
    return (
        Frame("trade", trade, TICK_DAYS, TRADE_DERIVED, 0, 60),
        Frame("order", order, TICK_DAYS, SIDES, 0, 50),
        Frame("parent", parent, TICK_DAYS, SIDES, 0, 50),
        Frame("snapshot", {**book, "minute": PLAIN}, TICK_DAYS, mid, 0, 60),
    )


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
        *_tick_frames(),
    )
}
TICK_FRAMES = ("trade", "order", "parent", "snapshot")
LEAST_IN_BAR = 5
