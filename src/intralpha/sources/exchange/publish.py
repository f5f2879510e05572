"""Publish: what each exchange would tell the world of a day, in the layout of a vendor's files.

Shanghai does not list an order that was filled on arrival; of one that was filled in part it
lists the rest, after the trades; cancels are in the order stream; trades carry a flag of the
active side. Orders of the call auctions are listed as entered. Shenzhen lists every order as
entered; cancels are in the trade stream; there is no flag. [Spec 2.4]

Orders of Shanghai that never rest (what is left of a market order, an own-best order without an
own side) leave neither an order nor a cancel behind.
"""

from datetime import date

import numpy as np
import polars as pl

from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.tape import BUY, LIMIT, NO_SIDE, OWN_BEST, SELL, Tape

FLAGS = {BUY: "B", SELL: "S", NO_SIDE: "N"}
ORDER_TYPES = ("2", "1", "U")
CHANNEL = 1


def shanghai_files(tape: Tape, code: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Order file and trade file of a Shanghai stock-day.

    Parameters
    ----------
    tape : the truth
    code : six digits

    Returns
    -------
    entrust, trade : tables
        One BizIndex counts the published records of both, in the order they were published.
        OrderNO is the order's number on the tape. Prices in CNY, Balance and TradVolume in
        shares, times HH:MM:SS.mmm.
    """
    aggressor = np.where(tape.trade_side == BUY, tape.trade_buy, tape.trade_sell)
    active = tape.trade_side != NO_SIDE
    place = np.searchsorted(tape.order_seq, aggressor[active])
    at_once = np.zeros(len(tape.order_seq), np.int64)
    np.add.at(at_once, place, tape.trade_shares[active])
    after = tape.order_seq.astype(np.float64)
    np.maximum.at(after, place, tape.trade_seq[active] + 0.5)
    rests = _rests(tape)
    listed = rests & (tape.order_shares > at_once)
    orders = pl.DataFrame(
        {
            "key": after[listed],
            "OrderTime": _clock(tape.order_time[listed]),
            "OrderType": ["A"] * int(listed.sum()),
            "OrderNO": tape.order_seq[listed],
            "OrderPrice": tape.order_tick[listed] / TICKS_PER_YUAN,
            "Balance": (tape.order_shares - at_once)[listed],
            "OrderBSFlag": _flags(tape.order_side[listed]),
        }
    )
    of = np.searchsorted(tape.order_seq, tape.cancel_id)
    gone = rests[of]
    cancels = pl.DataFrame(
        {
            "key": tape.cancel_seq[gone].astype(np.float64),
            "OrderTime": _clock(tape.cancel_time[gone]),
            "OrderType": ["D"] * int(gone.sum()),
            "OrderNO": tape.cancel_id[gone],
            "OrderPrice": tape.order_tick[of][gone] / TICKS_PER_YUAN,
            "Balance": tape.cancel_shares[gone],
            "OrderBSFlag": _flags(tape.order_side[of][gone]),
        }
    )
    entrust = pl.concat([orders, cancels]).sort("key")
    keys = np.sort(np.concatenate([entrust["key"].to_numpy(), tape.trade_seq]))
    return _entrust(entrust, keys, code), _trade(tape, keys, code)


def shenzhen_files(tape: Tape, code: str, day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Order file and trade file of a Shenzhen stock-day; ApplSeqNum is the tape's sequence.

    Prices in CNY, OrderQty and TradeQty in shares, times YYYY.MM.DDTHH:MM:SS.mmm. [Spec 2.4]

    Parameters
    ----------
    tape : the truth
    code : six digits
    day : session

    Returns
    -------
    orders : Side 1 buys, 2 sells; OrdType 1 market, 2 limit, U own-best
    trades : ExecType F is a trade; 4 is a cancel with price 0 and one of both numbers 0
    """
    orders = pl.DataFrame(
        {
            "ChannelNo": np.full(len(tape.order_seq), CHANNEL),
            "ApplSeqNum": tape.order_seq,
            "SecurityID": [code] * len(tape.order_seq),
            "Price": tape.order_tick / TICKS_PER_YUAN,
            "OrderQty": tape.order_shares,
            "TransactTime": _stamp(day, tape.order_time),
            "Side": np.where(tape.order_side == BUY, "1", "2").tolist(),
            "OrdType": np.array(ORDER_TYPES)[tape.order_kind].tolist(),
        }
    )
    side = tape.order_side[np.searchsorted(tape.order_seq, tape.cancel_id)]
    none = np.zeros(len(side), np.int64)
    trades = _executions(
        code,
        "F",
        tape.trade_seq,
        (tape.trade_buy, tape.trade_sell),
        (tape.trade_tick / TICKS_PER_YUAN, tape.trade_shares),
        _stamp(day, tape.trade_time),
    )
    cancels = _executions(
        code,
        "4",
        tape.cancel_seq,
        (np.where(side == BUY, tape.cancel_id, 0), np.where(side == SELL, tape.cancel_id, 0)),
        (none / 1.0, tape.cancel_shares),
        _stamp(day, tape.cancel_time),
    )
    return orders, pl.concat([trades, cancels]).sort("ApplSeqNum")


def _rests(tape: Tape) -> np.ndarray:
    """Whether an order can rest in the book at all."""
    return (tape.order_kind == LIMIT) | ((tape.order_kind == OWN_BEST) & (tape.order_tick > 0))


def _entrust(rows: pl.DataFrame, keys: np.ndarray, code: str) -> pl.DataFrame:
    index = np.searchsorted(keys, rows["key"].to_numpy()) + 1
    return rows.select(
        pl.lit(0).alias("DataStatus"),
        pl.int_range(1, pl.len() + 1).alias("OrderIndex"),
        pl.lit(CHANNEL).alias("OrderChannel"),
        pl.lit(code).alias("SecurityID"),
        *("OrderTime", "OrderType", "OrderNO", "OrderPrice", "Balance", "OrderBSFlag"),
        pl.Series("BizIndex", index),
        pl.col("OrderTime").alias("LocalTime"),
        pl.Series("SeqNo", index),
    )


def _trade(tape: Tape, keys: np.ndarray, code: str) -> pl.DataFrame:
    index, count = np.searchsorted(keys, tape.trade_seq) + 1, len(tape.trade_seq)
    clock = _clock(tape.trade_time)
    return pl.DataFrame(
        {
            "DataStatus": np.zeros(count, np.int64),
            "TradeIndex": np.arange(1, count + 1),
            "TradeChan": np.full(count, CHANNEL),
            "SecurityID": [code] * count,
            "TradTime": clock,
            "TradPrice": tape.trade_tick / TICKS_PER_YUAN,
            "TradVolume": tape.trade_shares,
            "TradeMoney": tape.trade_tick * tape.trade_shares / TICKS_PER_YUAN,
            "TradeBuyNo": tape.trade_buy,
            "TradeSellNo": tape.trade_sell,
            "TradeBSFlag": _flags(tape.trade_side),
            "BizIndex": index,
            "LocalTime": clock,
            "SeqNo": index,
        }
    )


def _executions(
    code: str,
    exec_type: str,
    seq: np.ndarray,
    ids: tuple[np.ndarray, np.ndarray],
    price_and_shares: tuple[np.ndarray, np.ndarray],
    stamp: pl.Series,
) -> pl.DataFrame:
    """Rows of Shenzhen's trade stream."""
    count = len(seq)
    return pl.DataFrame(
        {
            "ChannelNo": np.full(count, CHANNEL),
            "ApplSeqNum": seq,
            "MDStreamID": ["011"] * count,
            "BidApplSeqNum": ids[0],
            "OfferApplSeqNum": ids[1],
            "SecurityID": [code] * count,
            "SecurityIDSource": ["102"] * count,
            "TradePrice": price_and_shares[0],
            "TradeQty": price_and_shares[1],
            "ExecType": [exec_type] * count,
            "TradeTime": stamp,
        }
    )


def _flags(side: np.ndarray) -> list[str]:
    return [FLAGS[s] for s in side.tolist()]


def _clock(time_ms: np.ndarray) -> pl.Series:
    """HH:MM:SS.mmm."""
    return (
        pl.Series(time_ms.astype(np.int64) * 1_000_000).cast(pl.Time).dt.to_string("%H:%M:%S%.3f")
    )


def _stamp(day: date, time_ms: np.ndarray) -> pl.Series:
    """YYYY.MM.DDTHH:MM:SS.mmm."""
    return pl.Series([f"{day:%Y.%m.%d}T{clock}" for clock in _clock(time_ms)], dtype=pl.String)
