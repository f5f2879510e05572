"""Snapshots: the ten best levels of the book at given times, rebuilt from a tape alone."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.market.ticks import Ticks
from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.tape import Tape
from intralpha.sources.replay.book import DEPTH
from intralpha.sources.replay.rows import STEP_MS, book_rows, snapshot_times

__all__ = ["DEPTH", "STEP_MS", "snapshot_times", "snapshots", "tape_ticks"]


def snapshots(
    tape: Tape, times_ms: np.ndarray, symbol: str = "000001.SZ", on: date = date(2023, 1, 3)
) -> pl.DataFrame:
    """Ten levels, last price and sums of the day so far at each time.

    Parameters
    ----------
    tape : a stock-day
    times_ms : ascending; what is stamped exactly at a time is in its snapshot
    symbol, on : stock and session, which tell whether the day ends with a call auction

    Returns
    -------
    DataFrame
        What :func:`~intralpha.sources.replay.rows.book_rows` gives, less date and symbol.
    """
    rows = book_rows(*tape_ticks([tape], [symbol], on), times_ms, ticks_per_yuan=TICKS_PER_YUAN)
    return rows.drop("date", "symbol")


def tape_ticks(tapes: list[Tape], symbols: list[str], on: date) -> tuple[Ticks, Ticks]:
    """The truth as ticks: orders with cancels, and trades, of one session.

    Parameters
    ----------
    tapes : one a stock
    symbols : sorted, one a tape
    on : session
    """
    orders = _stacked(on, "orders", symbols, [_orders(tape) for tape in tapes])
    return orders, _stacked(on, "trades", symbols, [_trades(tape) for tape in tapes])


def _orders(tape: Tape) -> dict[str, np.ndarray]:
    """Orders and cancels by sequence; a cancel repeats the side, price and kind of its order."""
    of = np.searchsorted(tape.order_seq, tape.cancel_id)
    price = tape.order_tick / TICKS_PER_YUAN
    kind = tape.order_kind.astype(np.int8)
    both = {
        "seq": (tape.order_seq, tape.cancel_seq),
        "time": (tape.order_time, tape.cancel_time),
        "id": (tape.order_seq, tape.cancel_id),
        "side": (tape.order_side, tape.order_side[of]),
        "price": (price, price[of]),
        "volume": (tape.order_shares, tape.cancel_shares),
        "kind": (kind, kind[of]),
        "cancel": (np.zeros(len(kind), np.bool_), np.ones(len(of), np.bool_)),
    }
    rows = {name: np.concatenate(parts) for name, parts in both.items()}
    order = np.argsort(rows["seq"])
    return {name: values[order] for name, values in rows.items()}


def _trades(tape: Tape) -> dict[str, np.ndarray]:
    return {
        "seq": tape.trade_seq,
        "time": tape.trade_time,
        "price": tape.trade_tick / TICKS_PER_YUAN,
        "volume": tape.trade_shares,
        "buy_id": tape.trade_buy,
        "sell_id": tape.trade_sell,
        "side": tape.trade_side,
    }


def _stacked(on: date, table: str, symbols: list[str], parts: list[dict[str, np.ndarray]]) -> Ticks:
    """Stock after stock."""
    bounds = np.cumsum([0, *(len(part["seq"]) for part in parts)]).astype(np.int64)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Ticks(on, table, np.array(symbols), bounds, columns)
