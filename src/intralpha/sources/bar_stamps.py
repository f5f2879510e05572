"""Bar stamps: rows beside the grid of bars that vendors mean as a bar of it."""

from datetime import time

import polars as pl

from intralpha.market import bar_times
from intralpha.sources.source import SourceError

OPEN, NOON, LUNCH_END, CLOSE = time(9, 30), time(11, 30), time(13), time(15)
KEY = ["symbol", "date", "time"]
AT_ONE = "bars stamped 13:00 that end at 11:30"
JOINED = "rows that start at 11:30 or 15:00 joined to the bar that ends then"


def refuse_other_stamps(origin: str, times: pl.Series, freq: int, stamp: str) -> None:
    """Refuse bars all of which are stamped by the other side than the mapping says.

    Parameters
    ----------
    origin : of the rows, for the error
    times : of all rows, as the vendor stamped them
    freq : minutes of one bar
    stamp : what the mapping says that they mark: ``end`` or ``start``

    Raises
    ------
    SourceError
    """
    seen, ends = set(times.drop_nulls().unique()), set(bar_times(freq))
    starts = {_later(at, -freq) for at in ends}
    wrong = {"end": ({OPEN, LUNCH_END}, starts), "start": ({NOON, CLOSE}, ends)}
    marks, side = wrong[stamp]
    if marks <= seen <= side:
        other = "start" if stamp == "end" else "end"
        found = f"bars stamped {min(seen)} to {max(seen)}, all of them {other}s of {freq} minutes"
        raise SourceError(origin, found, f"{stamp}s; `stamp: {other}` in the mapping reads them")


def at_lunch(rows: pl.DataFrame, has_auction: bool) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows stamped by their end: 13:00 is 11:30 on a stock-day that has no bar of 11:30.

    Not where there is a row of 09:30 that may be the start of a bar, or none of 15:00: then 13:00
    may be one too.

    Parameters
    ----------
    rows : ``symbol``, ``date``, ``time``
    has_auction : whether a row of 09:30 is the opening auction
    """
    late = pl.col("time") == LUNCH_END
    if not rows.select(late.any()).item():
        return rows, {}
    starts = pl.lit(value=False) if has_auction else _on_day(OPEN)
    moved = late & ~_on_day(NOON) & _on_day(CLOSE) & ~starts & (_count(LUNCH_END) == 1)
    rows = rows.with_columns(moved.alias("(moved)")).with_columns(
        pl.when("(moved)").then(pl.lit(NOON)).otherwise("time").alias("time")
    )
    count = int(rows["(moved)"].sum())
    return rows.drop("(moved)"), {AT_ONE: count} if count else {}


def _count(at: time) -> pl.Expr:
    return (pl.col("time") == at).sum().over("symbol", "date")


def _on_day(at: time) -> pl.Expr:
    return _count(at) > 0


def at_close(rows: pl.DataFrame, freq: int) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows stamped by their start: one at 11:30 or 15:00 holds the trades of that instant.

    It becomes part of the bar that ends then: its close is the bar's, its volume is added. Only on
    stock-days with a bar that starts at 13:00, which ends would not have.

    Parameters
    ----------
    rows : ``symbol``, ``date``, ``time`` (the end that follows from the start), prices (CNY),
        ``volume``, ``amount``, perhaps ``trades``
    freq : minutes of one bar
    """
    ends = {_later(at, freq): at for at in (NOON, CLOSE)}
    extra = pl.col("time").is_in(list(ends)) & _on_day(_later(LUNCH_END, freq))
    own = rows.filter(extra).unique(KEY, keep="first", maintain_order=True)
    if own.is_empty():
        return rows, {}
    own = own.with_columns(pl.col("time").replace_strict(ends, return_dtype=pl.Time()))
    rest = rows.filter(~extra)
    summed = [c for c in ("volume", "amount", "trades") if c in rows.columns]
    priced = ["high", "low", "close", *summed]
    more = own.filter(pl.col("volume") > 0).select(*KEY, pl.col(priced).name.prefix("(own) "))
    both = rest.join(more, on=KEY, how="left", maintain_order="left")
    given = both.with_columns(
        pl.max_horizontal("high", "(own) high").alias("high"),
        pl.min_horizontal("low", "(own) low").alias("low"),
        pl.coalesce("(own) close", "close").alias("close"),
        *((pl.col(c) + pl.col(f"(own) {c}").fill_null(0)).alias(c) for c in summed),
    ).select(rows.columns)
    alone = own.join(rest, on=KEY, how="anti", maintain_order="left")
    return pl.concat([given, alone.select(rows.columns)]), {JOINED: own.height}


def _later(at: time, minutes: int) -> time:
    total = at.hour * 60 + at.minute + minutes
    return time(total // 60, total % 60)
