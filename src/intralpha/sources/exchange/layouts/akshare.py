"""akshare: Chinese headers, a file a stock, volume in whole lots."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import (
    CHANGE,
    CODE,
    DAY,
    END_TEXT,
    LOTS,
    PERCENT,
    TRADED,
    TURNOVER,
)
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

PRICES = {
    "开盘": pl.col("open").round(2),
    "收盘": pl.col("close").round(2),
    "最高": pl.col("high").round(2),
    "最低": pl.col("low").round(2),
}
RANGE = (pl.col("high") - pl.col("low")) / pl.col("preclose") * 100
TRADING = {"成交量": LOTS.round(0).cast(pl.Int64), "成交额": pl.col("amount").round(2)}


class AkshareLayout(SheetLayout):
    """``daily/600001.csv`` and ``5min/600001.csv``; suspended days have no daily row.

    No previous close: it follows from the change. The exchange follows from the number.
    """

    kind: Literal["akshare"] = "akshare"
    about: ClassVar[str] = "daily, 5 minutes (csv, Chinese headers)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}.csv", CODE),
            {
                "日期": DAY,
                "股票代码": CODE,
                **PRICES,
                **TRADING,
                "振幅": RANGE.round(2),
                "涨跌幅": PERCENT.round(2),
                "涨跌额": CHANGE,
                "换手率": TURNOVER.round(2),
            },
            keep=TRADED,
            encoding="utf-8-sig",
        ),
        Sheet(
            "bars",
            pl.format("5min/{}.csv", CODE),
            {"时间": END_TEXT, **PRICES, **TRADING},
            encoding="utf-8-sig",
        ),
    )
