"""QMT, Level-2: xtquant's l2order, l2transaction and l2quote, epoch milliseconds."""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.forms import epoch_ms
from intralpha.sources.exchange.layouts.layout import SessionLayout
from intralpha.sources.exchange.layouts.published import published
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

TIME = (epoch_ms(pl.col("date")) + pl.col("time")).alias("time")
SIDES = {"AB": 1, "AS": 2, "DB": 3, "DS": 4}
KINDS = {"": 0, "2": 1, "1": 2, "U": 6}
FLAGS = {"": 0, "N": 0, "B": 1, "S": 2}
LEVELS = range(1, 11)


class QmtLevel2Layout(SessionLayout):
    """``20230103/l2order/600001.SH.csv`` and likewise l2transaction and l2quote."""

    kind: Literal["qmt_level2"] = "qmt_level2"
    about: ClassVar[str] = "Level-2 of xtquant (csv, epoch milliseconds, levels as lists, lots)"

    def files(self, day: Day, symbol: str, tape: Tape) -> Iterator[tuple[str, bytes]]:
        """Three files a stock.

        Parameters
        ----------
        day, symbol, tape : see :meth:`SessionLayout.files`
        """
        told = published(tape, symbol, day)
        tables = {
            "l2order": _orders(told.orders),
            "l2transaction": _trades(told.trades),
            "l2quote": _quotes(told.books),
        }
        for name, rows in tables.items():
            yield f"{name}/{symbol}.csv", rows.write_csv().encode()


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
    return rows.select(
        TIME,
        lastPrice="last",
        amount="amount",
        volume=pl.col("volume") // 100,
        pvolume="volume",
        transactionNum="trades",
        askPrice=_listed(pl.col(f"ask_price{k}").fill_null(0.0) for k in LEVELS),
        bidPrice=_listed(pl.col(f"bid_price{k}").fill_null(0.0) for k in LEVELS),
        askVol=_listed(pl.col(f"ask_volume{k}").fill_null(0) // 100 for k in LEVELS),
        bidVol=_listed(pl.col(f"bid_volume{k}").fill_null(0) // 100 for k in LEVELS),
    )


def _listed(levels: Iterable[pl.Expr]) -> pl.Expr:
    """Values of all levels as one text."""
    texts = pl.concat_str([level.cast(pl.String) for level in levels], separator=", ")
    return pl.format("[{}]", texts)
