"""Minutes of a day with active sides and the book, made from its rows [Spec 2.2, 5.1, 7].

What the bar features and the hand-made factors read, so that they can be followed from raw rows.
"""

import math

import numpy as np

from .bar64_level2 import Level2Day as Minutes
from .day import MINUTES
from .informed import informed, rskew
from .level2_day import LEVELS, Level2Day, continuous, flows, minute_day, minute_of, net_bids
from .stats import NAN, mean, over


def _side_volumes(day: Level2Day) -> dict[str, np.ndarray]:
    """Shares of trades whose buyer (VB) or seller (VS) was active."""
    out = {"VB": np.zeros(MINUTES), "VS": np.zeros(MINUTES)}
    rows = (day.trades[n] for n in ("time", "side", "volume"))
    for time, side, volume in zip(*rows, strict=True):
        if time >= 34_200_000 and side:
            out["VB" if side > 0 else "VS"][minute_of(time) - 1] += volume
    return out


def _book(day: Level2Day) -> dict[str, np.ndarray]:
    """Means of spread and depth over the snapshots with both best quotes, and their number."""
    if not len(day.snapshots["time"]):
        return dict.fromkeys(("spread", "depth", "quotes"), np.full(MINUTES, NAN))
    book, found = day.snapshots, [([], []) for _ in range(MINUTES)]
    for i in np.flatnonzero(continuous(day, book["time"])):
        bid, ask = book["bid_price1"][i], book["ask_price1"][i]
        if min(bid, ask, book["bid_volume1"][i], book["ask_volume1"][i]) > 0:
            bids, asks = (math.fsum(book[f"{s}_volume{n}"][i] for n in LEVELS)
                          for s in ("bid", "ask"))  # fmt: skip
            spread, depth = found[minute_of(book["time"][i]) - 1]
            spread.append((ask - bid) / ((ask + bid) / 2))
            depth.append((bids - asks) / (bids + asks))
    return {
        "spread": np.array([mean(spread) for spread, _ in found]),
        "depth": np.array([mean(depth) for _, depth in found]),
        "quotes": np.array([float(len(spread)) for spread, _ in found]),
    }


def minutes(day: Level2Day) -> Minutes:
    """The day as the bar features read it."""
    return Minutes(minute_day(day), **_side_volumes(day), **flows(day), net_bid=net_bids(day),
                   **_book(day))  # fmt: skip


def hand_made_minutes(day: Level2Day, surprise: np.ndarray) -> dict[str, float]:
    """What the hand-made factors need of a day's minutes, given the residuals of its returns."""
    m = minute_day(day)
    sells, buys = informed(minutes(day), surprise)
    values = {
        "day_tail_share": over(float(m.volume[210:].sum()), m.day_volume),
        "day_rskew": rskew(m),
        "day_late_ret": math.log(m.close[239] / m.close[29]),
        "day_informed_sell": sells,
        "day_informed_buy": buys,
    }
    if m.half_locked:
        values |= {n: NAN for n in values if n != "day_tail_share"}
    return dict.fromkeys(values, NAN) if m.suspended else values
