"""DataYes: MktEqud with both precloses and capitalisation, minutes with a date and a clock."""

from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import CODE, DAY, JOINT, TRADED, TURNOVER
from intralpha.sources.exchange.layouts.sheets import Sheet, SheetLayout

ZERO_IF_IDLE = {
    c: pl.when(TRADED).then(pl.col(c).round(3)).otherwise(0.0) for c in ("open", "high", "low")
}
EXCHANGE = JOINT.str.tail(4)


class DataYesLayout(SheetLayout):
    """``MktEqud/2023-01.csv`` and ``5min/600001.csv``.

    Open, high and low of a suspended day are 0, its close is the one before.
    """

    kind: Literal["datayes"] = "datayes"
    about: ClassVar[str] = "MktEqud, 5 minutes (csv)"
    freq: ClassVar[int | None] = 5
    sheets: ClassVar[tuple[Sheet, ...]] = (
        Sheet(
            "daily",
            pl.format("MktEqud/{}.csv", pl.col("date").dt.strftime("%Y-%m")),
            {
                "secID": JOINT,
                "ticker": CODE,
                "secShortName": CODE,
                "exchangeCD": EXCHANGE,
                "tradeDate": DAY,
                "preClosePrice": pl.col("preclose").round(3),
                "actPreClosePrice": pl.lit(None, pl.Float64),
                "openPrice": ZERO_IF_IDLE["open"],
                "highestPrice": ZERO_IF_IDLE["high"],
                "lowestPrice": ZERO_IF_IDLE["low"],
                "closePrice": pl.col("close").round(3),
                "turnoverVol": pl.col("volume"),
                "turnoverValue": pl.col("amount"),
                "dealAmount": pl.lit(None, pl.Int64),
                "turnoverRate": (TURNOVER / 100).round(4),
                "accumAdjFactor": pl.lit(None, pl.Float64),
                "negMarketValue": (pl.col("float_shares") * pl.col("close")).round(2),
                "marketValue": (pl.col("total_shares") * pl.col("close")).round(2),
                "isOpen": TRADED.cast(pl.Int8),
            },
        ),
        Sheet(
            "bars",
            pl.format("5min/{}.csv", CODE),
            {
                "dataDate": DAY,
                "exchangeCD": EXCHANGE,
                "ticker": CODE,
                "unit": pl.col("freq"),
                "barTime": pl.col("time").dt.strftime("%H:%M"),
                "closePrice": pl.col("close").round(3),
                "openPrice": pl.col("open").round(3),
                "highPrice": pl.col("high").round(3),
                "lowPrice": pl.col("low").round(3),
                "totalVolume": pl.col("volume"),
                "totalValue": pl.col("amount"),
            },
        ),
    )
