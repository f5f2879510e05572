"""baostock: codes like sh.600000, a flag that says whether prices are adjusted."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import (
    CODE,
    DAY,
    END,
    PERCENT,
    SMALL,
    TRADED,
    TURNOVER,
    prices,
)
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

SYMBOL = pl.format("{}.{}", SMALL, CODE)
OHLC = prices(("open", "high", "low", "close"))
UNADJUSTED = pl.lit(3)


class BaostockLayout(SheetLayout):
    """``daily/sh.600001.csv`` and ``5min/sh.600001.csv``, a file a stock.

    Suspended days have rows with prices and without a volume.
    """

    kind: Literal["baostock"] = "baostock"
    about: ClassVar[str] = "daily, 5 minutes (csv)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}.csv", SYMBOL),
            {
                "date": DAY,
                "code": SYMBOL,
                **OHLC,
                "preclose": pl.col("preclose").round(4),
                "volume": pl.when(TRADED).then("volume"),
                "amount": pl.when(TRADED).then(pl.col("amount").round(4)),
                "adjustflag": UNADJUSTED,
                "turn": pl.when(TRADED).then(TURNOVER.round(6)),
                "tradestatus": TRADED.cast(pl.Int8),
                "pctChg": pl.when(TRADED).then(PERCENT.round(6)),
                "isST": pl.col("st").cast(pl.Int8),
            },
        ),
        Sheet(
            "bars",
            pl.format("5min/{}.csv", SYMBOL),
            {
                "date": DAY,
                "time": END.dt.strftime("%Y%m%d%H%M%S") + "000",
                "code": SYMBOL,
                **OHLC,
                "volume": pl.col("volume"),
                "amount": pl.col("amount").round(4),
                "adjustflag": UNADJUSTED,
            },
        ),
    )
