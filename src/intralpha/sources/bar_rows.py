"""What readers of bars do at the end: prices of 0, the full grid, rows that are set aside."""

import polars as pl

from intralpha.market import bar_times
from intralpha.market.derived import PRICES, says, words
from intralpha.market.schemas import shape, why_invalid
from intralpha.sources.source import QUARANTINE

ROWS_A_BATCH = 2_000_000
# Columns that a bar shows when it is set aside.
SHOWN = ("date", "symbol", "time", *PRICES, "volume", "amount", "reason", "origin", "line")
GAVE_WAY = "bars of zeros gave way to bars with prices"


def drop_twins(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Leave out rows that repeat another one in every value; count them."""
    values = [c for c in rows.columns if c not in ("line", "origin")]
    unique = rows.unique(subset=values, keep="first", maintain_order=True)
    count = rows.height - unique.height
    return unique, {"exact duplicate rows left out": count} if count else {}


def parted(
    table: str, frame: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Good rows of a table, and bad ones with ``reason`` and the place they come from.

    Parameters
    ----------
    table : name in ``TABLES``
    frame : rows made for the table
    rows : what they were made of, one for one, with ``origin`` and ``line``
    """
    shaped = shape(table, frame)
    reason = why_invalid(table, shaped)
    if reason.null_count() == len(reason):
        return shaped, shaped[:0].with_columns(reason[:0], rows["origin"][:0], rows["line"][:0])
    listed = shaped.with_columns(reason, rows["origin"], rows["line"])
    return shaped.filter(reason.is_null()), listed.filter(reason.is_not_null())


def to_quarantine(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with ``origin``, ``line`` and ``reason`` in the form of the quarantine."""
    shown = [c for c in rows.columns if c not in ("origin", "line", "reason")]
    text = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in shown], separator=",")
    return rows.select("origin", pl.col("line").cast(pl.Int64), "reason", text.alias("row")).cast(
        QUARANTINE  # type: ignore[arg-type]
    )


def repair_prices(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Zero prices: what the row does not know is left to the lake, which knows what came before.

    A bar of zeros with volume 0 says that nothing traded; its prices become null and ``derived``
    says ``prices``; beside a bar with prices of the same key it says nothing and is left out. An
    open of 0 beside valid prices says that the vendor does not know it; it
    becomes the close until the lake derives it, and ``derived`` says ``open``.
    """
    idle = (pl.col("volume") == 0) & (pl.col("close") <= 0)
    blind = ~idle & (pl.col("open") == 0) & (pl.col("close") > 0)
    counts = rows.select(idle.sum().alias("idle"), blind.sum().alias("blind")).row(0)
    opened = pl.when(blind).then(pl.col("close")).otherwise(pl.col("open")).alias("open")
    repaired = rows.with_columns(
        *(pl.when(~idle).then(opened if c == "open" else pl.col(c)).alias(c) for c in PRICES),
        words({"prices": idle, "open": blind}),
    )
    names = ("bars of zeros took the last close", "opens of 0 took the close before")
    found: dict[str, int] = dict(zip(names, counts, strict=True))
    key = ["symbol", "date", "time"]
    if not counts[0]:
        return repaired, found
    silent = repaired.filter(says("prices"))
    spoken = repaired.filter(~says("prices"))
    left = silent.join(spoken, on=key, how="anti")
    gone = silent.height - left.height
    return pl.concat([spoken, left]), found | {names[0]: left.height, GAVE_WAY: gone}


def fill_grid(bars: pl.DataFrame, freq: int) -> tuple[pl.DataFrame, int]:
    """Complete every stock-day to the full grid [Spec 2.2].

    A missing bar gets volume and amount 0. Its prices are null and ``derived`` says ``row``: the
    lake derives them from what came before, and the bar gives way to one of the vendor's.

    Parameters
    ----------
    bars : valid rows of ``bars``
    freq : minutes of one bar

    Returns
    -------
    frame, number of rows filled
    """
    times = bar_times(freq)
    if "derived" not in bars.columns:
        bars = bars.with_columns(pl.lit(None, pl.String).alias("derived"))
    days = bars.select("symbol", "date", "freq", "auc_in_first").unique(["symbol", "date"])
    if bars.height == days.height * len(times):
        return bars.sort("symbol", "date", "time"), 0
    grid = days.join(pl.DataFrame({"time": times}, schema={"time": pl.Time()}), how="cross")
    full = grid.join(
        bars.drop("freq", "auc_in_first"), on=["symbol", "date", "time"], how="left"
    ).sort("symbol", "date", "time")
    absent = pl.col("volume").is_null()
    filled = full.with_columns(
        pl.when(absent).then(pl.lit("row")).otherwise("derived").alias("derived"),
        pl.col("volume").fill_null(0),
        pl.col("amount").fill_null(0.0),
    )
    return filled.select(bars.columns), grid.height - bars.height
