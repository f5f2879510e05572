"""Wind's Level-2 csv: Chinese names in GBK, prices x 10,000, times as numbers HHMMSSmmm."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.layout import SessionLayout
from intralpha.sources.exchange.layouts.published import clock_number, published, scaled
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

SCALE = 10_000
KINDS = {"2": "0", "1": "1", "U": "U"}
KEY = {
    "万得代码": pl.col("symbol"),
    "交易所代码": pl.col("symbol").str.head(6),
    "自然日": pl.col("date").dt.strftime("%Y%m%d"),
    "时间": clock_number(pl.col("time")),
}
SHANGHAI = pl.col("symbol").str.ends_with("SH")


class WindLevel2Layout(SessionLayout):
    """``20230103/600001.SH/逐笔委托.csv``, ``逐笔成交.csv`` and ``行情.csv``."""

    kind: Literal["wind_level2"] = "wind_level2"
    about: ClassVar[str] = "Level-2 under Wind's names (csv in GBK, prices x 10,000)"

    def files(self, day: Day, symbol: str, tape: Tape) -> Iterator[tuple[str, bytes]]:
        """Three files a stock.

        Parameters
        ----------
        day, symbol, tape : see :meth:`SessionLayout.files`
        """
        told = published(tape, symbol, day)
        tables = {
            "逐笔委托": _orders(told.orders),
            "逐笔成交": _trades(told.trades),
            "行情": _quotes(told.books),
        }
        for name, rows in tables.items():
            yield f"{symbol}/{name}.csv", rows.write_csv().encode("gbk")


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("kind").replace_strict(KINDS, default="")
    return rows.select(
        **KEY,
        委托编号=pl.int_range(1, pl.len() + 1),
        交易所委托号="id",
        委托类型=pl.when(SHANGHAI).then("what").otherwise(kind),
        委托代码="side",
        委托价格=scaled(pl.col("price"), SCALE),
        委托数量="shares",
    )


def _trades(rows: pl.DataFrame) -> pl.DataFrame:
    cancel = pl.col("what") == "4"
    return rows.select(
        **KEY,
        成交编号=pl.when(SHANGHAI).then(pl.int_range(1, pl.len() + 1)).otherwise("number"),
        成交代码=pl.when(cancel).then(pl.lit("C")).otherwise(pl.lit("0")),
        委托代码=pl.lit(""),
        BS标志=pl.when(pl.col("flag") == "").then(pl.lit(" ")).otherwise("flag"),
        成交价格=scaled(pl.col("price"), SCALE),
        成交数量="shares",
        叫卖序号="sell",
        叫买序号="buy",
    )


def _quotes(rows: pl.DataFrame) -> pl.DataFrame:
    names = {"ask_price": "申卖价", "ask_volume": "申卖量", "bid_price": "申买价"}
    names |= {"bid_volume": "申买量"}
    levels = {
        f"{name}{k}": scaled(pl.col(f"{field}{k}"), SCALE if "price" in field else 1)
        for field, name in names.items()
        for k in range(1, 11)
    }
    return rows.select(
        **KEY,
        成交价=scaled(pl.col("last"), SCALE),
        当日累计成交量="volume",
        当日成交额="amount",
        **levels,
    )
