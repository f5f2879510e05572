"""Bar carry: prices of bars in which nothing traded, from what stood before them [Spec 2.2]."""

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int64
from numpy import ndarray

from intralpha.base.columns import floats
from intralpha.market.derived import PRICES, says


def empty_bars(bars: pl.DataFrame) -> pl.Series:
    """Which bars no source gave, or say only that nothing traded."""
    return bars.select((says("row") | says("prices")).alias("empty")).to_series()


def carried(bars: pl.DataFrame, starts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    r"""Bars of sessions that follow each other, with the prices that they derive.

    A bar that no source gave, or whose source says only that nothing traded, stands at the last
    close of the session, else at the price that the session starts from: its preclose where that is
    given, else the last close of the stock's session before. An open that the source
    does not know is the last traded close of the session held inside the bar's range,

    .. math:: o_t = \min(h_t, \max(l_t, c_{t-1})),

    and the bar's own close if there is none.

    Parameters
    ----------
    bars : rows of ``bars`` of one frequency, sorted by symbol, date and time
    starts : ``date``, ``symbol``, ``start`` (CNY): precloses, each session of a stock once
    before : ``symbol``, ``before`` (CNY; null if not known): last close before the first session

    Returns
    -------
    DataFrame
        The same rows. Prices are null where nothing traded and nothing before is known. Known at
        the end of each bar: nothing later has a part in it.
    """
    if bars["derived"].null_count() == bars.height:
        return bars
    empty = empty_bars(bars).to_numpy()
    close = bars["close"].to_numpy()
    first = session_starts(bars)
    session = np.cumsum(first) - 1
    begin = np.flatnonzero(first)
    last = _last_where(~empty)
    traded = last >= begin[session]
    price = np.where(traded, close[last], np.nan)
    sessions = bars.lazy().select("date", "symbol").filter(pl.Series(first)).collect()
    opening = _opening(sessions, price[_ends(begin, len(close))], starts, before)
    price = np.where(traded, price, opening[session])
    rows = bars.with_columns(
        _empty=empty,
        _price=pl.Series(price).fill_nan(None),
        _open=_held(bars, last, begin[session]),
    )
    opened = pl.when(says("open")).then("_open").otherwise("open")
    return rows.with_columns(
        pl.when("_empty").then("_price").otherwise(opened if c == "open" else pl.col(c)).alias(c)
        for c in PRICES
    ).select(bars.columns)


def session_starts(bars: pl.DataFrame) -> Bool[ndarray, "N"]:
    """Which bars are the first of a stock's session; rows sorted by symbol, date and time."""
    same = [(pl.col(c) == pl.col(c).shift(1)).fill_null(value=False) for c in ("symbol", "date")]
    return ~bars.select(pl.all_horizontal(same).alias("same"))["same"].to_numpy()


def _held(bars: pl.DataFrame, last: Int64[ndarray, "N"], begin: Int64[ndarray, "N"]) -> pl.Series:
    """Close of the last bar of the session that traded before each one, inside the bar's range."""
    close = bars["close"].to_numpy()
    before = np.concatenate([[-1], last[:-1]])
    held = np.where(before >= begin, close[before], close)
    held = np.minimum(np.maximum(held, bars["low"].to_numpy()), bars["high"].to_numpy())
    return pl.Series(held).fill_nan(None)


def _opening(
    keys: pl.DataFrame, last: Float[ndarray, "S"], starts: pl.DataFrame, before: pl.DataFrame
) -> Float[ndarray, "S"]:
    """Price that each session starts from; NaN if none is known.

    Parameters
    ----------
    keys : ``date``, ``symbol`` of each session, sorted by symbol and date
    last : close of the last bar of each that traded, NaN without one
    starts, before : see :func:`carried`
    """
    given = keys.join(starts, on=["date", "symbol"], how="left", maintain_order="left")["start"]
    early = keys.join(before, on="symbol", how="left", maintain_order="left")["before"]
    given, early = floats(given), floats(early)
    new = (keys["symbol"] != keys["symbol"].shift(1)).fill_null(value=True).to_numpy()
    # What a session leaves for the next one: its last trade, else what it starts from.
    leaves = np.where(np.isnan(last), given, last)
    at = _last_where(~np.isnan(leaves))
    at = np.where(new, -1, np.concatenate([[-1], at[:-1]]))
    stock = np.flatnonzero(new)[np.cumsum(new) - 1]
    carried_on = np.where(at >= stock, leaves[at], early)
    return np.where(np.isnan(given), carried_on, given)


def _ends(begin: Int64[ndarray, "S"], rows: int) -> Int64[ndarray, "S"]:
    """Last row of each session."""
    return np.append(begin[1:], rows) - 1


def _last_where(true: Bool[ndarray, "N"]) -> Int64[ndarray, "N"]:
    """Place of the last true up to each row; -1 without one."""
    return np.maximum.accumulate(np.where(true, np.arange(len(true)), -1))
