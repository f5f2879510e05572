"""RiceQuant: order_book_id and total_turnover; what get_price gives, its index as columns."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import DAY, END_TEXT, JOINT
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

PRICES = {name: pl.col(name).round(4) for name in ("open", "close", "high", "low")}
TRADING = {"volume": pl.col("volume").cast(pl.Float64), "total_turnover": pl.col("amount")}


class RiceQuantLayout(SheetLayout):
    """``daily/2023-01.csv``, ``5m/600001.XSHG.csv``; suspended days stand at the close before."""

    kind: Literal["ricequant"] = "ricequant"
    about: ClassVar[str] = "daily with limits, 5 minutes (csv)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("daily/{}.csv", pl.col("date").dt.strftime("%Y-%m")),
            {
                "order_book_id": JOINT,
                "date": DAY,
                **PRICES,
                "limit_up": pl.col("up_limit").round(4),
                "limit_down": pl.col("down_limit").round(4),
                "prev_close": pl.col("preclose").round(4),
                **TRADING,
            },
        ),
        Sheet(
            "bars",
            pl.format("5m/{}.csv", JOINT),
            {"order_book_id": JOINT, "datetime": END_TEXT, **PRICES, **TRADING},
        ),
    )
