"""Raw descriptors of DFQ-2020 that come from prices, volumes and listings [Spec 9.2]."""

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base.panel import as_days
from intralpha.market import Lake, read_daily
from intralpha.risk.history import History
from intralpha.risk.over_blocks import Block
from intralpha.risk.windows import (
    lag_weights,
    weighted_fit,
    weighted_mean,
    weighted_std,
    window_matrix,
)

EXTREMES = 6
Cells = Float[ndarray, "D A"]


def dfq_price_descriptors(
    block: Block,
    lake: Lake,
    assets: Shaped[ndarray, "A"],
    days: int,
    trend_days: tuple[int, int, int],
    least: int,
) -> dict[str, Cells]:
    """Beta with its standard error, trend, volatility and liquidity.

    Parameters
    ----------
    block : dates and their past
    lake : for highs and lows
    assets : symbols
    days : window
    trend_days : half-lives of the short average and of the two long ones
    least : days with a return that a window needs

    Returns
    -------
    dict of name -> ndarray of float64, shape [D, A]
        NaN where a window holds too few days. Known at the close of each date.
    """
    history, rows = block.history, block.rows
    window = window_matrix(rows, len(history.dates), lag_weights(days))
    beta, left = weighted_fit(window, history.ret_HA, history.market_H, least)
    turnover = np.log(np.where(history.turnover_HA > 0, history.turnover_HA, np.nan))
    top, bottom, high, low = _extremes(block, lake, assets, days, least)
    short, *long = (_average(history, block, one) for one in trend_days)
    liquidity_beta, _ = weighted_fit(window, turnover, _mean(turnover), least)
    return {
        "beta": beta,
        "beta_error": _error(history, window, left),
        "trend_120": short / long[0],
        "trend_240": short / long[1],
        "stdvol": weighted_std(window, history.ret_HA, least),
        "range": high / low - 1,
        "max_ret": top,
        "min_ret_turned": -bottom,
        "turnover": weighted_mean(window, turnover, least),
        "liquidity_beta": liquidity_beta,
    }


def shrunk(
    slope_A: Float[ndarray, "A"], error_A: Float[ndarray, "A"], core_A: Bool[ndarray, "A"]
) -> Float[ndarray, "A"]:
    r"""Slopes moved to their mean as far as they are uncertain.

    .. math:: \beta^* = \frac{\sigma^2_{cs}\,\beta + s^2\,\bar\beta}{\sigma^2_{cs} + s^2}

    Parameters
    ----------
    slope_A : estimates of one date
    error_A : their squared standard errors
    core_A : stocks over which mean and variance (population form) are taken

    Returns
    -------
    ndarray of float64, shape [A]
    """
    core = core_A & np.isfinite(slope_A)
    if not core.any():
        return slope_A
    mean, spread = slope_A[core].mean(), slope_A[core].var()
    total = spread + error_A
    out = slope_A.copy()
    np.divide(spread * slope_A + error_A * mean, total, out=out, where=total > 0)
    return out


def days_listed(lake: Lake, dates: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]) -> Cells:
    """Calendar days since the listing; NaN where that is unknown or later.

    Parameters
    ----------
    lake : with ``instruments``
    dates, assets : axes
    """
    rows = lake.scan("instruments").select("symbol", "list_date").drop_nulls().collect()
    began = dict(zip(rows["symbol"].to_list(), as_days(rows["list_date"]), strict=True))
    none = np.datetime64("NaT", "D")
    listed = np.array([began.get(s, none) for s in assets.tolist()], dtype="datetime64[D]")
    since = (as_days(dates)[:, None] - listed[None, :]).astype("timedelta64[D]")
    days = np.where(np.isnat(since), -1, since.astype(np.int64)).astype(np.float64)
    return np.where(days >= 0, days, np.nan)


def _mean(values: Float[ndarray, "H A"]) -> Float[ndarray, "H"]:
    """Of the stocks that are there, one after the other; NaN without any."""
    known = np.isfinite(values)
    total = np.cumsum(np.where(known, values, 0.0), axis=1)[:, -1]
    count = known.sum(axis=1)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def _error(history: History, window: Float[ndarray, "D H"], left: Cells) -> Cells:
    """Squared standard error of the slopes: residual variance over n - 2 and the market's."""
    both = np.isfinite(history.ret_HA) & np.isfinite(history.market_H)[:, None]
    count = window @ both.astype(np.float64)
    market = np.where(both, history.market_H[:, None], np.nan)
    spread = weighted_std(window, market, 3) ** 2
    freedom = (count - 2) * spread
    return np.divide(left**2, freedom, out=np.full(left.shape, np.nan), where=freedom > 0)


def _average(history: History, block: Block, half_life: int) -> Cells:
    """Weighted mean of the adjusted price over two half-lives."""
    weights = lag_weights(2 * half_life, float(half_life))
    window = window_matrix(block.rows, len(history.dates), weights)
    return weighted_mean(window, history.price_HA, half_life)


def _extremes(
    block: Block, lake: Lake, assets: Shaped[ndarray, "A"], days: int, least: int
) -> tuple[Cells, Cells, Cells, Cells]:
    """Means of the largest and of the smallest returns, highest high and lowest low (adjusted)."""
    history = block.history
    ends = history.dates[0].item(), history.dates[-1].item()
    daily = read_daily(lake, ("adj_high", "adj_low"), *ends, assets).at(history.dates)
    traded = history.traded_HA
    out = np.full((4, len(block.rows), len(assets)), np.nan)
    for d, row in enumerate(block.rows.tolist()):
        span = slice(max(row - days + 1, 0), row + 1)
        ret = history.ret_HA[span]
        enough = np.isfinite(ret).sum(axis=0) >= max(least, EXTREMES)
        if not enough.any():
            continue
        seen = np.isfinite(ret[:, enough])
        low = np.sort(np.where(seen, ret[:, enough], np.inf), axis=0)[:EXTREMES]
        high = np.sort(np.where(seen, ret[:, enough], -np.inf), axis=0)[-EXTREMES:]
        out[0, d, enough], out[1, d, enough] = high.mean(axis=0), low.mean(axis=0)
        here = traded[span][:, enough]
        highs = np.where(here, daily["adj_high"][span][:, enough], -np.inf)
        lows = np.where(here, daily["adj_low"][span][:, enough], np.inf)
        out[2, d, enough], out[3, d, enough] = highs.max(axis=0), lows.min(axis=0)
    return out[0], out[1], out[2], out[3]
