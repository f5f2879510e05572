"""Trades: rows of the lake's table from executions, and which side was active."""

import polars as pl

from intralpha.market.closing import closing_auctions_since
from intralpha.market.hours import CLOSE_MS, MORNING_MS
from intralpha.sources.level2.rows import EXCHANGES, symbols_of

COMPARED = "active sides by ids compared with the flag"
DIFFERS = "active side by ids differs from the flag"
BY_FLAG = "active side taken from the flag: the ids do not tell"
NO_SIDE = "trades without an active side: no ids and no flag"
FLAGGED = "trades of a call auction flagged with an active side"
HALTED = "trades flagged as of an auction outside the hours of auctions"


def auction_expr() -> pl.Expr:
    """Whether a trade belongs to the opening or the closing call auction, by its time.

    Before 09:30, or from 15:00 on where the exchange closes with an auction that day [Spec 2.1].
    """
    closes = pl.lit(value=False)
    for place, name in enumerate(EXCHANGES):
        since = closing_auctions_since()[name]
        closes |= (pl.col("stock") % 4 == place) & (pl.col("date") >= since)
    return (pl.col("time") < MORNING_MS) | (closes & (pl.col("time") >= CLOSE_MS))


def with_sides(trades: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Trades with their active ``side``: +1, -1, or 0 in auctions; and what was seen.

    The order that came later is the active one, so the larger id decides [Spec 2.4]. The vendor's
    flag decides where an id is missing. Shanghai's flag also says what was an auction outside the
    usual hours (a trading halt may end with one); Shenzhen publishes no flag.

    Parameters
    ----------
    trades : columns of ``EVENT``; ``side`` holds the flag, null where there is none
    """
    flag, ids = pl.col("side"), (pl.col("buy_id") - pl.col("sell_id")).sign()
    known = (pl.col("buy_id") > 0) & (pl.col("sell_id") > 0) & (ids != 0)
    marked = trades.with_columns(auction=auction_expr(), flag=flag, known=known)
    auction, known = pl.col("auction"), pl.col("known")
    halted = ~auction & (pl.col("stock") % 4 == 0) & (pl.col("flag") == 0).fill_null(value=False)
    free = ~auction & ~halted
    side = pl.when(free & known).then(ids).when(free).then(pl.col("flag")).otherwise(0)
    flagged = pl.col("flag").is_in([1, -1]).fill_null(value=False)
    facts = {
        COMPARED: free & known & flagged,
        DIFFERS: free & known & flagged & (ids != pl.col("flag")),
        BY_FLAG: free & ~known & flagged,
        NO_SIDE: free & ~known & ~flagged,
        FLAGGED: auction & flagged,
        HALTED: halted,
    }
    counts = marked.select(rule.sum().alias(name) for name, rule in facts.items()).row(
        0, named=True
    )
    sided = marked.with_columns(side.fill_null(0).cast(pl.Int8).alias("side"))
    return sided.drop("flag", "known"), {name: n for name, n in counts.items() if n}


def trade_rows(trades: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``trades`` from :func:`with_sides`."""
    return trades.select(
        "date",
        symbols_of(trades["stock"]).alias("symbol"),
        *("seq", "time", "price", "volume", "buy_id", "sell_id"),
        pl.col("side").cast(pl.Int16),
    )
