"""The common price-volume factors that need bars and daily data only [Spec 8].

A list has one entry per trading day, oldest first, and ends at t; NaN on a day without a value
(suspended, or too few bars). Windows are the last 60 entries with at least 36 values, if the
section does not say otherwise. Choices where the text is open:

* "needs 36 traded days" is asked of the daily values the factor is made of;
* `ret` carries the close over days without one;
* standard deviations over days are population ones, but for `vol`, which says ddof 1;
* skew, kurt, jump and apb of a day take unlocked bars, so `mom` leaves out the closing auction's
  return like every other statistic of minutes; a day locked for more than half its minutes has
  none of them;
* `vhhi` and `vvol` take all 48 bars, the last with the closing print;
* in `arpp` every ok minute of the five days counts alike; a window needs 3 days with 60 ok minutes,
  high and low are over all rows of those days.
"""

from collections.abc import Sequence

import numpy as np

from .day import MinuteDay
from .ms22 import apb, hhi, log_of, place, typical
from .stats import NAN, extreme_sum, kurt, mean, observed, over, seen, skew, std, total

D, LEAST = 60, 36
MINUTES_LEAST, BARS_LEAST = 60, 24

Daily = Sequence[float] | np.ndarray


def last(values: Daily, n: int = D) -> np.ndarray:
    """The last n entries."""
    return np.asarray(values, dtype=np.float64)[-n:]


def carried(values: Daily) -> np.ndarray:
    """The last value so far, on every day."""
    out = np.array(values, dtype=np.float64)
    for d in range(1, len(out)):
        if np.isnan(out[d]):
            out[d] = out[d - 1]
    return out


def ret(close: Daily) -> float:
    """P_t / P_{t-60} - 1 of adjusted closes (61 entries or more)."""
    if len(close) < D + 1 or len(observed(last(close))) < LEAST:
        return NAN
    path = carried(close)
    return over(path[-1], path[-1 - D]) - 1.0


def vol(daily_ret: Daily) -> float:
    """Sample standard deviation of the daily returns."""
    return std(last(daily_ret), LEAST, ddof=1)


def lnto(turnover: Daily) -> float:
    """Log of the mean turnover rate over traded days."""
    return log_of(mean(last(turnover), LEAST))


def lnamihud(daily_ret: Daily, amount: Daily) -> float:
    """ln(mean(abs(ret) / amount) * 1e8) over days with an amount, at least 15 of them."""
    pairs = zip(last(daily_ret), last(amount), strict=True)
    return log_of(mean([over(abs(r), a) for r, a in pairs], 15) * 1e8)


def apb_5d(vwap: Daily, volume: Daily) -> float:
    """APB of the last five daily bars (adjusted), of which three must have traded."""
    shares = last(volume, 5)
    return apb(seen(last(vwap, 5), shares > 0), shares, 3)


def day_skew(day: MinuteDay) -> float:
    """Skew of the 5-minute log returns."""
    return _of_prices(day, skew(seen(day.bars(5).rho, day.bars(5).ok), BARS_LEAST))


def day_kurt(day: MinuteDay) -> float:
    """Excess kurtosis of the 5-minute log returns."""
    return _of_prices(day, kurt(seen(day.bars(5).rho, day.bars(5).ok), BARS_LEAST))


def day_jump(day: MinuteDay) -> float:
    """Sum of the minute log returns far from the day's median."""
    return _of_prices(day, extreme_sum(seen(day.rho, day.ok), MINUTES_LEAST))


def day_mild(day: MinuteDay) -> float:
    """The other minute log returns and the overnight return."""
    intraday = total(seen(day.rho, day.ok), MINUTES_LEAST) - day_jump(day)
    return _of_prices(day, intraday + log_of(over(day.open[0], day.preclose)))


def day_apb(day: MinuteDay) -> float:
    """APB of the 5-minute bars."""
    bars = day.bars(5)
    return _of_prices(day, apb(seen(bars.vwap, bars.ok), bars.volume, BARS_LEAST))


def day_vhhi(day: MinuteDay) -> float:
    """Concentration of the day's volume over its 5-minute bars."""
    return NAN if day.suspended else hhi(day.bars(5).volume)


def day_vvol(day: MinuteDay, factor: float = 1.0) -> float:
    """Standard deviation of the 48 volumes, divided by the split factor."""
    return NAN if day.suspended else std(day.bars(5).volume / factor)


def _of_prices(day: MinuteDay, value: float) -> float:
    return NAN if day.suspended or day.half_locked else value


def mean_60(values: Daily) -> float:
    """The factors `skew` and `kurt`: mean of the day's value."""
    return mean(last(values), LEAST)


def sum_60(values: Daily) -> float:
    """The factors `jump` and `mom`: sum of the day's value (day_jump, day_mild)."""
    return total(last(values), LEAST)


def apb_20(values: Daily) -> float:
    """The factor `apb`: mean of day_apb over 20 days, 10 at least."""
    return mean(last(values, 20), 10)


def sdvhhi(vhhi: Daily) -> float:
    """Standard deviation of day_vhhi."""
    return std(last(vhhi), LEAST)


def sdvvol(vvol: Daily) -> float:
    """Standard deviation of day_vvol over its mean."""
    return over(std(last(vvol), LEAST), mean(last(vvol), LEAST))


def arpp_window(days: Sequence[MinuteDay], factors: Daily) -> float:
    """Place of the time-weighted price in the range of the window, adjusted prices."""
    prices: list[float] = []
    lows: list[float] = []
    highs: list[float] = []
    for day, factor in zip(days, factors, strict=True):
        if day.suspended or day.half_locked or day.ok.sum() < MINUTES_LEAST:
            continue
        prices += [float(x) * factor for x in typical(day)[day.ok]]
        lows.append(float(day.low.min()) * factor)
        highs.append(float(day.high.max()) * factor)
    if 2 * len(lows) < len(days):
        return NAN
    return place(mean(prices), min(lows), max(highs))


def arpp(days: Sequence[MinuteDay], factors: Daily, cycle: int = 5, smooth: int = 20) -> float:
    """Mean over the last ``smooth`` days of the window value of ``cycle`` days, half at least."""
    ends = range(max(cycle, len(days) - smooth + 1), len(days) + 1)
    values = [arpp_window(days[end - cycle : end], factors[end - cycle : end]) for end in ends]
    return mean(values, (smooth + 1) // 2)
