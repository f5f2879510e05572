"""Bar carry: prices of bars in which nothing traded, from what stood before them [Spec 2.2]."""

import polars as pl

from intralpha.market.derived import PRICES, says


def carried(bars: pl.DataFrame, starts: pl.DataFrame) -> pl.DataFrame:
    r"""Bars of one session with the prices that they derive.

    A bar that no source gave, or whose source says only that nothing traded, stands at the last
    close of the session, else at the price that the session starts from. An open that the source
    does not know is the last traded close of the session held inside the bar's range,

    .. math:: o_t = \min(h_t, \max(l_t, c_{t-1})),

    and the bar's own close if there is none.

    Parameters
    ----------
    bars : rows of ``bars`` of one session and frequency, sorted by symbol and time
    starts : ``symbol``, ``start`` (CNY; null if not known), each symbol once

    Returns
    -------
    DataFrame
        The same rows. Prices are null where nothing traded and nothing before is known. Known at
        the end of each bar: nothing later has a part in it.
    """
    if bars["derived"].null_count() == bars.height:
        return bars
    empty = says("row") | says("prices")
    traded = pl.when(~empty).then(pl.col("close"))
    last = traded.forward_fill().over("symbol")
    before = traded.shift(1).forward_fill().over("symbol")
    held = pl.coalesce(before, "close").clip(pl.col("low"), pl.col("high"))
    rows = bars.join(starts, on="symbol", how="left", maintain_order="left")
    rows = rows.with_columns(_price=pl.coalesce(last, "start"), _open=held)
    opened = pl.when(says("open")).then("_open").otherwise("open")
    return rows.with_columns(
        pl.when(empty).then("_price").otherwise(opened if c == "open" else pl.col(c)).alias(c)
        for c in PRICES
    ).select(bars.columns)
