"""Openings: opens and closes that stand in each other's place, or of which one is a copy."""

from collections.abc import Iterator

import polars as pl

from intralpha.market.limits import TICK_YUAN

KEY = ("date", "symbol")
# Of a stock's days in a month. Of 94,939 real stock-months of 2010-2021 none had a close nearer to
# the open before on more than 56 % of its days, or opened at the close before on more than 85 %;
# with the two exchanged the first was 86 % in the middle one.
NEARER, COPIED, DAYS = 0.8, 0.95, 15
MONTH = pl.col("date").dt.truncate("1mo").alias("month")
EXCHANGED_NAME = "daily: closes join the opens before, and opens do not join the closes"
COPIED_NAME = "daily: opens are the closes before"
MOVED_NAME = "daily: no volume, and the close moved"
OPENINGS = {
    EXCHANGED_NAME: "open and close exchanged in `columns` of the mapping?",
    COPIED_NAME: "no open at the vendor, or `open` names the column of the preclose?",
    MOVED_NAME: "a volume that lacks, or carried prices of another adjustment?",
}


def opening_faults(stocks: pl.LazyFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    r"""Name and rows of each check of opens against closes.

    A night moves a price less than the day and the night before it: with open o and close c, both
    in the day's adjustment, :math:`|o_t - c_{t-1}| < |c_t - o_{t-1}|` on most days, and the
    reverse if the two stand in each other's columns.

    Parameters
    ----------
    stocks : by symbol and date; ``stock`` (its number), ``open``, ``close``, ``volume``, ``tick``,
        ``high``, ``low``, and the row before in the day's adjustment: ``expected`` (its close) and
        ``opened`` (its open)
    """
    open_, close, last = pl.col("open"), pl.col("close"), pl.col("expected")
    night, day = (open_ - last).abs(), (close - pl.col("opened")).abs()
    moving = stocks.filter(pl.col("volume") > 0, pl.col("high") > pl.col("low"), day.is_not_null())
    flags = {"nearer": day < night, "copied": night < TICK_YUAN / 20}
    months = moving.group_by("stock", MONTH).agg(
        pl.len().alias("days"), *(rule.mean().alias(name) for name, rule in flags.items())
    )
    often = months.filter(pl.col("days") >= DAYS).collect()
    for name, flag, share in ((EXCHANGED_NAME, "nearer", NEARER), (COPIED_NAME, "copied", COPIED)):
        found = often.lazy().filter(pl.col(flag) >= share).select("stock", "month")
        rows = moving.filter(flags[flag]).with_columns(MONTH)
        rows = rows.join(found, on=["stock", "month"], how="semi")
        shown = rows.select(*KEY, "opened", last.alias("closed"), "open", "close")
        some = bool((often[flag] >= share).any())
        yield name, (shown if some else shown.limit(0)).collect()
    moved = (close - last).abs() > 1.01 * pl.col("tick")
    still = stocks.filter(pl.col("volume") == 0, moved)
    yield MOVED_NAME, still.select(*KEY, last.alias("closed"), "close").collect()
