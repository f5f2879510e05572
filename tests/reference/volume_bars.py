"""Equal-volume bars [Spec 6.2].

Choices where the text is open:

* suspended days are left out; the opening auction is a row of its own if it traded;
* every row, also one without trades, counts in a bar's ``minutes``, but only rows that traded
  make its prices: a row without trades repeats an older close, which belongs to another bar;
* rows after the last multiple of q (they hold no volume) make no bar;
* reaching a multiple is judged with the tolerance 1e-9 q, in the test and in the next target.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .day import MinuteDay
from .stats import over

TOLERANCE = 1e-9


@dataclass(frozen=True)
class VolumeBars:
    """One row per bar; ``day`` is the index of the day on which the bar closed."""

    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    vwap: np.ndarray
    minutes: np.ndarray
    day: np.ndarray


def volume_bars(volumes: Sequence[float] | np.ndarray, q: float) -> list[list[int]]:
    """Rows (from 0) of each bar: it closes where the cumulative volume reaches a multiple of q."""
    bars: list[list[int]] = []
    current: list[int] = []
    if not q > 0:
        return bars
    cumulative, target = 0.0, 1
    for row, volume in enumerate(volumes):
        current.append(row)
        cumulative += float(volume)
        if cumulative >= (target - TOLERANCE) * q:
            bars.append(current)
            target = math.floor(cumulative / q + TOLERANCE) + 1
            current = []
    return bars


def _rows(day: MinuteDay, number: int, factor: float) -> list[tuple[float, ...]]:
    """(day, open, high, low, close, volume, amount), adjusted, the opening auction first."""
    out: list[tuple[float, ...]] = []
    if day.auction_volume > 0:
        price = day.auction_price * factor
        shares = day.auction_volume / factor
        out.append((number, price, price, price, price, shares, day.auction_amount))
    for m in range(len(day.close)):
        prices = (day.open[m], day.high[m], day.low[m], day.close[m])
        adjusted = tuple(float(price) * factor for price in prices)
        out.append((number, *adjusted, float(day.volume[m]) / factor, float(day.amount[m])))
    return out


def _bar(rows: np.ndarray) -> tuple[float, ...]:
    traded = rows[rows[:, 5] > 0]
    vwap = over(float(traded[:, 6].sum()), float(traded[:, 5].sum()))
    highest, lowest = float(traded[:, 2].max()), float(traded[:, 3].min())
    return (traded[0, 1], highest, lowest, traded[-1, 4], vwap, len(rows), rows[-1, 0])


def bars_of(
    days: Sequence[MinuteDay],
    factors: Sequence[float] | np.ndarray | None = None,
    bar_num: int = 960,
) -> VolumeBars:
    """Bars of a window of days (20 in the specification).

    Parameters
    ----------
    days : the window, oldest first
    factors : one per day, price times factor and volume over factor are comparable; None = 1
    bar_num : the window's volume over this number is the volume of one bar

    Returns
    -------
    VolumeBars, at most ``bar_num`` rows; none where nothing traded
    """
    factors = [1.0] * len(days) if factors is None else factors
    rows = [
        row
        for number, (day, factor) in enumerate(zip(days, factors, strict=True))
        if not day.suspended
        for row in _rows(day, number, float(factor))
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    q = math.fsum(table[:, 5]) / bar_num
    made = [_bar(table[index]) for index in volume_bars(table[:, 5], q)]
    columns = np.array(made, dtype=np.float64).reshape(-1, 7).T
    return VolumeBars(*columns[:6], day=columns[6].astype(int))
