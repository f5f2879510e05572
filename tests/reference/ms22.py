"""The 22 features of one day's 5-minute bars [Spec 4.2].

Choices where the text is open:

* all 48 bars are taken, so the last one holds the closing auction's print;
* a bar that is locked for all its minutes is dropped from every statistic of returns and prices
  (1-5, 9, 10, 16-22) as locked minutes are elsewhere; 24 bars must be left [Spec 2.7];
* point-to-point returns (6-8), the day's high and low, and volumes (11-15) use every bar;
* a day locked for more than half its minutes is treated like one locked all day, and
  `ms_illiq`, which the specification's list of NaN leaves out, goes with the other returns;
* correlations with volume need a bar that traded, as in [Spec 3.1].
"""

import math

import numpy as np

from .day import MinuteDay, SubBars
from .stats import (
    NAN,
    acorr1,
    down_share,
    extreme_sum,
    lead_lag,
    mean,
    observed,
    over,
    pearson,
    seen,
    skew,
    std,
    total,
)

LEAST = 24
LUNCH_BAR = 24

MS22 = (
    "ms_rv",
    "ms_rskew",
    "ms_rkurt",
    "ms_down_share",
    "ms_jump",
    "ms_ret_on",
    "ms_ret_open30",
    "ms_ret_late30",
    "ms_trend",
    "ms_mdd",
    "ms_vcv",
    "ms_vskew",
    "ms_vhhi",
    "ms_v_open",
    "ms_v_late",
    "ms_corr_pv",
    "ms_corr_rv",
    "ms_corr_vlead_r",
    "ms_acorr_r",
    "ms_illiq",
    "ms_apb",
    "ms_arpp",
)

VOLUME = {"ms_vcv", "ms_vskew", "ms_vhhi", "ms_v_open", "ms_v_late"}


def log_of(x: float) -> float:
    """Natural logarithm, NaN where the argument is not above 0."""
    return math.log(x) if x > 0 else NAN


def realised(rho: np.ndarray, power: int) -> float:
    r"""Standardised raw moment :math:`n^{p/2-1} \sum \rho^p / (\sum \rho^2)^{p/2}`."""
    values = observed(rho)
    if len(values) < LEAST:
        return NAN
    scale = math.fsum(values**2) ** (power / 2)
    return over(len(values) ** (power / 2 - 1) * math.fsum(values**power), scale)


def path_ratio(rho: np.ndarray, least: int) -> float:
    """Sum over the sum of absolute values, signed."""
    return over(total(rho, least), total(np.abs(rho), least))


def max_drawdown(close: np.ndarray, least: int) -> float:
    """Largest fall from the highest close so far, as a share of it."""
    path = observed(close)
    if len(path) < max(least, 1):
        return NAN
    return float(np.max(1.0 - path / np.maximum.accumulate(path)))


def hhi(volume: np.ndarray) -> float:
    """Sum of the squared shares of the bars in the total; NaN where nothing traded."""
    return over(float(np.sum(volume**2)), float(np.sum(volume)) ** 2)


def illiq(rho: np.ndarray, amount: np.ndarray, least: int) -> float:
    """ln(mean(abs(rho) / amount) * 1e8 + 1e-6) over bars with an amount."""
    each = np.array([over(abs(x), a) for x, a in zip(rho, amount, strict=True)])
    return log_of(mean(each, least) * 1e8 + 1e-6)


def apb(vwap: np.ndarray, volume: np.ndarray, least: int = 1) -> float:
    """Log of the plain mean of the vwaps over their mean weighted by volume."""
    here = ~np.isnan(vwap)
    weighted = over(total(vwap[here] * volume[here]), total(volume[here]))
    return log_of(over(mean(vwap, least), weighted))


def typical(bars: SubBars | MinuteDay) -> np.ndarray:
    """(O + H + L + C) / 4 of each bar."""
    return (bars.open + bars.high + bars.low + bars.close) / 4.0


def place(twap: float, low: float, high: float) -> float:
    """Place of the time-weighted price between low and high; NaN where they coincide."""
    return over(twap - low, high - low)


def _return_side(day: MinuteDay, bars: SubBars) -> dict[str, float]:
    rho = seen(bars.rho, bars.ok)
    squares = total(rho**2, LEAST)
    return {
        "ms_rv": math.sqrt(squares) if squares >= 0 else NAN,
        "ms_rskew": realised(rho, 3),
        "ms_rkurt": realised(rho, 4),
        "ms_down_share": down_share(rho, LEAST),
        "ms_jump": extreme_sum(rho, LEAST),
        "ms_ret_on": log_of(over(bars.open[0], day.preclose)),
        "ms_ret_open30": log_of(bars.close[5] / bars.open[0]),
        "ms_ret_late30": log_of(bars.close[47] / bars.close[41]),
        "ms_trend": path_ratio(rho, LEAST),
        "ms_mdd": max_drawdown(seen(bars.close, bars.ok), LEAST),
    }


def _volume_side(volume: np.ndarray) -> dict[str, float]:
    return {
        "ms_vcv": over(std(volume), mean(volume)),
        "ms_vskew": skew(volume),
        "ms_vhhi": hhi(volume),
        "ms_v_open": over(float(volume[:6].sum()), float(volume.sum())),
        "ms_v_late": over(float(volume[42:].sum()), float(volume.sum())),
    }


def _joint_side(bars: SubBars) -> dict[str, float]:
    rho, volume = seen(bars.rho, bars.ok), seen(bars.volume, bars.okT)
    twap = mean(seen(typical(bars), bars.ok), LEAST)
    return {
        "ms_corr_pv": pearson(bars.close, volume, LEAST),
        "ms_corr_rv": pearson(bars.rho, volume, LEAST),
        "ms_corr_vlead_r": lead_lag(volume, rho, LUNCH_BAR, LEAST),
        "ms_acorr_r": acorr1(rho, LUNCH_BAR, LEAST),
        "ms_illiq": illiq(rho, bars.amount, LEAST),
        "ms_apb": apb(seen(bars.vwap, bars.ok), bars.volume, LEAST),
        "ms_arpp": place(twap, float(bars.low.min()), float(bars.high.max())),
    }


def ms22(day: MinuteDay) -> dict[str, float]:
    """All 22 values of a stock-day, in the order of the specification."""
    if day.suspended:
        return dict.fromkeys(MS22, NAN)
    bars = day.bars(5)
    values = _return_side(day, bars) | _volume_side(bars.volume) | _joint_side(bars)
    if day.half_locked:
        values = {name: x if name in VOLUME else NAN for name, x in values.items()}
    return values
