"""Informed trading [Spec 7, P9] by plain least squares, and the other hand-made values of a day.

Choices where the text is open:

* the regression reads the 20 sessions that end today, today's minutes included: then the residual
  of today's minutes is one, and does not depend on how collinear dummies are left out. It is known
  at 15:00;
* r_m and r_{m-1} are both `ok` and no pair spans lunch, so the first minute of each half has no
  residual; the return over lunch is r_{m-1} of the minute after it; untraded minutes have return 0;
* a session without trades has no pairs; at least 12 of the 20 sessions must have some [Spec 2.7];
* shares are of the day's amount, auctions included; at least 60 minutes must have a residual.
"""

import math
from datetime import date

import numpy as np

from .bar64_level2 import Level2Day
from .day import MinuteDay
from .minute15 import minute15
from .stats import NAN, mean, over, seen, t_ratio, total

DAYS, LEAST_DAYS, LEAST = 20, 12, 60
LUNCH = 120
HAND_MADE = (
    "avg_outflow_ratio", "big_push_ret", "tail_vol_share", "net_actbuy_ratio_open",
    "net_actbuy_str_open", "buy_intent_ratio_open", "buy_intent_str_open", "big_net_ratio_open",
    "big_net_str_open", "informed_sell_share", "informed_buy_share", "down_vol_share", "hf_skew",
    "rev_improved",
)  # fmt: skip


def pairs(day: MinuteDay) -> np.ndarray:
    """Minutes (index m-1) that have a return and one before in the same half of the day."""
    if day.suspended or not day.volume.sum() > 0:
        return np.empty(0, int)
    return np.array(
        [m for m in range(1, 240) if m != LUNCH and day.ok[m] and day.ok[m - 1]], dtype=int
    )


def design(day: MinuteDay, on: date) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the regression: seven weekdays, eight half hours and the return before; returns."""
    at = pairs(day)
    rows = np.zeros((len(at), 16))
    rows[:, on.weekday()] = 1.0
    rows[np.arange(len(at)), 7 + at // 30] = 1.0
    rows[:, 15] = day.r[at - 1]
    return rows, day.r[at]


def residuals(window: list[tuple[date, MinuteDay]]) -> np.ndarray:
    """e_m of the last day of the window, [240]; NaN where there is none."""
    out = np.full(240, NAN)
    parts = [design(day, on) for on, day in window[-DAYS:]]
    if sum(len(r) > 0 for _, r in parts) < LEAST_DAYS:
        return out
    x, y = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    own = len(parts[-1][1])
    if own:
        out[pairs(window[-1][1])] = (y - fitted)[len(y) - own :]
    return out


def informed(day: Level2Day, surprise: np.ndarray) -> tuple[float, float]:
    """Shares of the day's amount: sells at a positive residual, buys at a negative one."""
    out = []
    for amount, sign in ((day.AS, 1), (day.AB, -1)):
        known = ~np.isnan(surprise) & ~np.isnan(amount)
        chosen = math.fsum(amount[known & (sign * surprise > 0)])
        out.append(over(chosen, day.minutes.day_amount) if known.sum() >= LEAST else NAN)
    return out[0], out[1]


def _open30(day: Level2Day, x: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Sum over the first half hour as a share of its amount, and mean over deviation."""
    early = seen(x, mask)[:30]
    amount = seen(day.minutes.amount, mask)[:30]
    return over(total(early, 10), total(amount, 1)), t_ratio(early, 10)


def rskew(day: MinuteDay) -> float:
    """sqrt(n) times the sum of cubes over the sum of squares to 3/2, of `ok` log returns."""
    rho = day.rho[day.ok]
    squares = math.fsum(rho**2)
    if len(rho) < LEAST or squares == 0:
        return NAN
    return math.sqrt(len(rho)) * math.fsum(rho**3) / squares**1.5


def day_values(day: Level2Day, surprise: np.ndarray) -> dict[str, float]:
    """Values of one day, named as in the section; ``rev_improved`` is the day's part of the sum.

    Net buying takes `ok` minutes; the book's and the big orders' minutes are all thirty.
    """
    m = day.minutes
    if m.suspended:
        return dict.fromkeys(HAND_MADE, NAN)
    plain, every = minute15(m), np.ones(240, bool)
    net = day.AB - day.AS
    intent = net + day.net_bid
    sells, buys = informed(day, surprise)
    found = [
        plain["down_single_amt_perc"],
        plain["bigorder_ret"],
        over(float(m.volume[210:].sum()), m.day_volume),
        *_open30(day, net, m.ok),
        *_open30(day, intent, m.ok),
        *_open30(day, day.big_buy - day.big_sell, every),
        sells,
        buys,
        plain["down_vol_perc"],
        rskew(m),
        math.log(m.close[239] / m.close[29]),
    ]
    values = dict(zip(HAND_MADE, found, strict=True))
    stays = ("tail_vol_share", "big_net_ratio_open", "big_net_str_open")
    if m.half_locked:
        values = {n: x if n in stays else NAN for n, x in values.items()}
    return values


def hand_made(values: list[dict[str, float]], days: int) -> dict[str, float]:
    """Means over the last ``days`` values, at least half of them, rounded up; a sum over 20."""
    out = {}
    for name in HAND_MADE:
        n = DAYS if name == "rev_improved" else days
        window = [v[name] for v in values[-n:]]
        out[name] = (total if name == "rev_improved" else mean)(window, (n + 1) // 2)
    return out
