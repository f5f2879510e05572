"""Jumps: numbers that are off a stock's own recent median by a power of ten."""

from typing import TypeVar

import polars as pl

CARRIED = 40  # rows of a stock before a month that its first rows are compared with
WINDOW = 20
LEAST = 5
SIGMAS = 6.0
QUIET = 0.06  # smallest spread that is believed, in decimal logarithms
STEP = 0.7  # a factor of five: nearer to 10 than to 1
MAD_TO_SIGMA = 1.4826
Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


def with_jumps(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    r"""Add ``{column}_usual``, the recent median where a number is off it by a power of ten, and
    ``{column}_over``, the decimal logarithm of each number over its recent median.

    A value x jumps if :math:`|\log_{10} x - m| \ge \max(0.7, 6 s)`, with m the median of
    :math:`\log_{10}` of the values above 0 in the stock's 20 rows before and s their spread (1.4826
    times the median absolute deviation, at least 0.06), so that a stock whose volume swings by
    itself is left alone.

    Parameters
    ----------
    rows : with ``symbol``, sorted by symbol and date
    column : of numbers; values of 0 are passed over

    Returns
    -------
    DataFrame
        ``usual`` is null where a value does not jump, both where it has fewer than 5 before it.
    """
    if rows[column].null_count() == rows.height:
        none = pl.lit(None, pl.Float64)
        return rows.with_columns(none.alias(f"{column}_usual"), none.alias(f"{column}_over"))
    value = pl.when(pl.col(column) > 0).then(pl.col(column).cast(pl.Float64).log10())
    # Sorted numbers are grouped faster than names.
    stock = pl.col("symbol").rle_id().set_sorted().alias("_stock")
    rows = rows.with_columns(value.alias("_value"), stock)
    rows = rows.with_columns(_before("_value").alias("_middle"))
    rows = rows.with_columns((pl.col("_value") - pl.col("_middle")).abs().alias("_off"))
    spread = pl.max_horizontal(_before("_off") * MAD_TO_SIGMA, pl.lit(QUIET))
    allowed = pl.max_horizontal(pl.lit(STEP), SIGMAS * spread)
    usual = pl.when(pl.col("_off") >= allowed).then(10.0 ** pl.col("_middle"))
    over = (pl.col("_value") - pl.col("_middle")).alias(f"{column}_over")
    return rows.with_columns(usual.alias(f"{column}_usual"), over).drop(
        "_value", "_middle", "_off", "_stock"
    )


def jumped(rows: Rows, column: str) -> Rows:
    """Rows of :func:`with_jumps` that jump: date, symbol, value, usual, ratio, off."""
    value, usual = pl.col(column), pl.col(f"{column}_usual")
    ratio = (value / usual).alias("ratio")
    off = (value / usual).log10().abs().alias("off")
    hit = rows.filter(usual.is_not_null())
    return hit.select("date", "symbol", column, usual.alias("usual"), ratio, off)


def _before(column: str) -> pl.Expr:
    """Median of the known values in the rows before."""
    median = pl.col(column).rolling_median(window_size=WINDOW, min_samples=LEAST)
    return median.shift(1).over("_stock")
