"""Float capitalisation, from share counts or from a dated snapshot as a declared stand-in."""

import numpy as np
import polars as pl

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.market.daily import fill_forward, read_daily
from intralpha.market.lake import Lake


def float_cap(lake: Lake, dates: np.ndarray, assets: np.ndarray) -> Panel:
    """Market value of the freely traded shares.

    Where ``daily.float_shares`` is known: shares x close, known at the close. Elsewhere the
    snapshot ``float_cap`` of ``fundamentals`` is moved back and forth in time by the adjusted
    close. **That stand-in is not point in time** (share counts of the snapshot's day); it serves
    benchmarks and tests on data that have nothing better.

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``float_cap``, CNY
        Suspended days carry the last value; NaN where neither source knows the stock.
    """
    days = as_days(dates)
    names = ("close", "float_shares", "adj_close")
    daily = read_daily(lake, names, None, None, assets)
    known = fill_forward(daily["close"] * daily["float_shares"])
    if not np.isfinite(known).all():
        stand_in = _from_snapshot(lake, daily, assets)
        known = np.where(np.isfinite(known), known, stand_in)
    return Panel(known[:, :, None], daily.dates, assets, ("float_cap",)).at(days)


def _from_snapshot(lake: Lake, daily: Panel, assets: np.ndarray) -> np.ndarray:
    """Snapshot value scaled by adjusted close over the last adjusted close up to its day."""
    price = fill_forward(daily["adj_close"])
    rows = (
        lake.scan("fundamentals")
        .filter(pl.col("item") == "float_cap", pl.col("symbol").is_in(list(map(str, assets))))
        .sort("announce_date")
        .group_by("symbol")
        .last()
        .collect()
    )
    out = np.full(price.shape, np.nan)
    column = {symbol: i for i, symbol in enumerate(assets)}
    for symbol, on, value in rows.select("symbol", "announce_date", "value").iter_rows():
        upto = int(np.searchsorted(daily.dates, as_days([on])[0], side="right")) - 1
        if upto >= 0:
            out[:, column[symbol]] = value * price[:, column[symbol]] / price[upto, column[symbol]]
    return out


def cap_weights(cap_DA: np.ndarray, mask_DA: np.ndarray) -> np.ndarray:
    """Weights proportional to capitalisation inside the mask; each row sums to 1 (0 if empty)."""
    held = np.where(mask_DA & np.isfinite(cap_DA), cap_DA, 0.0)
    total = held.sum(axis=1, keepdims=True)
    return np.divide(held, total, out=np.zeros_like(held), where=total > 0)
