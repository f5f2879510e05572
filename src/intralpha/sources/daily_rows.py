"""What every daily reader does at the end: preclose, factor, suspension, limits."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.market import TradingRules, board_of

LONG_LISTED = 10**6


def finish_daily(
    rows: pl.DataFrame, tick_yuan: float = 0.01, data_start: date | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Daily rows in the lake's schema from what a vendor gives.

    Parameters
    ----------
    rows : ``symbol``, ``date``, open, high, low, close, volume (shares); optional amount, preclose,
        adj_factor, st, traded, turnover_percent, float_shares, total_shares
    tick_yuan : price step
    data_start : first session of the vendor's data. A stock whose first row is later was listed
        then, and its first days follow the rules for new listings; None: no first row is a listing

    Returns
    -------
    frame : in the schema of ``daily``
        ``preclose``: the vendor's, else raw close(t-1) x factor(t-1) / factor(t) rounded half up to
        the tick. ``adj_factor``: the vendor's, else the running product of close(t-1) / preclose(t)
        (1 on the first row), so dividends count as reinvested. ``suspended``: no volume. Limits by
        the dated rules. ``float_shares``: volume / turnover x 100 where the vendor gives turnover.
    repairs : kind -> count
    """
    rows = rows.sort("symbol", "date")
    idle = (pl.col("volume") == 0) & (pl.col("close") > 0)
    no_range = idle & (pl.min_horizontal("open", "high", "low") <= 0)
    repairs = {
        "suspended rows without prices took the close": int(rows.select(no_range.sum()).item())
    }
    rows = rows.with_columns(
        pl.when(no_range).then(pl.col("close")).otherwise(pl.col(c)).alias(c)
        for c in ("open", "high", "low")
    )
    rows = _with_factor(_with_preclose(rows, tick_yuan))
    rows = _with_shares(rows).with_columns(
        suspended=pl.col("volume") == 0,
        st=pl.col("st").cast(pl.Boolean) if "st" in rows.columns else pl.lit(None, pl.Boolean),
        amount=pl.col("amount") if "amount" in rows.columns else pl.lit(None, pl.Float64),
        listed_days=_listed_days(data_start),
    )
    up, down = _limits(rows, tick_yuan)
    frame = rows.with_columns(up_limit=up, down_limit=down)
    keep = [
        "date",
        "symbol",
        "open",
        "high",
        "low",
        "close",
        "preclose",
        "volume",
        "amount",
        "adj_factor",
        "up_limit",
        "down_limit",
        "suspended",
        "st",
        "float_shares",
        "total_shares",
    ]
    return frame.select(keep), {k: n for k, n in repairs.items() if n}


def _listed_days(data_start: date | None) -> pl.Expr:
    """Rows of a stock so far if it was listed inside the data, else a large number."""
    if data_start is None:
        return pl.lit(LONG_LISTED)
    new = pl.col("date").min().over("symbol") > data_start
    return pl.when(new).then(pl.int_range(1, pl.len() + 1).over("symbol")).otherwise(LONG_LISTED)


def _with_preclose(rows: pl.DataFrame, tick_yuan: float) -> pl.DataFrame:
    last = pl.col("close").shift(1).over("symbol")
    if "adj_factor" in rows.columns:
        last = last * pl.col("adj_factor").shift(1).over("symbol") / pl.col("adj_factor")
    per_yuan = round(1 / tick_yuan)
    # Half up after removing the dust that float32 factors leave around a half.
    rounded = ((last * per_yuan).round(4) + 0.5).floor() / per_yuan
    given = pl.col("preclose") if "preclose" in rows.columns else pl.lit(None, pl.Float64)
    given = pl.when(given > 0).then(given)
    return rows.with_columns(preclose=pl.coalesce(given, rounded, pl.col("open")))


def _with_factor(rows: pl.DataFrame) -> pl.DataFrame:
    if "adj_factor" in rows.columns:
        return rows
    step = (pl.col("close").shift(1).over("symbol") / pl.col("preclose")).fill_null(1.0)
    return rows.with_columns(adj_factor=step.cum_prod().over("symbol"))


def _with_shares(rows: pl.DataFrame) -> pl.DataFrame:
    null = pl.lit(None, pl.Float64)
    shares = pl.col("float_shares") if "float_shares" in rows.columns else null
    if "turnover_percent" in rows.columns:
        turn = pl.when(pl.col("turnover_percent") > 0).then(pl.col("turnover_percent"))
        derived = (pl.col("volume") / turn * 100).forward_fill().over("symbol")
        shares = pl.coalesce(shares, derived)
    total = pl.col("total_shares") if "total_shares" in rows.columns else null
    return rows.with_columns(float_shares=shares, total_shares=total)


def _limits(rows: pl.DataFrame, tick_yuan: float) -> tuple[pl.Series, pl.Series]:
    """Limit prices of every row; the rules are asked once for each distinct case."""
    rules = TradingRules.default()
    boards = {s: board_of(s) for s in rows["symbol"].unique()}
    cases = rows.select(
        pl.col("symbol").replace_strict(boards, return_dtype=pl.String).alias("board"),
        pl.col("st").fill_null(False),
        "date",
        pl.col("listed_days").clip(upper_bound=6),
    )
    distinct = cases.unique()
    ratios = [
        rules.limit_ratio(b, s, d, n if n < 6 else 10**6) for b, s, d, n in distinct.iter_rows()
    ]
    found = cases.join(
        distinct.with_columns(pl.Series("ratio", ratios, dtype=pl.Float64)),
        on=cases.columns,
        how="left",
        maintain_order="left",
    )
    up, down = rules.limit_prices(rows["preclose"].to_numpy(), found["ratio"].to_numpy(), tick_yuan)
    null_up = pl.Series("up_limit", np.asarray(up)).fill_nan(None)
    return null_up, pl.Series("down_limit", np.asarray(down)).fill_nan(None)
