"""QMT: bars of xtquant, a file a stock, epoch milliseconds, volume in lots."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import COMPACT_DAY, END, LOTS, epoch_ms, prices
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

OHLC = prices(("open", "high", "low", "close"))
REST = {
    "volume": LOTS.round(0).cast(pl.Int64),
    "amount": pl.col("amount"),
    "settelementPrice": pl.lit(0.0),
    "openInterest": pl.lit(15),
}


class QmtLayout(SheetLayout):
    """``1d/600001.SH.csv`` and ``5m/600001.SH.csv``, the index as a first column without a name."""

    kind: Literal["qmt"] = "qmt"
    about: ClassVar[str] = "daily, 5 minutes (csv, epoch milliseconds)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("1d/{}.csv", pl.col("symbol")),
            {
                "": COMPACT_DAY,
                "time": epoch_ms(pl.col("date")),
                **OHLC,
                **REST,
                "preClose": pl.col("preclose").round(4),
                "suspendFlag": pl.col("suspended").cast(pl.Int8),
            },
        ),
        Sheet(
            "bars",
            pl.format("5m/{}.csv", pl.col("symbol")),
            {
                "": END.dt.strftime("%Y%m%d%H%M%S"),
                "time": epoch_ms(END),
                **OHLC,
                **REST,
                "preClose": pl.lit(0.0),
                "suspendFlag": pl.lit(0),
            },
        ),
    )
