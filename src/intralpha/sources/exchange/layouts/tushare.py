"""tushare: daily rows by day, factors and shares in files beside them, minutes by stock."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import (
    CHANGE,
    COMPACT_DAY,
    END_TEXT,
    LOTS,
    PERCENT,
    TRADED,
    TURNOVER,
    prices,
)
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

KEY = {"ts_code": pl.col("symbol"), "trade_date": COMPACT_DAY}
OHLC = prices(("open", "high", "low", "close"))
TEN_THOUSAND = 1e4


def month_starts(members: pl.DataFrame) -> pl.DataFrame:
    """A row a member and month it belonged to, dated by the first day it did."""
    ends = members.with_columns(pl.col("out_date").fill_null(members["in_date"].max()))
    months = ends.with_columns(
        day=pl.date_ranges(
            pl.col("in_date").dt.month_start(), pl.max_horizontal("in_date", "out_date"), "1mo"
        )
    ).explode("day")
    return months.with_columns(pl.max_horizontal("day", "in_date").alias("day"))


class TushareLayout(SheetLayout):
    """``daily/20230103.csv``, ``adj_factor/...``, ``daily_basic/...``, ``stk_limit/...``, minutes.

    Suspended days have no row in ``daily``; ``adj_factor`` has them. Volume of daily rows in lots
    with two digits, amount in thousand CNY with three.
    """

    kind: Literal["tushare"] = "tushare"
    about: ClassVar[str] = "daily, factors, shares, limits, 5 minutes, stocks, index weights (csv)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}.csv", COMPACT_DAY),
            {
                **KEY,
                **OHLC,
                "pre_close": pl.col("preclose").round(2),
                "change": CHANGE,
                "pct_chg": PERCENT.round(4),
                "vol": LOTS.round(2),
                "amount": (pl.col("amount") / 1000).round(3),
            },
            keep=TRADED,
        ),
        Sheet(
            "daily",
            pl.format("adj_factor/{}.csv", COMPACT_DAY),
            {**KEY, "adj_factor": pl.col("adj_factor")},
        ),
        Sheet(
            "daily",
            pl.format("daily_basic/{}.csv", COMPACT_DAY),
            {
                **KEY,
                "close": pl.col("close").round(2),
                "turnover_rate": TURNOVER.round(4),
                "total_share": (pl.col("total_shares") / TEN_THOUSAND).round(4),
                "float_share": (pl.col("float_shares") / TEN_THOUSAND).round(4),
                "total_mv": (pl.col("total_shares") * pl.col("close") / TEN_THOUSAND).round(4),
                "circ_mv": (pl.col("float_shares") * pl.col("close") / TEN_THOUSAND).round(4),
            },
            keep=TRADED,
        ),
        Sheet(
            "daily",
            pl.format("stk_limit/{}.csv", COMPACT_DAY),
            {
                "trade_date": COMPACT_DAY,
                "ts_code": pl.col("symbol"),
                "up_limit": pl.col("up_limit").round(2),
                "down_limit": pl.col("down_limit").round(2),
            },
        ),
        Sheet(
            "bars",
            pl.format("stk_mins/{}.csv", pl.col("symbol")),
            {
                "ts_code": pl.col("symbol"),
                "trade_time": END_TEXT,
                "close": OHLC["close"],
                "open": OHLC["open"],
                "high": OHLC["high"],
                "low": OHLC["low"],
                "vol": pl.col("volume").cast(pl.Float64),
                "amount": pl.col("amount"),
            },
        ),
        Sheet(
            "instruments",
            pl.lit("stock_basic.csv"),
            {
                "ts_code": pl.col("symbol"),
                "symbol": pl.col("symbol").str.head(6),
                "name": pl.col("name"),
                "area": pl.lit(None, pl.String),
                "industry": pl.lit(None, pl.String),
                "market": pl.col("board"),
                "list_date": pl.col("list_date").dt.strftime("%Y%m%d"),
                "delist_date": pl.col("delist_date").dt.strftime("%Y%m%d"),
            },
        ),
        Sheet(
            "membership",
            pl.format("index_weight/{}.csv", pl.col("day").dt.strftime("%Y%m")),
            {
                "index_code": pl.col("index"),
                "con_code": pl.col("symbol"),
                "trade_date": pl.col("day").dt.strftime("%Y%m%d"),
                "weight": (pl.col("weight") * 100).round(4),
            },
            shape=month_starts,
        ),
    )
