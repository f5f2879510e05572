"""The 100 snapshot factors of [Spec 6.4]: ten series of the book and ten numbers of each.

Choices where the text is open:

* a level that is missing has no price, no shares and no orders: it adds nothing to a sum;
* 11:30:00 belongs to the morning, 13:00:00 to the afternoon and 14:57:00 to the closing auction;
  a day without a closing auction goes on to 15:00:00, and its last three minutes are in the
  numbers of the day but in no window, which stop at minute 237 (late30, too);
* "next" and "before" mean the snapshot after or before among those with both best quotes, in the
  same half of the day; so no change, lag or look ahead crosses lunch;
* order counts: levels that carry none (null or 0) are left out, of the shares in (7) as well; that
  is level 1 alone where a vendor counts no others, and NaN where nobody counted;
* least counts: 60 over the day, pairs in a lag or a correlation included; 10 in every window (the
  table has no row for 90 minutes, so that of the next shorter window);
* of a suspended day, and of one locked for more than half its minutes, nothing is known.

Series are made in extended precision: the micro-price deviation is what is left of two prices.
"""

from dataclasses import dataclass

import numpy as np

from .stats import NAN, acorr1, mean, pearson, skew, std

DAY, WINDOW, AHEAD = 60, 10, 20
MORNING, NOON, AFTERNOON, AUCTION, CLOSE = (
    ((hour * 60) + minute) * 60_000
    for hour, minute in ((9, 30), (11, 30), (13, 0), (14, 57), (15, 0))
)
SERIES = (
    "spread", "mid_ret", "imb1", "imb5", "imb10", "count_imb", "size_ratio", "slope", "net_bid",
    "micro",
)  # fmt: skip
WINDOWS = {"w1": (1, 30), "w2": (31, 120), "w3": (121, 210), "w4": (211, 237)}
STATISTICS = ("mean", "std", "skew", "acorr", "late_open", *WINDOWS, "lead")
TICK100 = tuple(f"t_{x}_{s}" for x in SERIES for s in STATISTICS)


@dataclass(frozen=True)
class TickDay:
    """Snapshots of one stock and day, in order; levels from the best one outwards.

    ``time`` in ms [N]; prices (CNY), shares and orders of ten levels [N, 10], NaN or 0 where there
    is none; ``day_amount`` in CNY, auctions included.
    """

    time: np.ndarray
    bp: np.ndarray
    bq: np.ndarray
    bn: np.ndarray
    ap: np.ndarray
    aq: np.ndarray
    an: np.ndarray
    day_amount: float
    closing_auction: bool = True
    suspended: bool = False
    half_locked: bool = False

    def both_sided(self) -> np.ndarray:
        """Snapshots of continuous trading with both best quotes."""
        end = AUCTION - 1 if self.closing_auction else CLOSE
        morning = (self.time >= MORNING) & (self.time <= NOON)
        inside = morning | ((self.time >= AFTERNOON) & (self.time <= end))
        best = (self.bp, self.bq, self.ap, self.aq)
        return inside & np.all([np.nan_to_num(x[:, 0]) > 0 for x in best], axis=0)

    def minute(self) -> np.ndarray:
        """m = 1..240 of each snapshot [Spec 2.2]."""
        early = np.minimum((self.time - MORNING) // 60_000 + 1, 120)
        late = np.minimum((self.time - AFTERNOON) // 60_000 + 121, 240)
        return np.where(self.time <= NOON, early, late)


def _known(x: np.ndarray) -> np.ndarray:
    return np.nan_to_num(x).astype(np.longdouble)


def _ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Quotient, NaN where the divisor is 0."""
    return np.where(y != 0, x / np.where(y != 0, y, 1), NAN)


def _log(x: np.ndarray) -> np.ndarray:
    return np.log(np.where(x > 0, x, NAN))


def _later(x: np.ndarray, steps: int, noon: int) -> np.ndarray:
    """The value so many rows on in the same half; ``noon`` is the first row of the afternoon."""
    out = np.full(len(x), NAN, np.longdouble)
    for first, last in ((0, noon), (noon, len(x))):
        if last - first > steps:
            out[first : last - steps] = x[first + steps : last]
    return out


def _imbalance(bid: np.ndarray, ask: np.ndarray, levels: int) -> np.ndarray:
    b, a = bid[:, :levels].sum(axis=1), ask[:, :levels].sum(axis=1)
    return _ratio(b - a, b + a)


def _order_size(shares: np.ndarray, orders: np.ndarray) -> np.ndarray:
    counted = orders > 0
    return _ratio(
        np.where(counted, shares, 0).sum(axis=1), np.where(counted, orders, 0).sum(axis=1)
    )


def series(day: TickDay) -> tuple[dict[str, np.ndarray], np.ndarray, int]:
    """The ten series, the mid price and the first row of the afternoon, of the snapshots kept."""
    keep = day.both_sided()
    bp, bq, bn, ap, aq, an = (
        _known(x[keep]) for x in (day.bp, day.bq, day.bn, day.ap, day.aq, day.an)
    )
    noon = int((day.time[keep] <= NOON).sum())
    mid = (bp[:, 0] + ap[:, 0]) / 2
    bid, ask = ((p * q).sum(axis=1) / q.sum(axis=1) for p, q in ((bp, bq), (ap, aq)))
    worth = bp[:, 0] * bq[:, 0] - ap[:, 0] * aq[:, 0]
    change = np.full(len(mid), NAN, np.longdouble)
    change[1:] = worth[1:] - worth[:-1]
    change[[i for i in (noon,) if 0 < i < len(mid)]] = NAN
    micro = (ap[:, 0] * bq[:, 0] + bp[:, 0] * aq[:, 0]) / (bq[:, 0] + aq[:, 0])
    found = {
        "spread": (ap[:, 0] - bp[:, 0]) / mid,
        "mid_ret": np.log(_later(mid, 1, noon) / mid),
        "imb1": _imbalance(bq, aq, 1),
        "imb5": _imbalance(bq, aq, 5),
        "imb10": _imbalance(bq, aq, 10),
        "count_imb": _imbalance(bn, an, 10),
        "size_ratio": _log(_ratio(_order_size(bq, bn), _order_size(aq, an))),
        "slope": (mid - bid) / mid - (ask - mid) / mid,
        "net_bid": change / day.day_amount if day.day_amount > 0 else change * NAN,
        "micro": micro / mid - 1,
    }
    return found, mid, noon


def _numbers(x: np.ndarray, minute: np.ndarray, ahead: np.ndarray, noon: int) -> list[float]:
    """The ten numbers of a series, in the order of STATISTICS."""
    windows = [mean(x[(minute >= lo) & (minute <= hi)], WINDOW) for lo, hi in WINDOWS.values()]
    lunch = noon if noon > 0 else None
    return [
        mean(x, DAY),
        std(x, DAY),
        skew(x, DAY),
        acorr1(x, lunch, DAY),
        windows[3] - windows[0],
        *windows,
        pearson(x, ahead, DAY),
    ]


def tick100(day: TickDay) -> dict[str, float]:
    """All 100 values of a stock-day, in the order of TICK100."""
    if day.suspended or day.half_locked:
        return dict.fromkeys(TICK100, NAN)
    found, mid, noon = series(day)
    minute = day.minute()[day.both_sided()]
    ahead = np.log(_later(mid, AHEAD, noon) / mid).astype(float)
    after_own = np.log(_later(mid, AHEAD + 1, noon) / _later(mid, 1, noon)).astype(float)
    values: list[float] = []
    for name, x in found.items():
        then = after_own if name == "mid_ret" else ahead
        values += _numbers(x.astype(float), minute, then, noon)
    return dict(zip(TICK100, values, strict=True))


def scale(values: dict[str, float], name: str) -> float:
    """What an error of that factor is measured against: its value, or the spread of its series."""
    own = name.rsplit("_", 2 if name.endswith("late_open") else 1)
    if own[-1] in ("skew", "acorr", "lead"):
        return max(1.0, abs(values[name]))
    spread, level = (abs(values[f"{own[0]}_{s}"]) for s in ("std", "mean"))
    return float(np.nanmax([abs(values[name]), spread, 1e-6 * level]))
