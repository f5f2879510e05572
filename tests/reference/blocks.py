"""Weeks and months as blocks of 5 and 20 sessions that end today [Spec 10.3, G-39].

One stock at a time: a series is a list over sessions, NaN where the stock has no row. A block of
which no session traded shows the prices that stand in its rows, as a day without trades does.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from .stats import NAN, observed, over, total

Series = dict[str, np.ndarray]
Chosen = Callable[[np.ndarray], float]
PRICES: dict[str, Chosen] = {
    "open": lambda x: float(x[0]),
    "high": lambda x: float(np.max(x)),
    "low": lambda x: float(np.min(x)),
    "close": lambda x: float(x[-1]),
    "preclose": lambda x: float(x[0]),
}


def block(series: Series, t: int, sessions: int) -> dict[str, float]:
    """The block that ends on day t; sessions before the first are absent."""
    rows = {name: x[max(t - sessions + 1, 0) : t + 1] for name, x in series.items()}
    traded = rows["traded"] == 1
    out: dict[str, float] = {"traded": float(traded.any())}
    for name, chosen in PRICES.items():
        known = observed(rows[name][traded] if traded.any() else rows[name])
        out[name] = chosen(known) if len(known) else NAN
    if traded.any():
        amount, vwap = rows["amount"][traded], rows["vwap"][traded]
        shares = [a / v for a, v in zip(amount, vwap, strict=True)]
        out["vwap"] = over(total(amount), total(shares))
    else:
        out["vwap"] = out["close"]
    for name in ("volume", "amount", "turnover"):
        out[name] = total(rows[name])
    out["ret"] = over(out["close"], out["preclose"]) - 1.0
    return out


def block_series(series: Series, sessions: int) -> Series:
    """Every series of the blocks that end on each day."""
    blocks = [block(series, t, sessions) for t in range(len(series["close"]))]
    return {name: np.array([b[name] for b in blocks]) for name in blocks[0]}


def back(values: Sequence[float] | np.ndarray, t: int, count: int, sessions: int) -> np.ndarray:
    """The value of day t and those of 1, 2, ... blocks earlier, oldest first, without the NaN."""
    days = [t - k * sessions for k in reversed(range(count))]
    return np.array([values[d] for d in days if d >= 0 and not math.isnan(values[d])])
