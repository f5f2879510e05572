r"""Shanghai's orders as they were entered, rebuilt from what the exchange publishes [Spec 2.4].

An order that is filled on arrival is not listed; of one that is filled in part the rest is listed,
after its fills. So

.. math:: \text{shares entered} = \sum \text{active fills before its own record} + \text{Balance}

An order that was filled at once has no record: its price is the worst one it paid (its limit may
have been better), and it counts as a limit order, since nothing tells a market order. Orders of
the call auctions, and orders that rested before they traded, are listed as they were entered.

Time and number of an order with active fills are those of its first fill: it was entered before
it traded. Where an order and a trade share a number, the order comes first.

What one real stock-day (600519 on 2023-02-01, 39,067 records of orders, 15,668 of cancels, 27,135
trades) says of the convention: no id has two records; the fills of an active order have consecutive
numbers and one time, and its own record, if any, follows directly and has that time; every passive
order was listed before; orders of both auctions, which are never active, are listed in full before
they trade; a cancel has price and side of its record, comes once, after it, and takes back exactly
what was left. 19,050 orders have no record, of 963 a part is missing, so the records alone are a
third of the orders short, and the missing ones are the eager ones. Flags and ids agree.
"""

import numpy as np
import polars as pl

from intralpha.market.hours import CLOSING_MS, MORNING_MS
from intralpha.sources.level2.register import NOWHERE
from intralpha.sources.level2.rows import LIMIT, ORDER

FILLED = "Shanghai orders filled on arrival, rebuilt from their trades"
PARTLY = "Shanghai orders filled in part on arrival, their fills added to the listed rest"
LATE = "active fills of a Shanghai order after its own record"
WAITING = "Shanghai orders after the stock's last trade wait for more files"
UNSEEN = np.iinfo(np.int64).max


def rebuild(
    orders: pl.DataFrame, trades: pl.DataFrame, live: bool
) -> tuple[pl.DataFrame, dict[str, int], dict[str, int]]:
    """Orders as entered.

    Parameters
    ----------
    orders : listed orders of any exchange in sequence, each id of a stock-day once; columns of
        ``EVENT`` and ``rank``
    trades : Shanghai's, of the same stock-days in sequence, with their active ``side`` and
        ``active_at``, the place of the active order in ``orders``
    live : leave out Shanghai's orders of the continuous session after a stock's last trade: their
        fills may be in a file that is not there yet

    Returns
    -------
    orders (sorted by ``rank``), what was rebuilt -> how often, what was seen -> how often
    """
    active = trades.filter(pl.col("side") != 0)
    listed = active.filter(pl.col("active_at") != NOWHERE)
    place, seq = listed["active_at"].to_numpy(), listed["seq"].to_numpy()
    early = seq < orders["seq"].to_numpy()[place]
    place, seq = place[early], seq[early]
    filled = np.zeros(orders.height, np.int64)
    np.add.at(filled, place, listed["volume"].to_numpy()[early])
    first_seq = np.full(orders.height, UNSEEN)
    np.minimum.at(first_seq, place, seq)
    first_time = np.full(orders.height, UNSEEN)
    np.minimum.at(first_time, place, listed["time"].to_numpy()[early].astype(np.int64))
    notes = {LATE: int((~early).sum())}
    keep = np.ones(orders.height, bool)
    if live:
        keep = ~_waiting(orders, trades, filled)
        notes[WAITING] = int((~keep).sum())
    before = filled > 0
    whole = orders.with_columns(
        pl.col("volume") + filled,
        pl.Series("seq", np.where(before, first_seq, orders["seq"].to_numpy())),
        pl.Series("time", np.where(before, first_time, orders["time"].to_numpy()), pl.Int32),
    ).filter(keep)
    unlisted = _unlisted(active.filter(pl.col("active_at") == NOWHERE), orders)
    repairs = {PARTLY: int((before & keep).sum()), FILLED: unlisted.height}
    return pl.concat([whole, unlisted]).sort("rank", maintain_order=True), repairs, notes


def _unlisted(active: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Orders that left no record, in the form of those that did."""
    mine = pl.when(pl.col("side") > 0).then("buy_id").otherwise("sell_id")
    worst = pl.when(pl.col("side").first() > 0).then(pl.col("price").max())
    rows = (
        active.with_columns(mine.alias("id"))
        .filter(pl.col("id") > 0)
        .group_by("rank", "id", maintain_order=True)
        .agg(
            pl.col("volume").sum(),
            worst.otherwise(pl.col("price").min()).alias("price"),
            *(pl.col(c).first() for c in ("seq", "time", "date", "stock", "side")),
            *(pl.col(c).first() for c in ("channel", "file", "line")),
        )
    )
    return rows.with_columns(
        what=pl.lit(ORDER), kind=pl.lit(LIMIT), buy_id=pl.lit(0), sell_id=pl.lit(0)
    ).select(pl.col(c).cast(t) for c, t in orders.schema.items())


def _waiting(orders: pl.DataFrame, trades: pl.DataFrame, filled: np.ndarray) -> np.ndarray:
    """Which orders may still miss their fills."""
    last = trades.group_by("rank").agg(pl.col("seq").max().alias("last"))
    after = pl.col("seq") > pl.col("last").fill_null(-1)
    free = pl.col("time").is_between(MORNING_MS, CLOSING_MS, closed="left")
    shanghai = pl.col("stock") % 4 == 0
    joined = orders.join(last, on="rank", how="left", maintain_order="left")
    return joined.select(after & free & shanghai).to_series().to_numpy() & (filled == 0)
