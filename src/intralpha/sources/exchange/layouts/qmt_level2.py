"""QMT, Level-2: xtquant's l2order, l2transaction and l2quote, epoch milliseconds."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.layout import SessionLayout
from intralpha.sources.exchange.layouts.published import EPOCH_MS, published
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

TIME = (EPOCH_MS.dt.timestamp("ms") + pl.col("time")).alias("time")
SIDES = {"AB": 1, "AS": 2, "DB": 3, "DS": 4}
KINDS = {"": 0, "2": 1, "1": 2, "U": 6}
FLAGS = {"": 0, "N": 0, "B": 1, "S": 2}
LEVELS = range(1, 11)


class QmtLevel2Layout(SessionLayout):
    """``20230103/l2order/600001.SH.csv`` and likewise l2transaction and l2quote."""

    kind: Literal["qmt_level2"] = "qmt_level2"
    about: ClassVar[str] = "Level-2 of xtquant (csv, epoch milliseconds, levels as lists, lots)"

    def files(
        self, day: Day, symbols: list[str], tapes: dict[int, Tape]
    ) -> Iterator[tuple[str, bytes]]:
        """Three files a stock.

        Parameters
        ----------
        day, symbols, tapes : see :meth:`SessionLayout.files`
        """
        for i, tape in tapes.items():
            told = published(tape, symbols[i], day)
            tables = {
                "l2order": _orders(told.orders),
                "l2transaction": _trades(told.trades),
                "l2quote": _quotes(told.books),
            }
            for name, rows in tables.items():
                yield f"{name}/{symbols[i]}.csv", rows.write_csv().encode()


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        TIME,
        "price",
        volume="shares",
        entrustNo="id",
        entrustType=pl.col("kind").replace_strict(KINDS),
        entrustDirection=pl.concat_str("what", "side").replace_strict(SIDES),
    )


def _trades(rows: pl.DataFrame) -> pl.DataFrame:
    """Shanghai counts its trades for themselves."""
    shanghai = pl.col("symbol").str.ends_with("SH")
    flag = pl.col("flag").replace_strict(FLAGS)
    return rows.select(
        TIME,
        "price",
        volume="shares",
        amount=(pl.col("price") * pl.col("shares")).round(2),
        tradeIndex=pl.when(shanghai).then(pl.int_range(1, pl.len() + 1)).otherwise("number"),
        buyNo="buy",
        sellNo="sell",
        tradeType=pl.lit(0),
        tradeFlag=pl.when(pl.col("what") == "4").then(3).otherwise(flag),
    )


def _quotes(rows: pl.DataFrame) -> pl.DataFrame:
    def listed(side: str, what: str, unit: int) -> pl.Expr:
        values = [(pl.col(f"{side}_{what}{k}").fill_null(0) // unit) for k in LEVELS]
        if what == "price":
            values = [pl.col(f"{side}_{what}{k}").fill_null(0.0) for k in LEVELS]
        texts = pl.concat_str([v.cast(pl.String) for v in values], separator=", ")
        return pl.format("[{}]", texts)

    return rows.select(
        TIME,
        lastPrice="last",
        amount="amount",
        volume=pl.col("volume") // 100,
        pvolume="volume",
        transactionNum="trades",
        askPrice=listed("ask", "price", 1),
        bidPrice=listed("bid", "price", 1),
        askVol=listed("ask", "volume", 100),
        bidVol=listed("bid", "volume", 100),
    )
