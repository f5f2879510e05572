"""Orders: rows of the lake's table, orders as they were entered and what was taken back."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from intralpha.market.ticks import ORDER_KINDS
from intralpha.sources.level2.register import NOWHERE, Register
from intralpha.sources.level2.rows import CANCEL, ORDER, symbols_of
from intralpha.sources.level2.sequence import set_aside
from intralpha.sources.level2.shanghai import rebuild

SECOND = "a second record of the same order"
UNLISTED_CANCEL = "cancels of orders that never appeared"
UNLISTED_TRADE = "trades of orders that never appeared"
TOO_MUCH = "orders with more shares traded and taken back than entered"
NO_ORDERS = "stock-days of trades without order records"
NO_TRADES = "stock-days of orders without trades"
SHANGHAI = pl.col("stock") % 4 == 0
SHOWN = ("rank", "date", "stock", "seq", "time", "id", "side", "price", "volume", "kind")


@dataclass(frozen=True)
class Orders:
    """Orders and cancels of some stock-days.

    Attributes
    ----------
    rows : of the lake's table
    bad : quarantine
    repairs, notes : what was rebuilt, what was seen -> how often
    """

    rows: pl.DataFrame
    bad: pl.DataFrame
    repairs: Counter[str]
    notes: Counter[str]


def make_orders(events: pl.DataFrame, trades: pl.DataFrame, names: list[str], live: bool) -> Orders:
    """Rows of ``orders`` from the events of some stock-days.

    Parameters
    ----------
    events : orders and cancels in sequence
    trades : of the same stock-days, with their active side
    names : of the files, by their number
    live : files still grow: orders after a stock's last trade wait for more
    """
    entered, bad = _first_records(events.filter(pl.col("what") == ORDER), names)
    # Without records nothing says what rested: no orders are made of Shanghai's trades alone.
    recorded = entered.select("rank").unique()
    traded = trades.join(recorded, on="rank", how="semi", maintain_order="left")
    traded = _placed(traded, Register(entered))
    lone = trades.join(recorded, on="rank", how="anti")
    whole, repairs, notes = rebuild(entered, traded.filter(SHANGHAI), live)
    register = Register(whole)
    cancels, unlisted = _with_orders(events.filter(pl.col("what") == CANCEL), whole, register)
    notes |= {
        NO_ORDERS: lone["rank"].n_unique(),
        NO_TRADES: recorded.join(trades, on="rank", how="anti").height,
        UNLISTED_TRADE: _never_listed(traded),
        UNLISTED_CANCEL: unlisted,
        TOO_MUCH: _too_much(whole, register, traded, cancels),
    }
    both = pl.concat(
        part.select(*SHOWN, cancel=pl.lit(value=cancel))
        for part, cancel in ((whole, False), (cancels, True))
    )
    return Orders(
        _rows(both.sort("rank", "seq", maintain_order=True)), bad, Counter(repairs), Counter(notes)
    )


def _first_records(entered: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each order once; further records of it are set aside."""
    repeats = Register(entered).repeated()
    if not repeats.any():
        return entered, set_aside(entered[:0], names, SECOND)
    return entered.filter(~repeats), set_aside(entered.filter(repeats), names, SECOND)


def _placed(trades: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Trades with the places of both orders; in auctions the buyer's counts as the active one."""
    bought, sold = (register.find(trades["rank"], trades[f"{s}_id"]) for s in ("buy", "sell"))
    buys = trades["side"].to_numpy() >= 0
    return trades.with_columns(
        pl.Series("active_at", np.where(buys, bought, sold)),
        pl.Series("buy_lost", (bought == NOWHERE) & (trades["buy_id"].to_numpy() > 0)),
        pl.Series("sell_lost", (sold == NOWHERE) & (trades["sell_id"].to_numpy() > 0)),
    )


def _never_listed(trades: pl.DataFrame) -> int:
    """Trades with an order that should have been listed and is not.

    Shenzhen lists every order; Shanghai does not list the active one of a continuous trade.
    """
    lost = (pl.col("buy_lost") & ~(SHANGHAI & (pl.col("side") > 0))) | (
        pl.col("sell_lost") & ~(SHANGHAI & (pl.col("side") < 0))
    )
    return int(trades.select(lost.sum()).item())


def _with_orders(
    cancels: pl.DataFrame, orders: pl.DataFrame, register: Register
) -> tuple[pl.DataFrame, int]:
    """Cancels with side, price and kind of their orders, and how many have none.

    What a cancel's own record says of side and price is used where the order is not known.
    """
    at = pl.Series(register.find(cancels["rank"], cancels["id"]))
    place = at.set(at == NOWHERE, None)
    none = {c: pl.lit(None, orders.schema[c]) for c in ("side", "price", "kind")}
    of_order = {c: orders[c].gather(place) for c in none} if orders.height else none
    own_side = pl.when(pl.col("side").is_in([1, -1])).then("side")
    price = pl.col("price").fill_nan(None)
    made = cancels.with_columns(
        pl.coalesce(of_order["side"], own_side, pl.lit(0, pl.Int8)).alias("side"),
        pl.coalesce(of_order["price"], price, pl.lit(0.0)).alias("price"),
        pl.coalesce(of_order["kind"], "kind").alias("kind"),
    )
    return made, place.null_count()


def _too_much(
    orders: pl.DataFrame, register: Register, trades: pl.DataFrame, cancels: pl.DataFrame
) -> int:
    """Orders whose fills and cancels do not fit into their size."""
    gone = np.zeros(orders.height, np.int64)
    for rows, column in ((trades, "buy_id"), (trades, "sell_id"), (cancels, "id")):
        place = register.find(rows["rank"], rows[column])
        there = place != NOWHERE
        np.add.at(gone, place[there], rows["volume"].to_numpy()[there])
    return int((gone > orders["volume"].to_numpy()).sum())


def _rows(events: pl.DataFrame) -> pl.DataFrame:
    kinds = pl.Series(ORDER_KINDS).gather(events["kind"])
    return events.select(
        "date",
        symbols_of(events["stock"]).alias("symbol"),
        *("seq", "time", "id"),
        pl.col("side").cast(pl.Int16),
        *("price", "volume"),
        kinds.alias("kind"),
        "cancel",
    )
