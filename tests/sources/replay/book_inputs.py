"""Ticks for the tests of the book: from rows by hand, and from Shanghai's files of a real day.

The reading of Shanghai's files is written from the rules of the exchange, apart from the readers.
"""

import io
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.market import validate
from intralpha.market.ticks import ORDER_KINDS, Ticks

ON = date(2023, 2, 1)
REAL = "level2/sh600519_20230201_datayes.zip"
ORDER_NAMES = ("seq", "time", "id", "side", "price", "volume", "kind", "cancel")
TRADE_NAMES = ("seq", "time", "price", "volume", "buy_id", "sell_id", "side")


def ticks(table: str, rows: pl.DataFrame, on: date = ON) -> Ticks:
    """Rows with a symbol as ticks."""
    rows = rows.sort("symbol", "seq", maintain_order=True)
    symbols, first = np.unique(rows["symbol"].to_numpy().astype(str), return_index=True)
    names = ORDER_NAMES if table == "orders" else TRADE_NAMES
    columns = {name: rows[name].to_numpy() for name in names if name != "kind"}
    if table == "orders":
        columns["kind"] = np.array([ORDER_KINDS.index(k) for k in rows["kind"]], np.int8)
    return Ticks(on, table, symbols, np.append(first, rows.height).astype(np.int64), columns)


def order_frame(rows: list[tuple], symbol: str = "600000.SH") -> pl.DataFrame:
    """Rows (seq, time, id, side, price, volume, kind, cancel)."""
    schema = [pl.Int64, pl.Int32, pl.Int64, pl.Int16, pl.Float64, pl.Int64, pl.String, pl.Boolean]
    named = dict(zip(ORDER_NAMES, schema, strict=True))
    return pl.DataFrame(rows, schema=named, orient="row").with_columns(symbol=pl.lit(symbol))


def trade_frame(rows: list[tuple], symbol: str = "600000.SH") -> pl.DataFrame:
    """Rows (seq, time, price, volume, buy_id, sell_id, side)."""
    schema = [pl.Int64, pl.Int32, pl.Float64, pl.Int64, pl.Int64, pl.Int64, pl.Int16]
    named = dict(zip(TRADE_NAMES, schema, strict=True))
    return pl.DataFrame(rows, schema=named, orient="row").with_columns(symbol=pl.lit(symbol))


def real_600519(root: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Orders as entered, trades and published snapshots of 600519 on 2023-02-01."""
    with zipfile.ZipFile(root / REAL) as archive:
        inside = {Path(name).stem: name for name in archive.namelist() if name.endswith(".csv")}
        csv = {
            stem: pl.read_csv(io.BytesIO(archive.read(name)), infer_schema_length=None)
            for stem, name in inside.items()
        }
    entrust, trade = csv["entrust"], csv["trade"]
    return (
        orders_of_shanghai(entrust, trade),
        trades_of_shanghai(trade),
        _snapshots(csv["snapshot"]),
    )


def _ms(text: pl.Expr) -> pl.Expr:
    clock = text.str.to_time("%H:%M:%S%.3f").cast(pl.Int64)
    return (clock // 1_000_000).cast(pl.Int32)


def trades_of_shanghai(trade: pl.DataFrame) -> pl.DataFrame:
    side = pl.col("TradeBSFlag").replace_strict({"B": 1, "S": -1, "N": 0}, return_dtype=pl.Int16)
    return trade.select(
        symbol=pl.lit("600519.SH"),
        seq="BizIndex",
        time=_ms(pl.col("TradTime")),
        price=pl.col("TradPrice").round(2),
        volume="TradVolume",
        buy_id="TradeBuyNo",
        sell_id="TradeSellNo",
        side=side,
    )


def orders_of_shanghai(entrust: pl.DataFrame, trade: pl.DataFrame) -> pl.DataFrame:
    """Listed rests put together with what the same order traded before it was listed."""
    rows: dict[int, list] = {}
    for number, flag, price, volume, seq, clock in (
        trade.filter(pl.col("TradeBSFlag") != "N")
        .select(
            pl.max_horizontal("TradeBuyNo", "TradeSellNo"),
            "TradeBSFlag",
            "TradPrice",
            "TradVolume",
            "BizIndex",
            _ms(pl.col("TradTime")),
        )
        .iter_rows()
    ):
        side = 1 if flag == "B" else -1
        mine = rows.setdefault(number, [seq, clock, number, side, price, 0, "limit", False])
        mine[4] = max(mine[4], price) if side == 1 else min(mine[4], price)
        mine[5] += volume
    cancels = []
    for kind, number, flag, price, volume, seq, clock in entrust.select(
        "OrderType", "OrderNO", "OrderBSFlag", "OrderPrice", "Balance", "BizIndex",
        _ms(pl.col("OrderTime")),
    ).iter_rows():  # fmt: skip
        side = 1 if flag == "B" else -1
        if kind == "D":
            cancels.append((seq, clock, number, side, price, volume, "limit", True))
        elif number in rows:
            rows[number][4] = price
            rows[number][5] += volume
        else:
            rows[number] = [seq, clock, number, side, price, volume, "limit", False]
    whole = order_frame([*(tuple(row) for row in rows.values()), *cancels], "600519.SH")
    return whole.with_columns(pl.col("price").round(2)).sort("seq")


def _snapshots(raw: pl.DataFrame) -> pl.DataFrame:
    columns = {
        "date": pl.lit(ON),
        "symbol": pl.lit("600519.SH"),
        "time": _ms(pl.col("UpdateTime")),
        "last": pl.col("LastPrice").cast(pl.Float64).round(2),
        "volume": pl.col("TradVolume").cast(pl.Int64),
        "amount": pl.col("Turnover").cast(pl.Float64),
        "trades": pl.col("TradNumber").cast(pl.Int32),
    }
    for side, vendor, letter in (("bid", "Bid", "B"), ("ask", "Ask", "S")):
        parts = (
            ("price", f"{vendor}Price", pl.Float64),
            ("volume", f"{vendor}Volume", pl.Int64),
            ("orders", f"NumOrders{letter}", pl.Int32),
        )
        for what, name, kind in parts:
            for k in range(1, 11):
                price = pl.col(f"{vendor}Price{k}").cast(pl.Float64)
                value = pl.col(f"{name}{k}").cast(kind)
                value = value.round(2) if what == "price" else value
                columns[f"{side}_{what}{k}"] = pl.when(price > 0).then(value)
    shown = (pl.col("volume") > 0) | pl.col("bid_price1").is_not_null()
    return raw.select(**columns).filter(shown).sort("time", maintain_order=True)


def as_lake_rows(rows: pl.DataFrame, table: str, on: date = ON) -> pl.DataFrame:
    """Rows in the declared form of a table."""
    return validate(table, rows.with_columns(date=pl.lit(on)))
