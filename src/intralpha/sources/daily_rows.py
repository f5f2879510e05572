"""What every daily reader does at the end: the facts of each row, and what it leaves to derive."""

from datetime import date

import polars as pl

from intralpha.market.daily_chain import quotient
from intralpha.market.derived import LISTING, TICK, words
from intralpha.market.limits import TICK_YUAN
from intralpha.sources.tick import tick_column

OPTIONAL = ("preclose", "adj_factor", "up_limit", "down_limit", "st", "amount")
KEEP = (
    *("date", "symbol", "open", "high", "low", "close", "preclose", "volume", "amount"),
    *("adj_factor", "up_limit", "down_limit", "suspended", "st", "float_shares", "total_shares"),
    "derived",
)


def finish_daily(
    rows: pl.DataFrame, tick_yuan: float | None = TICK_YUAN, data_start: date | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Daily rows in the lake's schema from what a vendor gives, each row for itself.

    What a row does not say is null and named in ``derived``; the lake derives it when the row
    lands, from the rows that stand before it there. So nothing depends on how the rows are cut.

    Parameters
    ----------
    rows : ``symbol``, ``date``, open, high, low, close, volume (shares); optional amount, preclose,
        adj_factor, up_limit, down_limit, st, turnover_percent, float_shares, total_shares
    tick_yuan : price step; None: of each symbol's range of codes
    data_start : first session of the vendor's data. A stock whose first row is later was listed
        then, unless ``instruments`` knows better; None: no first row is a listing

    Returns
    -------
    frame : in the schema of ``daily``
        ``suspended``: no volume. A row of zeros is suspended and derives its prices.
        ``float_shares``: the vendor's, else volume / turnover x 100 where the vendor gives it.
    repairs : kind -> count
    """
    null = pl.lit(None, pl.Float64)
    rows = rows.with_columns(null.alias(c) for c in OPTIONAL if c not in rows.columns)
    idle = pl.col("volume") == 0
    zeros = idle & (pl.col("close") <= 0) & (pl.max_horizontal("open", "high", "low") <= 0)
    no_range = idle & (pl.col("close") > 0) & (pl.min_horizontal("open", "high", "low") <= 0)
    counts = rows.select(no_range.sum().alias("range"), zeros.sum().alias("zeros")).row(0)
    rows = _with_shares(rows).with_columns(tick_column(rows["symbol"].unique(), tick_yuan))
    steps = sorted(set(rows["tick"].unique()) - {TICK_YUAN})
    rows = rows.with_columns(
        *(
            pl.when(~zeros).then(pl.when(no_range).then("close").otherwise(c)).alias(c)
            for c in ("open", "high", "low", "close")
        ),
        *(_positive(c) for c in ("preclose", "adj_factor", "up_limit", "down_limit")),
        suspended=idle,
        st=pl.col("st").cast(pl.Boolean),
        derived=_derived(zeros, "turnover_percent" in rows.columns, steps, data_start),
    )
    names = (
        "suspended rows without prices took the close",
        "suspended rows of zeros stand at the close before",
    )
    return rows.select(KEEP), {k: n for k, n in zip(names, counts, strict=True) if n}


def _derived(
    zeros: pl.Expr, has_turnover: bool, steps: list[float], data_start: date | None
) -> pl.Expr:
    """Words of what each row leaves to derive."""
    lacks = {c: _positive(c).is_null() for c in ("preclose", "adj_factor")}
    limits = _positive("up_limit").is_null() | _positive("down_limit").is_null()
    after = pl.lit(False) if data_start is None else pl.col("date") > data_start
    shares = pl.col("float_shares").is_null() if has_turnover else pl.lit(False)
    step = {f"{TICK}{tick!r}": pl.col("tick") == tick for tick in steps}
    found = {"prices": zeros, **lacks, "limits": limits, "float_shares": shares, LISTING: after}
    return words(found | step)


def _positive(column: str) -> pl.Expr:
    return pl.when(pl.col(column) > 0).then(pl.col(column)).alias(column)


def _with_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Float shares that a row gives, else those of its turnover."""
    null = pl.lit(None, pl.Float64)
    wanted = ("float_shares", "total_shares")
    rows = rows.with_columns(null.alias(c) for c in wanted if c not in rows.columns)
    if "turnover_percent" not in rows.columns:
        return rows
    turn = rows.select(pl.when(pl.col("turnover_percent") > 0).then("turnover_percent"))
    shares = quotient(rows["volume"], turn.to_series()) * 100
    shares = pl.select(pl.when(shares > 0).then(shares)).to_series()
    return rows.with_columns(float_shares=pl.coalesce("float_shares", shares))
