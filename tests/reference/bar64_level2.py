"""The features of 30- or 10-minute bars that need trades or the book [Spec 5.1-5.3].

Choices where the text is open, besides those of ``bar64``:

* each takes `ok` minutes, at least 5 with a value; the closing print is in none of them, nor in the
  bar's amount;
* 55 and 56 take net buying in minutes that traded and returns of `ok` minutes, as 52 to 54 do;
* 62 and 63 are means over the snapshots of the bar: minutes count as often as they have quotes, and
  one without quotes is no value;
* minutes without trades have active sides of 0 and count, but for 55 and 56.
"""

import math
from dataclasses import dataclass

import numpy as np

from .bar64 import BAR64, LEAST, PROPS, PROXY
from .day import MinuteDay
from .stats import NAN, lead_lag, over, pearson, seen, t_ratio, total

BOOK = ("big_share", "big_net_ratio", "spread_mean", "depth_imb_mean", "netbid_ratio")
BAR64_LEVEL2 = (*PROXY, *BOOK)
# [Spec 5.3] in its order: 1-8, 9-14, 15-29, 30-45, 46-51, 52-54, 55-56, 57-59, 60-64.
ALL64 = (
    *BAR64[:8], *PROXY[:6], *BAR64[8:39], *PROXY[6:12], *BAR64[39:42], *PROXY[12:], *BAR64[42:],
    *BOOK,
)  # fmt: skip


@dataclass(frozen=True)
class Level2Day:
    """Minutes of a day made from trades and snapshots, each [240].

    ``VB`` ``VS`` shares, ``AB`` ``AS`` CNY, ``NB`` ``NS`` trades by active side; fills of big buy
    and sell orders and the net bid increment in CNY; ``spread`` and ``depth`` are means over the
    ``quotes`` snapshots with both sides. NaN where nothing was read.
    """

    minutes: MinuteDay
    VB: np.ndarray
    VS: np.ndarray
    AB: np.ndarray
    AS: np.ndarray
    NB: np.ndarray
    NS: np.ndarray
    big_buy: np.ndarray
    big_sell: np.ndarray
    net_bid: np.ndarray
    spread: np.ndarray
    depth: np.ndarray
    quotes: np.ndarray


def _log(x: float) -> float:
    return math.log(x) if x > 0 else NAN


def _over_quotes(x: np.ndarray, quotes: np.ndarray) -> float:
    """Mean over the snapshots of the minutes with quotes."""
    known = ~np.isnan(x) & (quotes > 0)
    if known.sum() < LEAST:
        return NAN
    return over(math.fsum(x[known] * quotes[known]), math.fsum(quotes[known]))


def _bar(day: Level2Day, at: slice) -> list[float]:
    minutes = day.minutes
    if not minutes.okT[at].any():
        return [NAN] * len(BAR64_LEVEL2)
    ok = {
        name: seen(x, minutes.ok)[at] for name, x in vars(day).items() if isinstance(x, np.ndarray)
    }
    sums = {name: total(x, LEAST) for name, x in ok.items()}
    rho, amount = (
        seen(minutes.rho, minutes.ok)[at],
        total(seen(minutes.amount, minutes.ok)[at], LEAST),
    )
    net, traded = ok["AB"] - ok["AS"], minutes.okT[at]
    buy, sell = over(sums["AB"], sums["NB"]), over(sums["AS"], sums["NS"])
    return [
        _log(buy + 1),
        _log(sell + 1),
        _log(over(buy, sell)),
        over(sums["AB"], sums["AB"] + sums["AS"]),
        over(sums["NB"], sums["NB"] + sums["NS"]),
        t_ratio(net, LEAST),
        *(PROPS[op](ok[name]) for name in ("VB", "VS") for op in ("t", "std", "acorr")),
        pearson(rho, seen(net, traded), LEAST),
        lead_lag(seen(net, traded), rho, lunch=None, least=LEAST),
        over(sums["big_buy"] + sums["big_sell"], 2 * amount),
        over(sums["big_buy"] - sums["big_sell"], amount),
        _over_quotes(ok["spread"], ok["quotes"]),
        _over_quotes(ok["depth"], ok["quotes"]),
        over(sums["net_bid"], amount),
    ]


def bar64_level2(day: Level2Day, k: int) -> dict[str, np.ndarray]:
    """Each feature over the 240/k bars of k minutes; a suspended day is NaN."""
    rows = [_bar(day, slice(first, first + k)) for first in range(0, 240, k)]
    values = np.array(rows, dtype=np.float64).T
    if day.minutes.suspended:
        values[:] = NAN
    return dict(zip(BAR64_LEVEL2, values, strict=True))
