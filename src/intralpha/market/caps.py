"""Float capitalisation, from share counts or from dated snapshots as a stand-in."""

from datetime import date

import numpy as np
import polars as pl

from intralpha.base import Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.base.panel import as_days
from intralpha.market.daily import carried, read_daily
from intralpha.market.lake import Lake


def float_cap(
    lake: Lake, dates: np.ndarray, assets: np.ndarray, fwd_snapshot: bool = False
) -> Panel:
    """Market value of the freely traded shares.

    Where ``daily.float_shares`` is known: shares x close. Elsewhere the last snapshot ``float_cap``
    of ``fundamentals`` announced by the date, moved on by the adjusted close.

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes
    fwd_snapshot : whether the lake's last snapshot stands in for earlier dates, too: **it is then
        known only when that is**, so this is for labels alone

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``float_cap``, CNY
        Suspended days carry the last value; NaN where neither source knows the stock yet. Known at
        the close of each date, without ``fwd_snapshot``.
    """
    days = as_days(dates)
    first, last = days[0].item(), days[-1].item()
    daily = read_daily(lake, ("close", "float_shares"), first, last, assets)
    counted, shares = daily["close"] * daily["float_shares"], pl.col("float_shares")
    known = carried(lake, pl.col("close") * shares, counted, first, assets)[1:]
    stand_in = None
    if not np.isfinite(known).all():
        stand_in = _from_snapshots(lake, None if fwd_snapshot else last, assets)
    if stand_in is not None:
        known = np.where(np.isfinite(known), known, stand_in.at(daily.dates).values[:, :, 0])
    return Panel(known[:, :, None], daily.dates, assets, ("float_cap",)).at(days)


def _from_snapshots(lake: Lake, last: date | None, assets: np.ndarray) -> Panel | None:
    """Snapshots scaled by adjusted close over the adjusted close of their day; None without any.

    Each from its announcement on; with ``last`` None the last of a stock for all sessions.
    """
    mine = pl.col("symbol").is_in(list(map(str, assets)))
    rows = lake.scan("fundamentals").filter(pl.col("item") == "float_cap", mine)
    if last is not None:
        rows = rows.filter(pl.col("announce_date") <= last)
    found = rows.sort("announce_date").collect()
    if found.is_empty():
        return None
    filled = read_daily(lake, ("filled_close",), None, last, assets)
    price = filled["filled_close"]
    out = np.full(price.shape, np.nan)
    column = {symbol: i for i, symbol in enumerate(assets)}
    for symbol, on, value in found.select("symbol", "announce_date", "value").iter_rows():
        day, at = as_days([on])[0], column[symbol]
        upto = int(np.searchsorted(filled.dates, day, side="right")) - 1
        known = 0 if last is None else int(np.searchsorted(filled.dates, day))
        if upto >= 0:
            out[known:, at] = value * price[known:, at] / price[upto, at]
    return Panel(out[:, :, None], filled.dates, assets, ("float_cap",))


def cap_weights(cap_DA: np.ndarray, mask_DA: np.ndarray) -> np.ndarray:
    """Weights proportional to capitalisation inside the mask; each row sums to 1 (0 if empty)."""
    held = np.where(mask_DA & np.isfinite(cap_DA), cap_DA, 0.0)
    total = sum_in_turn(held)[:, None]
    return np.divide(held, total, out=np.zeros_like(held), where=total > 0)
