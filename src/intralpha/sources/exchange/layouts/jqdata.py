"""JQData: codes like 600000.XSHG, money, limits; what get_price gives of several stocks at once."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import DAY, END_TEXT, JOINT, TRADED
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

PRICES = {name: pl.col(name).round(2) for name in ("open", "close", "high", "low")}
TRADING = {"volume": pl.col("volume").cast(pl.Float64), "money": pl.col("amount")}


class JQDataLayout(SheetLayout):
    """``daily/2023-01.csv``, ``5min/600001.XSHG.csv``; suspended days stand at the close before."""

    kind: Literal["jqdata"] = "jqdata"
    about: ClassVar[str] = "daily with limits, 5 minutes, stocks (csv)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}.csv", pl.col("date").dt.strftime("%Y-%m")),
            {
                "time": DAY,
                "code": JOINT,
                **PRICES,
                **TRADING,
                "factor": pl.lit(1.0),
                "high_limit": pl.col("up_limit").round(2),
                "low_limit": pl.col("down_limit").round(2),
                "avg": pl.when(TRADED).then((pl.col("amount") / pl.col("volume")).round(2)),
                "pre_close": pl.col("preclose").round(2),
                "paused": pl.col("suspended").cast(pl.Float64),
            },
        ),
        Sheet(
            "bars",
            pl.format("5min/{}.csv", JOINT),
            {"time": END_TEXT, "code": JOINT, **PRICES, **TRADING, "factor": pl.lit(1.0)},
        ),
        Sheet(
            "instruments",
            pl.lit("securities.csv"),
            {
                "code": JOINT,
                "display_name": pl.col("name"),
                "name": pl.col("symbol").str.head(6),
                "start_date": pl.col("list_date").dt.strftime("%Y-%m-%d"),
                "end_date": pl.coalesce("delist_date", pl.date(2200, 1, 1)).dt.strftime("%Y-%m-%d"),
                "type": pl.lit("stock"),
            },
        ),
    )
