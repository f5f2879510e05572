"""AX log: orders, trades and snapshots of a stock-day as lines of key=value in one file."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import polars as pl

from intralpha.sources.exchange.layouts.layout import SessionLayout
from intralpha.sources.exchange.layouts.published import (
    Published,
    clock_number,
    published,
    scaled,
)
from intralpha.sources.exchange.publish import CHANNEL
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.tape import Tape

SHANGHAI, SHENZHEN = 101, 102
SNAPSHOT, TRADE, ORDER = 111, 191, 192
LETTERS = {text: ord(text) for text in "ABDFNSU124"}
DATED = pl.col("date").dt.strftime("%Y%m%d") + clock_number(pl.col("time")).cast(
    pl.String
).str.zfill(9)


class AxLogLayout(SessionLayout):
    """``20230103/AX_sbe_sse_600001.log``: a line a record, without the lines of bytes."""

    kind: Literal["ax_log"] = "ax_log"
    about: ClassVar[str] = "Level-2, one log of key=value a stock-day with three types of records"

    def files(self, day: Day, symbol: str, tape: Tape) -> Iterator[tuple[str, bytes]]:
        """One file a stock.

        Parameters
        ----------
        day, symbol, tape : see :meth:`SessionLayout.files`
        """
        told = published(tape, symbol, day)
        shanghai = symbol.endswith("SH")
        lines = _shanghai(told) if shanghai else _shenzhen(told)
        name = f"AX_sbe_{'sse' if shanghai else 'szse'}_{symbol[:6]}.log"
        yield name, ("\n".join(lines) + "\n").encode()


def _lines(source: int, kind: int, rows: pl.DataFrame, fields: dict[str, pl.Expr]) -> pl.DataFrame:
    """A line a row, with its time; widths of values as they come."""
    head = {
        "SecurityIDSource": pl.lit(source),
        "MsgType": pl.lit(kind),
        "SecurityID": pl.col("symbol").str.head(6) + "  ",
        "ChannelNo": pl.lit(CHANNEL),
    }
    texts = [pl.format(key + "={}", value) for key, value in (head | fields).items()]
    line = pl.lit("//") + pl.concat_str(texts, separator=" ") + " resv= "
    return rows.select("time", line=line)


def _letter(field: str) -> pl.Expr:
    return pl.col(field).replace_strict(LETTERS, default=0)


def _levels(scale: int, shares: int) -> dict[str, pl.Expr]:
    return {
        f"{side.title()}Level[{k}].{name}": scaled(pl.col(f"{side}_{field}{k + 1}"), unit)
        for k in range(10)
        for side in ("bid", "ask")
        for name, field, unit in (("Price", "price", scale), ("Qty", "volume", shares))
    }


def _sums(scale: int, shares: int, amount: int) -> dict[str, pl.Expr]:
    return {
        "NumTrades": pl.col("trades"),
        "TotalVolumeTrade": scaled(pl.col("volume"), shares),
        "TotalValueTrade": scaled(pl.col("amount"), amount),
        "LastPx": scaled(pl.col("last"), scale),
        **_levels(scale, shares),
    }


def _shanghai(told: Published) -> list[str]:
    """Times of orders and trades are hundredths of a second, of snapshots seconds."""
    clock = clock_number(pl.col("time"))
    price, shares = (scaled(pl.col(name), 1000) for name in ("price", "shares"))
    order = {
        "OrderNo": pl.col("id"),
        "Price": price,
        "OrderQty": shares,
        "OrdType": _letter("what"),
        "Side": _letter("side"),
        "TransactTime": clock // 10,
        "BizIndex": pl.col("number"),
    }
    trade = {
        "BidApplSeqNum": pl.col("buy"),
        "OfferApplSeqNum": pl.col("sell"),
        "LastPx": price,
        "LastQty": shares,
        "ExecType": _letter("flag"),
        "TransactTime": clock // 10,
        "BizIndex": pl.col("number"),
    }
    book = {**_sums(1000, 1000, 100_000), "DataTimeStamp": clock // 1000}
    return _together(SHANGHAI, told, order, trade, book)


def _shenzhen(told: Published) -> list[str]:
    price, shares = scaled(pl.col("price"), 10_000), scaled(pl.col("shares"), 100)
    side = pl.col("side").replace_strict({"B": ord("1"), "S": ord("2")})
    order = {
        "ApplSeqNum": pl.col("number"),
        "Price": price,
        "OrderQty": shares,
        "Side": side,
        "OrdType": _letter("kind"),
        "TransactTime": DATED,
    }
    trade = {
        "ApplSeqNum": pl.col("number"),
        "BidApplSeqNum": pl.col("buy"),
        "OfferApplSeqNum": pl.col("sell"),
        "LastPx": price,
        "LastQty": shares,
        "ExecType": _letter("what"),
        "TransactTime": DATED,
    }
    book = {**_sums(1_000_000, 100, 10_000), "TransactTime": DATED}
    return _together(SHENZHEN, told, order, trade, book)


def _together(
    source: int,
    told: Published,
    order: dict[str, pl.Expr],
    trade: dict[str, pl.Expr],
    book: dict[str, pl.Expr],
) -> list[str]:
    """All lines by their time."""
    parts = ((ORDER, told.orders, order), (TRADE, told.trades, trade), (SNAPSHOT, told.books, book))
    lines = [_lines(source, kind, rows, fields) for kind, rows, fields in parts]
    times = [table.with_columns(pl.col("time").cast(pl.Int64)) for table in lines]
    return pl.concat(times).sort("time", maintain_order=True)["line"].to_list()
