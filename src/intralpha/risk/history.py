"""What the exposures look at: returns, capitalisation, turnover and amounts of past sessions."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import sum_in_turn
from intralpha.market import Lake, carried, float_cap, read_daily

COVERED = 0.5


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
    filled = carried(
        lake, pl.col("close") * pl.col("adj_factor"), daily["adj_close"], start, assets
    )
    price, earlier = filled[1:], filled[:-1]
    traded = daily["traded"] == 1
    amount = np.where(traded, daily["amount_proxy"], np.nan)
    known = traded & np.isfinite(earlier)
    ret = np.divide(price, earlier, out=np.full(price.shape, np.nan), where=known) - 1
    listed = np.isfinite(price)
    counted = pl.col("close") * pl.col("total_shares")
    total = carried(lake, counted, daily["close"] * daily["total_shares"], start, assets)[1:]
    floating = float_cap(lake, dates, assets)["float_cap"]
    size = _first_covered([total, floating, np.full(listed.shape, np.nan)], listed)
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
