"""The 15 minute factors of seed 002 [Spec 3.1]."""

import numpy as np

from .day import LAST_CONTINUOUS, MinuteDay
from .stats import (
    NAN,
    acorr1,
    compound,
    down_share,
    lead_lag,
    over,
    pearson,
    seen,
    skew,
    top_share,
    total,
)

DAY, HALF_HOUR = 60, 10  # least observations [Spec 2.7]

MINUTE15 = (
    "late_skew_ret",
    "down_vol_perc",
    "corr_ret_lastret",
    "corr_close_nextopen",
    *(f"volume_perc{k}" for k in range(2, 8)),
    "corr_volume_item",
    "early_corr_volume_ret",
    "bigorder_ret",
    "down_single_amt_perc",
    "corr_volume_amplitude",
)

# What stays on a day that is locked for more than half its minutes: no price, return or side.
STAYS = {*(f"volume_perc{k}" for k in range(2, 8)), "corr_volume_item"}


def late_skew_ret(day: MinuteDay) -> float:
    """Skew of the returns of the last half hour, the closing auction as one more return."""
    late = seen(day.r, day.ok)[210:]
    if day.closing_auction and day.traded[-1] and not day.locked[-1]:
        late = np.append(late, day.close[-1] / day.close[LAST_CONTINUOUS - 1] - 1.0)
    return skew(late, HALF_HOUR)


def corr_close_nextopen(day: MinuteDay) -> float:
    """Correlation of C_{m-1} (m-1 ok) with O_m (m ok and traded), lunch left out."""
    return lead_lag(seen(day.close, day.ok), seen(day.open, day.okT), least=DAY)


def volume_perc(day: MinuteDay, k: int) -> float:
    """Share of the k-th half hour in the day's volume, both auctions in the denominator."""
    return over(float(day.volume[30 * (k - 1) : 30 * k].sum()), day.day_volume)


def early_corr_volume_ret(day: MinuteDay, early_minutes: int) -> float:
    """Correlation of volume and return over the first traded minutes."""
    early = day.okT & (np.arange(len(day.okT)) < early_minutes)
    return pearson(seen(day.volume, early), seen(day.r, early), HALF_HOUR)


def bigorder_ret(r: np.ndarray, valper: np.ndarray, least: int, tenths: int = 3) -> float:
    """Compound return of the 30 % of minutes (or so many tenths) with the largest amount per trade.

    Only minutes with both a return and an amount per trade are candidates.
    """
    key = seen(valper, ~np.isnan(r))
    if np.sum(~np.isnan(key)) < least:
        return NAN
    return compound(r[top_share(key, tenths)])


def side_valper(side: np.ndarray, amount: np.ndarray, trades: np.ndarray, least: int = 1) -> float:
    """Amount per trade on one side of the minutes over that of all of them.

    ``amount`` is NaN in minutes that do not count. NaN where the side has no trade.
    """
    here = ~np.isnan(amount)
    if here.sum() < max(least, 1):
        return NAN
    own = over(total(amount[here & side]), total(trades[here & side]))
    return over(own, over(total(amount[here]), total(trades[here])))


def corr_volume_amplitude(day: MinuteDay, amp_base: str) -> float:
    """Correlation of volume with high less low, over the low or over the previous close."""
    base = day.low if amp_base == "low" else day.preclose
    amplitude = (day.high - day.low) / base
    return pearson(seen(day.volume, day.okT), amplitude, DAY)


def _values(day: MinuteDay, early_minutes: int, amp_base: str, tenths: int) -> dict[str, float]:
    ok, okT = day.ok, day.okT
    return {
        "late_skew_ret": late_skew_ret(day),
        "down_vol_perc": down_share(seen(day.r, ok), DAY),
        "corr_ret_lastret": acorr1(seen(day.r, ok), least=DAY),
        "corr_close_nextopen": corr_close_nextopen(day),
        **{f"volume_perc{k}": volume_perc(day, k) for k in range(2, 8)},
        "corr_volume_item": pearson(seen(day.volume, okT), day.trades, DAY),
        "early_corr_volume_ret": early_corr_volume_ret(day, early_minutes),
        "bigorder_ret": bigorder_ret(seen(day.r, okT), day.valper, DAY, tenths),
        "down_single_amt_perc": side_valper(day.r < 0, seen(day.amount, okT), day.trades, DAY),
        "corr_volume_amplitude": corr_volume_amplitude(day, amp_base),
    }


def minute15(
    day: MinuteDay, early_minutes: int = 30, amp_base: str = "low", tenths: int = 3
) -> dict[str, float]:
    """All 15 values of a stock-day, in the order of the specification.

    Choices where the text is open: the 60 observations of a full day are asked of every factor
    over all minutes, also of the two ratios of sums and of the big-minute return; a minute that
    traded without a trade count is no candidate of `bigorder_ret`; `corr_volume_item` holds
    neither price nor return, so it stays on a day that is mostly locked.
    """
    if day.suspended:
        return dict.fromkeys(MINUTE15, NAN)
    values = _values(day, early_minutes, amp_base, tenths)
    if day.half_locked:
        values = {name: x if name in STAYS else NAN for name, x in values.items()}
    return values
