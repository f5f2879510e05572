"""Daily chain: what daily rows derive from the rows before them, in one pass over sorted rows.

Each value is a function of the facts of the stock's rows up to its own, so the same facts give the
same values to the last bit, whatever batches they came in.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
from jaxtyping import Float, Int64, Shaped
from numpy import ndarray

from intralpha.market.calendar import Calendar
from intralpha.market.codes import board_of
from intralpha.market.derived import PRICES, says, ticks
from intralpha.market.trading_rules import OLD_LISTING, TradingRules

KNOWN = "known"
"""Flag of rows whose chain is in the lake already; they are where the others start from."""
FIRST_SESSIONS = 6  # no rule looks at so many sessions after a listing
NEAR_DAYS = 30  # calendar days that hold them, New Year included


def chained(rows: pl.DataFrame, listed: dict[str, date]) -> pl.DataFrame:
    r"""Rows of ``daily`` with everything that they derive.

    ``preclose`` is :math:`c_{t-1}` rounded half up to the tick, times :math:`f_{t-1} / f_t` where
    the source gives both factors; the stock's first row takes its open. ``adj_factor`` is

    .. math:: f_t = f_{t-1} \, c_{t-1} / p_t, \qquad f_0 = 1

    where the source gives the preclose :math:`p_t`, so that dividends count as reinvested, and
    :math:`f_{t-1}` where it gives neither. A row without prices stands at its preclose.
    ``float_shares`` are carried. Limits follow the dated rules.

    Parameters
    ----------
    rows : in the schema of ``daily`` and a flag ``known``, sorted by symbol and date, each key
        once. Rows that are known come before the stock's others, the last row with prices or a
        preclose of its source among them
    listed : symbol -> first session, of stocks whose listing is known

    Returns
    -------
    DataFrame
        The rows that were not known. Prices of a row before the stock's first close are null.
        Every value is known at the close of its row's date; preclose and limits at its open.
    """
    if not rows["derived"].null_count() < rows.height:
        return _new(rows).drop(KNOWN)
    derive = {w: says(w) for w in ("prices", "preclose", "adj_factor", "limits", "float_shares")}
    rows = rows.with_columns(
        **{f"_{word}": rule & ~pl.col(KNOWN) for word, rule in derive.items()},
        _fact=pl.when(~derive["adj_factor"]).then(pl.col("adj_factor")),
        _anchor=~derive["prices"] | ~derive["preclose"],
        _same=(pl.col("symbol") == pl.col("symbol").shift(1)).fill_null(value=False),
        _tick=ticks(rows),
    )
    rows = _new(_with_factor(_with_preclose(_with_prices(rows))))
    rows = _with_limits(rows, listed)
    return rows.drop(pl.selectors.starts_with("_"), KNOWN)


def _new(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that are not in the lake yet; no copy where all are new."""
    return rows.filter(~pl.col(KNOWN)) if rows[KNOWN].any() else rows


def _with_prices(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without prices stand at their preclose, else at the close of the last row with one."""
    if not rows["_prices"].any():
        return rows
    own = pl.when(says("prices")).then(pl.col("preclose")).otherwise(pl.col("close"))
    base = pl.when(pl.col("_anchor")).then(pl.col("_fact").fill_null(float("nan")))
    rows = rows.with_columns(
        _own=pl.when(pl.col("_anchor")).then(own),
        _last=pl.when(pl.col("_anchor")).then(own).forward_fill().over("symbol"),
        _base=base.forward_fill().over("symbol"),
    )
    moved = _on_tick(rows["_last"] * quotient(rows["_base"], rows["_fact"]), rows["_tick"])
    price = pl.coalesce("_own", moved, "_last")
    return rows.with_columns(
        pl.when("_prices").then(price).otherwise(pl.col(c)).alias(c) for c in PRICES
    )


def _with_preclose(rows: pl.DataFrame) -> pl.DataFrame:
    if not rows["_preclose"].any():
        return rows
    last = rows.select(pl.when("_same").then(pl.col("close").shift(1))).to_series()
    moved = last * quotient(rows["_fact"].shift(1), rows["_fact"])
    follows = _on_tick(rows.select(pl.coalesce(moved, last)).to_series(), rows["_tick"])
    still = pl.when(says("prices")).then(pl.col("close"))
    found = pl.coalesce(still, follows, "open")
    return rows.with_columns(
        preclose=pl.when("_preclose").then(found).otherwise(pl.col("preclose"))
    )


def _with_factor(rows: pl.DataFrame) -> pl.DataFrame:
    """Products of the steps since the last factor that is known, one after the other."""
    if rows["_float_shares"].any():
        rows = rows.with_columns(float_shares=_carried_shares())
    if not rows["_adj_factor"].any():
        return rows
    given = pl.when(~pl.col("_adj_factor")).then(pl.col("adj_factor"))
    moved = quotient(rows["close"].shift(1), rows["preclose"])
    step = pl.when(~says("preclose") & pl.col("_same")).then(moved)
    start = given.is_not_null() | ~pl.col("_same")
    steps = rows.select(step=pl.coalesce(given, step, pl.lit(1.0)), start=start)
    return rows.with_columns(adj_factor=_products(steps["step"].to_numpy(), steps["start"]))


def quotient(over: pl.Series, under: pl.Series) -> pl.Series:
    """One by the other, each row for itself; null where either is, or the result is no number.

    Polars multiplies by the reciprocal where it knows that a column holds one value, so its last
    bit would depend on which rows come together.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = over.cast(pl.Float64).to_numpy() / under.cast(pl.Float64).to_numpy()
    return pl.Series(over.name, np.where(np.isfinite(found), found, np.nan)).fill_nan(None)


def _products(step: Float[ndarray, "N"], start: pl.Series) -> pl.Series:
    """Running products, each begun anew at a start and multiplied strictly one after the other."""
    out = step.copy()
    edges = [*np.flatnonzero(start.to_numpy()).tolist(), len(out)]
    for first, last in pairwise(edges):
        if last - first > 1:
            np.multiply.accumulate(out[first:last], out=out[first:last])
    return pl.Series("adj_factor", out)


def _carried_shares() -> pl.Expr:
    known = pl.when(~pl.col("_float_shares")).then(pl.col("float_shares"))
    carried = known.forward_fill().over("symbol")
    return pl.when("_float_shares").then(carried).otherwise(pl.col("float_shares"))


def _on_tick(price: pl.Series, tick: pl.Series) -> pl.Series:
    """Rounded half up, after removing the dust that float32 factors leave around a half."""
    per_yuan = np.rint(1 / tick.to_numpy())
    ticks = np.floor(np.round(price.to_numpy() * per_yuan, 4) + 0.5)
    return pl.Series(price.name, ticks / per_yuan).fill_nan(None)


def _with_limits(rows: pl.DataFrame, listed: dict[str, date]) -> pl.DataFrame:
    wanted = rows["_limits"]
    if not wanted.any():
        return rows
    up, down = limits(rows, listed)
    return rows.with_columns(
        pl.when("_limits").then(up).otherwise(pl.col("up_limit")).alias("up_limit"),
        pl.when("_limits").then(down).otherwise(pl.col("down_limit")).alias("down_limit"),
    )


def limits(rows: pl.DataFrame, listed: dict[str, date]) -> tuple[pl.Series, pl.Series]:
    """Limit prices of daily rows by the dated rules, which are asked once a distinct case.

    Parameters
    ----------
    rows : ``symbol``, ``date``, ``st``, ``preclose`` (CNY), ``derived``
    listed : symbol -> first session, of stocks whose listing is known; others are long listed

    Returns
    -------
    up, down : CNY, null where the rules set no limit. Known before the session opens.

    Raises
    ------
    NoRuleError
        No rule covers a stock's board on a day.
    """
    up, down = np.full(rows.height, np.nan), np.full(rows.height, np.nan)
    preclose, ratio = rows["preclose"].to_numpy(), _ratios(rows, listed)
    for tick, mine in _by_tick(rows):
        of_tick = TradingRules.default().limit_prices(preclose[mine], ratio[mine], tick)
        up[mine], down[mine] = of_tick
    return pl.Series("up_limit", up).fill_nan(None), pl.Series("down_limit", down).fill_nan(None)


def _ratios(rows: pl.DataFrame, listed: dict[str, date]) -> Float[ndarray, "N"]:
    """Limit of each row as a share of its preclose; the rules are asked once a distinct case.

    A case is a number made of the places of its day, board, flag and session since listing.
    """
    symbols = rows["symbol"].unique()
    of_symbol = [board_of(symbol) for symbol in symbols]
    boards, days = sorted(set(of_symbol)), rows["date"].unique().sort()
    codes = pl.Series([boards.index(board) for board in of_symbol], dtype=pl.Int64())
    board = rows["symbol"].replace_strict(symbols, codes, return_dtype=pl.Int64()).to_numpy()
    day = np.searchsorted(days.to_numpy(), rows["date"].to_numpy())
    st = rows["st"].fill_null(value=False).to_numpy()
    since = _listed_days(rows, listed)
    near = np.where(since == OLD_LISTING, 0, since)
    shape = len(days), len(boards), 2, FIRST_SESSIONS
    case = np.ravel_multi_index((day, board, st.astype(np.int64), near), shape)
    used = np.zeros(np.prod(shape), dtype=bool)
    used[case] = True
    table = np.full(len(used), np.nan)
    rules = TradingRules.default()
    for place in np.flatnonzero(used):
        d, b, flag, n = map(int, np.unravel_index(place, shape))
        table[place] = rules.limit_ratio(boards[b], bool(flag), days[d], n or OLD_LISTING)
    return table[case]


def _by_tick(rows: pl.DataFrame) -> Iterator[tuple[float, np.ndarray]]:
    """Price steps, and which rows have them."""
    found = ticks(rows).to_numpy()
    for tick in np.unique(found):
        yield float(tick), found == tick


def _listed_days(rows: pl.DataFrame, listed: dict[str, date]) -> Int64[ndarray, "N"]:
    """Sessions since the listing, the first counts 1; a large number after the first few."""
    first = rows["symbol"].replace_strict(
        pl.Series(list(listed), dtype=pl.String()),
        pl.Series(list(listed.values()), dtype=pl.Date()),
        default=None,
        return_dtype=pl.Date(),
    )
    since = first.to_numpy().astype("datetime64[D]")
    day = rows["date"].to_numpy().astype("datetime64[D]")
    out = np.full(rows.height, OLD_LISTING)
    near = (day >= since) & (day <= since + NEAR_DAYS)
    if near.any():
        out[near] = _sessions_since(since[near], day[near])
    return out


def _sessions_since(since: Shaped[ndarray, "N"], day: Shaped[ndarray, "N"]) -> Int64[ndarray, "N"]:
    sessions = Calendar.xshg().sessions
    count = np.searchsorted(sessions, day, "right") - np.searchsorted(sessions, since)
    inside = (since >= sessions[0]) & (day <= sessions[-1]) & (count >= 1)
    return np.where(inside & (count < FIRST_SESSIONS), count, OLD_LISTING)
