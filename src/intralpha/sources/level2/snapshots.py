"""Snapshots: rows of the lake's table, one for each time that says anything."""

import numpy as np
import polars as pl

from intralpha.market.hours import AFTER_HOURS_MS
from intralpha.sources.level2.rows import LEVELS, symbols_of

NOTHING = "snapshots without a last price or a quote left out"
AFTER_HOURS = "snapshots after 15:05 left out"
SUPERSEDED = "snapshots replaced by a later one of the same time"
SHRINKING = "snapshots whose volume of the day is below an earlier one's"
KEY = ("date", "stock", "time")


def snapshot_rows(raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int], dict[str, int]]:
    """Rows of ``snapshots``; levels without a price are null, sums are of the day so far.

    Of several at the same time the one with the largest volume of the day is kept, the last one
    of the file if they are equal.

    Parameters
    ----------
    raw : columns of ``SNAPSHOT``

    Returns
    -------
    rows, what was left out -> how often, what was seen -> how often
    """
    prices = [pl.col(f"{s}_price{k}") for s, what, k in LEVELS if what == "price"]
    says = (pl.col("last") > 0) | pl.any_horizontal((p > 0).fill_null(value=False) for p in prices)
    late = pl.col("time") >= AFTER_HOURS_MS
    left_out = raw.select((~says & ~late).sum().alias(NOTHING), late.sum().alias(AFTER_HOURS))
    rows = raw.filter(says & ~late).sort(*KEY, "volume", maintain_order=True)
    kept = rows.filter(pl.struct(KEY).is_last_distinct())
    counts = left_out.row(0, named=True) | {SUPERSEDED: rows.height - kept.height}
    frame = kept.select(
        "date",
        symbols_of(kept["stock"]).alias("symbol"),
        *("time", "last", "volume", "amount", "trades"),
        *(f"{side}_{what}{k}" for side, what, k in LEVELS),
    )
    return frame, counts, {SHRINKING: _shrinking(kept)}


def _shrinking(rows: pl.DataFrame) -> int:
    """Rows with less volume than the row before of the same stock-day."""
    if rows.height < 2:
        return 0
    same = np.ones(rows.height - 1, bool)
    for column in ("date", "stock"):
        values = rows[column].to_numpy()
        same &= values[1:] == values[:-1]
    return int((same & (np.diff(rows["volume"].to_numpy()) < 0)).sum())
