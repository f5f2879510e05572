"""Published: what exchanges tell of a stock-day in one set of columns, for layouts to rename."""

from dataclasses import dataclass

import polars as pl

from intralpha.sources.exchange.publish import shanghai_files, shenzhen_files
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.snapshots import snapshot_times, snapshots
from intralpha.sources.exchange.tape import Tape


@dataclass(frozen=True)
class Published:
    """A stock-day.

    Attributes
    ----------
    orders : date, symbol, time (ms since midnight), number, id, what (A, D), side (B, S), kind (1
        market, 2 limit, U own-best; empty in Shanghai), price (CNY), shares
    trades : date, symbol, time, number, buy, sell, flag (B, S, N; empty in Shenzhen), what (F, 4),
        price, shares; cancels of Shenzhen are among them
    books : date, symbol, time, sums of the day so far and ten levels, every 3 seconds from the
        first trade on; null where there is no level
    """

    orders: pl.DataFrame
    trades: pl.DataFrame
    books: pl.DataFrame


def published(tape: Tape, symbol: str, day: Day) -> Published:
    """What is told of a stock-day.

    Parameters
    ----------
    tape : the truth
    symbol : of the stock
    day : session
    """
    tables = _shanghai(tape, symbol) if symbol.endswith("SH") else _shenzhen(tape, symbol, day)
    books = snapshots(tape, snapshot_times(), symbol, day.on).filter(pl.col("trades") > 0)
    key = (pl.lit(day.on).alias("date"), pl.lit(symbol).alias("symbol"))
    orders, trades, books = (table.select(*key, pl.all()) for table in (*tables, books))
    return Published(orders, trades, books)


def _shanghai(tape: Tape, symbol: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    orders, trades = shanghai_files(tape, symbol[:6])
    return orders.select(
        time=_ms("OrderTime"),
        number="BizIndex",
        id="OrderNO",
        what="OrderType",
        side="OrderBSFlag",
        kind=pl.lit(""),
        price="OrderPrice",
        shares="Balance",
    ), trades.select(
        time=_ms("TradTime"),
        number="BizIndex",
        buy="TradeBuyNo",
        sell="TradeSellNo",
        flag="TradeBSFlag",
        what=pl.lit("F"),
        price="TradPrice",
        shares="TradVolume",
    )


def _shenzhen(tape: Tape, symbol: str, day: Day) -> tuple[pl.DataFrame, pl.DataFrame]:
    orders, trades = shenzhen_files(tape, symbol[:6], day.on)
    return orders.select(
        time=_ms("TransactTime"),
        number="ApplSeqNum",
        id="ApplSeqNum",
        what=pl.lit("A"),
        side=pl.col("Side").replace_strict({"1": "B", "2": "S"}),
        kind="OrdType",
        price="Price",
        shares="OrderQty",
    ), trades.select(
        time=_ms("TradeTime"),
        number="ApplSeqNum",
        buy="BidApplSeqNum",
        sell="OfferApplSeqNum",
        flag=pl.lit(""),
        what="ExecType",
        price="TradePrice",
        shares="TradeQty",
    )


def _ms(clock: str) -> pl.Expr:
    """Milliseconds since midnight of a text that ends with HH:MM:SS.mmm."""
    return pl.col(clock).str.tail(12).str.to_time("%H:%M:%S%.3f").cast(pl.Int64) // 1_000_000


def clock_number(ms: pl.Expr) -> pl.Expr:
    """HHMMSSmmm as a number, without a leading zero.

    Parameters
    ----------
    ms : milliseconds since midnight
    """
    seconds = ms // 1000
    clock = seconds // 3600 * 10_000 + seconds // 60 % 60 * 100 + seconds % 60
    return clock.cast(pl.Int64) * 1000 + ms % 1000


def scaled(value: pl.Expr, scale: int) -> pl.Expr:
    """A value as a whole number of so many parts; 0 where there is none.

    Parameters
    ----------
    value : price in CNY, shares or an amount in CNY
    scale : parts a unit
    """
    return (value * scale).round().cast(pl.Int64).fill_null(0)
