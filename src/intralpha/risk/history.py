"""What the exposures look at: returns, capitalisation, turnover and amounts of past sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.market import Lake, carried, read_daily, with_snapshots

COVERED = 0.5
SPAN_SESSIONS = 250


@dataclass(frozen=True, eq=False)
class History:
    """Past sessions of all assets, NaN where nothing is known.

    Attributes
    ----------
    dates : sessions of the history
    price_HA : adjusted close, carried over days without trading
    ret_HA : simple return of days that traded, over the last close before; NaN elsewhere
    traded_HA : whether the stock traded
    cap_HA : CNY; total shares x close, else float cap, else (no counts at all) 1 for every stock
    size_HA : what size is measured by: like ``cap_HA``; NaN on sessions without counts
    turnover_HA : volume / float shares, else amount / float cap; traded days
    counted_H : whether at least half of the listed stocks have a turnover rate to speak of
    amount_HA : CNY, traded days
    market_H : return of all assets, weighted by the cap of the session before
    """

    dates: Shaped[ndarray, "H"]
    price_HA: Float[ndarray, "H A"]
    ret_HA: Float[ndarray, "H A"]
    traded_HA: Bool[ndarray, "H A"]
    cap_HA: Float[ndarray, "H A"]
    size_HA: Float[ndarray, "H A"]
    turnover_HA: Float[ndarray, "H A"]
    counted_H: Bool[ndarray, "H"]
    amount_HA: Float[ndarray, "H A"]
    market_H: Float[ndarray, "H"]


def runs(rows: Int[ndarray, "D"]) -> Iterator[slice]:
    """Parts of ascending positions that span at most 250 sessions each."""
    start = 0
    while start < len(rows):
        stop = int(np.searchsorted(rows, rows[start] + SPAN_SESSIONS, side="left"))
        yield slice(start, stop)
        start = stop


def read_history(lake: Lake, dates: Shaped[ndarray, "H"], assets: Shaped[ndarray, "A"]) -> History:
    """History of some sessions, on which the last values of earlier sessions are carried.

    What it says of a session does not depend on the first and the last of them.

    Parameters
    ----------
    lake : with ``daily``
    dates : sessions of the lake without gaps, ascending
    assets : symbols
    """
    start, end = dates[0].item(), dates[-1].item()
    names = ("close", "adj_close", "volume", "amount_proxy", "float_shares", "total_shares")
    daily = read_daily(lake, (*names, "traded"), start, end, assets).at(dates)
    filled, total, counted = _carried(lake, daily, start, assets)
    price, earlier = filled[1:], filled[:-1]
    traded = daily["traded"] == 1
    amount = np.where(traded, daily["amount_proxy"], np.nan)
    known = traded & np.isfinite(earlier)
    ret = np.divide(price, earlier, out=np.full(price.shape, np.nan), where=known) - 1
    listed = np.isfinite(price)
    by_counts = Panel(counted[1:, :, None], daily.dates, assets, ("float_cap",))
    floating = with_snapshots(lake, "float_cap", by_counts, end)["float_cap"]
    size = _first_covered([total[1:], floating, np.full(listed.shape, np.nan)], listed)
    sized = np.isfinite(size).any(axis=1, keepdims=True)
    cap = np.where(sized, size, np.where(listed, 1.0, np.nan))
    return History(
        dates=dates,
        price_HA=price,
        ret_HA=ret,
        traded_HA=traded,
        cap_HA=cap,
        size_HA=size,
        turnover_HA=_turnover(daily, amount, floating),
        counted_H=_covers(np.isfinite(floating), listed),
        amount_HA=amount,
        market_H=_market(ret, cap),
    )


def _carried(
    lake: Lake, daily: Panel, start: date, assets: Shaped[ndarray, "A"]
) -> list[Float[ndarray, "before A"]]:
    """Adjusted close, total cap and float cap by counts, from the session before the first on."""
    close, factor = (pl.col(name) for name in ("close", "adj_factor"))
    shares = [(pl.col(n), daily[n]) for n in ("total_shares", "float_shares")]
    caps = [(close * count, daily["close"] * own) for count, own in shares]
    values = (close * factor, daily["adj_close"]), *caps
    return [carried(lake, value, own, start, assets) for value, own in values]


def _covers(known: Bool[ndarray, "H A"], listed: Bool[ndarray, "H A"]) -> Bool[ndarray, "H"]:
    """Sessions on which at least half of the listed stocks are known."""
    return (known & listed).sum(axis=1) >= COVERED * np.maximum(listed.sum(axis=1), 1)


def _first_covered(
    choices: list[Float[ndarray, "H A"]], listed: Bool[ndarray, "H A"]
) -> Float[ndarray, "H A"]:
    """On each session the first choice that knows at least half of the listed stocks."""
    out = choices[-1].copy()
    for choice in reversed(choices[:-1]):
        enough = _covers(np.isfinite(choice), listed)
        out[enough] = choice[enough]
    return out


def _turnover(
    daily: Panel, amount: Float[ndarray, "H A"], floating: Float[ndarray, "H A"]
) -> Float[ndarray, "H A"]:
    traded, shares = np.isfinite(amount), daily["float_shares"]
    out = np.full(amount.shape, np.nan)
    np.divide(amount, floating, out=out, where=traded & np.isfinite(floating))
    return np.divide(daily["volume"], shares, out=out, where=traded & np.isfinite(shares))


def _market(ret: Float[ndarray, "H A"], cap: Float[ndarray, "H A"]) -> Float[ndarray, "H"]:
    """Return of the market on each session; NaN on the first and where nothing is known."""
    weight = np.concatenate([np.full((1, cap.shape[1]), np.nan), cap[:-1]])
    both = np.isfinite(weight) & np.isfinite(ret)
    total = sum_in_turn(np.where(both, weight, 0.0))
    moved = sum_in_turn(np.where(both, weight * np.where(both, ret, 0.0), 0.0))
    return np.divide(moved, total, out=np.full(len(ret), np.nan), where=total > 0)
