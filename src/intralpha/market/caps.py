"""Capitalisation, from share counts or from dated snapshots as a stand-in."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from intralpha.base import Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.base.panel import as_days
from intralpha.market.daily import carried, read_daily
from intralpha.market.lake import Lake

COVERED = 0.5  # share of the stocks with any cap from which on the total cap is used


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
    fwd_snapshot : whether the lake's last snapshot stands in for earlier dates, too: it is then
        known only when that is, so this is for labels alone

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``float_cap``, CNY
        Suspended days carry the last value; NaN where neither source knows the stock yet. Known at
        the close of each date, without ``fwd_snapshot``.
    """
    return _cap(lake, dates, assets, "float", fwd_snapshot)


def size_cap(
    lake: Lake, dates: np.ndarray, assets: np.ndarray, fwd_snapshot: bool = False
) -> Panel:
    """Market value of all shares, on dates without that of the freely traded ones.

    A date has one of the two: the total where it is known for at least half of the stocks with
    either, else that of :func:`float_cap`. The total is found as the other is, from
    ``daily.total_shares`` and the item ``total_cap``.

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes
    fwd_snapshot : as of :func:`float_cap`, for labels alone

    Returns
    -------
    Panel, float64, shape [D, A, 1], name ``size_cap``, CNY
        NaN where the one of the date does not know the stock. Known at the close of each date,
        without ``fwd_snapshot``.
    """
    total, floating = (_cap(lake, dates, assets, kind, fwd_snapshot) for kind in ("total", "float"))
    known, either = np.isfinite(total.values), np.isfinite(floating.values)
    either |= known
    covered = known.sum(axis=(1, 2)) >= COVERED * np.maximum(either.sum(axis=(1, 2)), 1)
    values = np.where(covered[:, None, None], total.values, floating.values)
    return Panel(values, total.dates, total.assets, ("size_cap",))


def _cap(lake: Lake, dates: np.ndarray, assets: np.ndarray, of: str, fwd_snapshot: bool) -> Panel:
    """Shares x close where shares are known, elsewhere snapshots."""
    days, name, count = as_days(dates), f"{of}_cap", f"{of}_shares"
    first, last = days[0].item(), days[-1].item()
    daily = read_daily(lake, ("close", count), first, last, assets)
    counted = daily["close"] * daily[count]
    known = carried(lake, pl.col("close") * pl.col(count), counted, first, assets)[1:]
    upto = None if fwd_snapshot else last
    full = with_snapshots(lake, name, Panel(known[:, :, None], daily.dates, assets, (name,)), upto)
    return full.at(days)


def with_snapshots(lake: Lake, item: str, known: Panel, last: date | None) -> Panel:
    """Capitalisation by share counts, where it is not known by snapshots, moved on by the price.

    Parameters
    ----------
    lake : its ``fundamentals`` may be absent
    item : ``float_cap`` or ``total_cap``
    known : Panel of one name, CNY, NaN where no count is known
    last : latest announcement that counts; None: all, for earlier sessions, too
    """
    if np.isfinite(known.values).all():
        return known
    stand_in = _from_snapshots(lake, item, last, known.assets)
    if stand_in is None:
        return known
    other = stand_in.at(known.dates).values
    return replace(known, values=np.where(np.isfinite(known.values), known.values, other))


def _from_snapshots(lake: Lake, item: str, last: date | None, assets: np.ndarray) -> Panel | None:
    """Snapshots scaled by adjusted close over the adjusted close of their day; None without any.

    Each from its announcement on; with ``last`` None the last of a stock for all sessions.
    """
    mine = pl.col("symbol").is_in(list(map(str, assets)))
    rows = lake.scan("fundamentals").filter(pl.col("item") == item, mine)
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
    return Panel(out[:, :, None], filled.dates, assets, (item,))


def cap_weights(cap_DA: np.ndarray, mask_DA: np.ndarray) -> np.ndarray:
    """Weights proportional to capitalisation inside the mask; each row sums to 1 (0 if empty)."""
    held = np.where(mask_DA & np.isfinite(cap_DA), cap_DA, 0.0)
    total = sum_in_turn(held)[:, None]
    return np.divide(held, total, out=np.zeros_like(held), where=total > 0)
