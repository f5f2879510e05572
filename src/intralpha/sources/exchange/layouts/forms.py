"""Forms: expressions that several vendors share, of the lake's columns."""

from collections.abc import Iterable

import polars as pl

CODE = pl.col("symbol").str.head(6)
EXCHANGE = pl.col("symbol").str.tail(2)
JOINT = CODE + pl.when(EXCHANGE == "SH").then(pl.lit(".XSHG")).otherwise(pl.lit(".XSHE"))
"""600000.XSHG"""
SMALL = EXCHANGE.str.to_lowercase()
DAY = pl.col("date").dt.strftime("%Y-%m-%d")
COMPACT_DAY = pl.col("date").dt.strftime("%Y%m%d")
END = pl.col("date").dt.combine(pl.col("time"))
END_TEXT = END.dt.strftime("%Y-%m-%d %H:%M:%S")
TRADED = pl.col("volume") > 0
CHANGE = (pl.col("close") - pl.col("preclose")).round(2)
PERCENT = (pl.col("close") / pl.col("preclose") - 1) * 100
TURNOVER = pl.col("volume") / pl.col("float_shares") * 100
LOTS = pl.col("volume") / 100


def prices(names: Iterable[str]) -> dict[str, pl.Expr]:
    """Open, high, low and close under the vendor's names, in that order."""
    fields = ("open", "high", "low", "close")
    return {name: pl.col(field).round(4) for field, name in zip(fields, names, strict=True)}


def epoch_ms(stamp: pl.Expr) -> pl.Expr:
    """Milliseconds since 1970-01-01 00:00 UTC of a time in Shanghai."""
    return stamp.cast(pl.Datetime("ms")).dt.replace_time_zone("Asia/Shanghai").dt.timestamp("ms")
