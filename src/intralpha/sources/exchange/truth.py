"""Truth: rows of ``trades``, ``orders`` and ``snapshots`` straight from the tapes."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from intralpha.sources.exchange.course import TICKS_PER_YUAN
from intralpha.sources.exchange.skeleton import Day
from intralpha.sources.exchange.snapshots import snapshot_times, snapshots
from intralpha.sources.exchange.tape import Tape

KINDS = ("limit", "market", "own_best")


def trade_rows(day: Day, symbols: np.ndarray, tapes: dict[int, Tape]) -> pl.DataFrame:
    """Rows of ``trades`` of a session, in the order of the tapes and their sequence.

    Parameters
    ----------
    day : the session
    symbols : of all stocks by their number, shape [A]
    tapes : number of a stock -> what happened to it, at least one

    Returns
    -------
    DataFrame
        ``side`` is the true one; 0 in call auctions. ``seq`` counts orders, cancels and trades of
        a stock together.
    """
    whole = {
        "seq": _join(tapes, "trade_seq"),
        "time": _join(tapes, "trade_time"),
        "price": _join(tapes, "trade_tick") / TICKS_PER_YUAN,
        "volume": _join(tapes, "trade_shares"),
        "buy_id": _join(tapes, "trade_buy"),
        "sell_id": _join(tapes, "trade_sell"),
        "side": _join(tapes, "trade_side"),
    }
    counts = [len(t.trade_seq) for t in tapes.values()]
    types = {"time": pl.Int32, "side": pl.Int16}
    return _keyed(day, symbols, tapes, counts, whole).cast(types)  # type: ignore[arg-type]


def order_rows(day: Day, symbols: np.ndarray, tapes: dict[int, Tape]) -> pl.DataFrame:
    """Rows of ``orders`` of a session: every order as it was entered, every cancel.

    A cancel repeats the id, side, price and kind of its order; its volume is what was left.

    Parameters
    ----------
    day : the session
    symbols : of all stocks by their number, shape [A]
    tapes : number of a stock -> what happened to it, at least one

    Returns
    -------
    DataFrame, by symbol and ``seq``
        ``id`` is the ``seq`` of the order. The price of a market order is 0, that of an own-best
        order what it rested at (0 if it never did).
    """
    entered = {
        "seq": _join(tapes, "order_seq"),
        "time": _join(tapes, "order_time"),
        "id": _join(tapes, "order_seq"),
        "side": _join(tapes, "order_side"),
        "price": _join(tapes, "order_tick") / TICKS_PER_YUAN,
        "volume": _join(tapes, "order_shares"),
        "kind": np.array(KINDS)[_join(tapes, "order_kind")].tolist(),
    }
    taken = {
        "seq": _join(tapes, "cancel_seq"),
        "time": _join(tapes, "cancel_time"),
        "id": _join(tapes, "cancel_id"),
        "left": _join(tapes, "cancel_shares"),
    }
    types = {"time": pl.Int32, "side": pl.Int16}
    counts = [len(t.order_seq) for t in tapes.values()]
    orders = _keyed(day, symbols, tapes, counts, entered)
    gone = [len(t.cancel_seq) for t in tapes.values()]
    cancels = _keyed(day, symbols, tapes, gone, taken).join(
        orders.select("symbol", "id", "side", "price", "kind"), on=["symbol", "id"], how="left"
    )
    return (
        pl.concat(
            [
                orders.with_columns(cancel=pl.lit(False)),
                cancels.rename({"left": "volume"})
                .with_columns(cancel=pl.lit(True))
                .select(*orders.columns, "cancel"),
            ]
        )
        .sort("symbol", "seq")
        .cast(types)  # type: ignore[arg-type]
    )


def snapshot_rows(day: Day, symbols: np.ndarray, tapes: dict[int, Tape]) -> pl.DataFrame:
    """Rows of ``snapshots`` of a session: every 3 seconds from the first trade on.

    Parameters
    ----------
    day : the session
    symbols : of all stocks by their number, shape [A]
    tapes : number of a stock -> what happened to it, at least one

    Returns
    -------
    DataFrame, in the order of the tapes and of time
        Levels are null in call auctions, see :func:`~intralpha.sources.replay.rows.book_rows`.
        Known at each row's time.
    """
    times = snapshot_times()
    parts = [
        snapshots(tape, times, str(symbols[i]), day.on)
        .filter(pl.col("trades") > 0)
        .select(pl.lit(day.on).alias("date"), pl.lit(str(symbols[i])).alias("symbol"), pl.all())
        for i, tape in tapes.items()
    ]
    return pl.concat(parts)


def _join(tapes: dict[int, Tape], name: str) -> np.ndarray:
    return np.concatenate([getattr(t, name) for t in tapes.values()])


def _keyed(
    day: Day,
    symbols: np.ndarray,
    tapes: dict[int, Tape],
    counts: list[int],
    columns: Mapping[str, object],
) -> pl.DataFrame:
    """Columns with the date and the symbol of each tape before them."""
    names = pl.Series(symbols[list(tapes)].tolist())
    return pl.DataFrame(
        {"symbol": names.gather(np.repeat(np.arange(len(counts)), counts)), **columns}
    ).select(pl.lit(day.on).alias("date"), pl.all())
