"""The 100 volume-bar factors of [Spec 6.3].

Choices where the text is open:

* the bar before the first one of the 20-day window is its own open, as in a day's first minute;
  the first bar of a shorter window looks back at the real bar before it;
* 10 bars in the window, 10 pairs for the lag (11 bars), pairs only inside the window;
* "last 240 bars" are those there are, if fewer; they may end before day t, when day t closed none;
* a suspended last day gives NaN throughout, and one locked for more than half its minutes leaves
  the durations only: they hold no price. Locked minutes do take part in the bars.
"""

from collections.abc import Sequence

import numpy as np

from .day import MinuteDay
from .stats import NAN, acorr1, kurt, mean, observed, over, pearson, skew, std, total
from .volume_bars import VolumeBars, bars_of

LEAST, LONG = 10, 240
WINDOWS = ("day", "last240")
SERIES = ("ret", "absret", "range", "clv", "vwapdev", "upshadow", "lowshadow", "duration")
STATISTICS = ("mean", "std", "skew", "kurt", "acorr1", "max")

VOLUME100 = (
    *(f"{w}_{series}_{name}" for w in WINDOWS for series in SERIES for name in STATISTICS),
    *(f"{w}_{name}" for w in WINDOWS for name in ("trend_r2", "path_eff")),
)


def bar_series(bars: VolumeBars) -> dict[str, np.ndarray]:
    """The eight series at every bar of the 20-day window."""
    before = np.concatenate([bars.open[:1], bars.close[:-1]])
    span = bars.high - bars.low
    ret = np.log(bars.close / before)
    inside = 2 * bars.close - bars.high - bars.low
    body = (np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close))
    return {
        "ret": ret,
        "absret": np.abs(ret),
        "range": span / before,
        "clv": np.where(span > 0, inside / np.where(span > 0, span, 1.0), 0.0),
        "vwapdev": np.log(bars.close / bars.vwap),
        "upshadow": (bars.high - body[0]) / bars.close,
        "lowshadow": (body[1] - bars.low) / bars.close,
        "duration": np.log(1 + bars.minutes),
    }


def statistics(x: np.ndarray) -> list[float]:
    """The six of STATISTICS."""
    enough = len(observed(x)) >= LEAST
    lag = acorr1(x, lunch=None, least=LEAST)
    largest = float(x.max()) if enough else NAN
    return [mean(x, LEAST), std(x, LEAST), skew(x, LEAST), kurt(x, LEAST), lag, largest]


def trend_r2(close: np.ndarray) -> float:
    """R squared of a line through the log closes: their squared correlation with the index."""
    return pearson(np.arange(len(close), dtype=np.float64), np.log(close), LEAST) ** 2


def path_eff(ret: np.ndarray) -> float:
    """Size of the sum of returns over the sum of their sizes."""
    return over(abs(total(ret, LEAST)), total(np.abs(ret), LEAST))


def volume100(bars: VolumeBars, day: int) -> dict[str, float]:
    """All 100 values of day number ``day`` of the window, in the order of VOLUME100."""
    here = {"day": bars.day == day, "last240": np.arange(len(bars.day)) >= len(bars.day) - LONG}
    series = bar_series(bars)
    values: dict[str, float] = {}
    for window in WINDOWS:
        for name in SERIES:
            found = statistics(series[name][here[window]])
            keys = (f"{window}_{name}_{statistic}" for statistic in STATISTICS)
            values |= dict(zip(keys, found, strict=True))
    for window in WINDOWS:
        values[f"{window}_trend_r2"] = trend_r2(bars.close[here[window]])
        values[f"{window}_path_eff"] = path_eff(series["ret"][here[window]])
    return values


def volume100_of(
    days: Sequence[MinuteDay],
    factors: Sequence[float] | np.ndarray | None = None,
    bar_num: int = 960,
) -> dict[str, float]:
    """The values of the last day of a window of (20) days, with the rules for whole days."""
    if days[-1].suspended:
        return dict.fromkeys(VOLUME100, NAN)
    values = volume100(bars_of(days, factors, bar_num), len(days) - 1)
    if days[-1].half_locked:
        values = {name: x if "_duration_" in name else NAN for name, x in values.items()}
    return values
