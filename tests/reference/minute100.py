"""The 100 minute factors of [Spec 6.1], a grid of operators and series.

Choices where the text is open:

* `ret` is the simple return r, as the products of 1 + r in block F ask;
* the bar before the first minute is the first open, in `range` as in r; `clv` is 0 where H = L;
* block A: returns and price series over `ok` (untraded minutes have return 0); ln(1+V) and
  ln(1+A) over `ok`; ln(1+N), ln(A/N) and the vwap deviation over `okT` (see MASKS);
* correlations: volume, amount and counts over `okT`, prices and returns over `ok`, opens that
  follow a close over `okT`; a pair needs both sides, and in a lag each side at its own minute;
* "share" is always of the day's total with the opening auction, and block B's windows take all
  minutes, so the last one holds the closing print; A/N of the day and of a window over `okT`;
* sums over up or down minutes and over big minutes are over `okT`, sums of r squared over `ok`;
* least counts: 60 over the day, 10 in every window of block B (the table has no row for 90
  minutes, so that of the next shorter window), counting pairs in a lag;
* on a day locked for more than half its minutes only STAYS is left.
"""

from collections.abc import Mapping

import numpy as np

from .day import MinuteDay
from .minute15 import bigorder_ret, side_valper
from .stats import (
    NAN,
    acorr1,
    kurt,
    lead_lag,
    mean,
    over,
    pearson,
    seen,
    skew,
    std,
    top_share,
    total,
)

DAY, WINDOW = 60, 10
MASKS = {
    "ret": "ok",
    "absret": "ok",
    "range": "ok",
    "clv": "ok",
    "lnvol": "ok",
    "lnamt": "ok",
    "lncnt": "okT",
    "lnvalper": "okT",
    "vwapdev": "okT",
}
STATISTICS = {"mean": mean, "std": std, "skew": skew, "kurt": kurt}
WINDOWS = {1: (0, 30), 2: (30, 120), 3: (120, 210), 4: (210, 240)}
WINDOW_NAMES = ("ret_sum", "absret_mean", "amt_share", "cnt_share", "valper_rel")
PAIRS = (
    ("close", "vol"),
    ("close", "cnt"),
    ("ret", "vol"),
    ("ret", "cnt"),
    ("absret", "vol"),
    ("absret", "cnt"),
    ("range", "vol"),
    ("range", "cnt"),
    ("ret", "valper"),
    ("absret", "valper"),
    ("range", "valper"),
    ("vol", "cnt"),
    ("close", "valper"),
    ("clv", "vol"),
    ("vwapdev", "vol"),
)
LAGS = {  # name: (series at m-1, series at m)
    "corr_ret_lagvol": ("vol", "ret"),
    "corr_ret_leadvol": ("ret", "vol"),
    "corr_absret_lagvol": ("vol", "absret"),
    "corr_absret_leadvol": ("absret", "vol"),
    "corr_lagclose_open": ("close", "open"),
    "corr_ret_lagvalper": ("valper", "ret"),
}
SIDES = ("up", "down")
BIG = {"bigvalper": "valper", "bigvol": "vol"}

MINUTE100 = (
    *(f"{series}_{name}" for series in MASKS for name in (*STATISTICS, "acorr1")),
    *(f"win{w}_{name}" for w in WINDOWS for name in WINDOW_NAMES),
    *(f"corr_{x}_{y}" for x, y in PAIRS),
    *LAGS,
    *(f"{side}_{name}" for side in SIDES for name in ("amt_share", "valper_rel", "r2_share")),
    *(f"{big}_{name}" for big in BIG for name in ("ret", "amt_share", "cnt_share", "skew")),
)

_PLAIN = ("lnvol", "lnamt", "lncnt", "lnvalper")
STAYS = {  # neither price nor return
    *(f"{series}_{name}" for series in _PLAIN for name in (*STATISTICS, "acorr1")),
    *(f"win{w}_{name}" for w in WINDOWS for name in WINDOW_NAMES[2:]),
    "corr_vol_cnt",
    *(f"{big}_{name}" for big in BIG for name in ("amt_share", "cnt_share")),
}


def _clv(day: MinuteDay) -> np.ndarray:
    span = day.high - day.low
    inside = 2 * day.close - day.high - day.low
    return np.where(span > 0, inside / np.where(span > 0, span, 1.0), 0.0)


def _log(x: np.ndarray) -> np.ndarray:
    return np.log(np.where(x > 0, x, NAN))


def raw_series(day: MinuteDay) -> dict[str, np.ndarray]:
    """Every series of the section at all 240 minutes, before any mask."""
    return {
        "ret": day.r,
        "absret": np.abs(day.r),
        "range": (day.high - day.low) / day.before,
        "clv": _clv(day),
        "lnvol": np.log(1 + day.volume),
        "lnamt": np.log(1 + day.amount),
        "lncnt": np.log(1 + day.trades),
        "lnvalper": _log(day.valper),
        "vwapdev": _log(day.close / day.vwap),
        "close": day.close,
        "open": day.open,
        "vol": day.volume,
        "cnt": day.trades,
        "valper": day.valper,
    }


def _moments(day: MinuteDay, masks: Mapping[str, str]) -> dict[str, float]:
    out = {}
    for series, mask in masks.items():
        x = seen(raw_series(day)[series], getattr(day, mask))
        for name, statistic in STATISTICS.items():
            out[f"{series}_{name}"] = statistic(x, DAY)
        out[f"{series}_acorr1"] = acorr1(x, least=DAY)
    return out


def _window(day: MinuteDay, start: int, stop: int) -> list[float]:
    r = seen(day.r, day.ok)[start:stop]
    inside = (np.arange(len(day.r)) >= start) & (np.arange(len(day.r)) < stop)
    enough = (day.okT & inside).sum() >= WINDOW
    valper = side_valper(inside, seen(day.amount, day.okT), day.trades, DAY)
    return [
        total(r, WINDOW),
        mean(np.abs(r), WINDOW),
        over(float(day.amount[start:stop].sum()), day.day_amount),
        over(float(day.trades[start:stop].sum()), day.day_trades),
        valper if enough else NAN,
    ]


def _windows(day: MinuteDay) -> dict[str, float]:
    return {
        f"win{w}_{name}": x
        for w, edges in WINDOWS.items()
        for name, x in zip(WINDOW_NAMES, _window(day, *edges), strict=True)
    }


def _correlations(day: MinuteDay) -> dict[str, float]:
    traded = ("vol", "cnt", "valper", "vwapdev", "open")
    series = {
        name: seen(x, day.okT if name in traded else day.ok) for name, x in raw_series(day).items()
    }
    same = {f"corr_{x}_{y}": pearson(series[x], series[y], DAY) for x, y in PAIRS}
    lagged = {name: lead_lag(series[x], series[y], least=DAY) for name, (x, y) in LAGS.items()}
    return same | lagged


def _side(day: MinuteDay, side: np.ndarray) -> list[float]:
    squares = seen(day.r, day.ok) ** 2
    enough = day.okT.sum() >= DAY
    return [
        over(float(day.amount[day.okT & side].sum()), day.day_amount) if enough else NAN,
        side_valper(side, seen(day.amount, day.okT), day.trades, DAY),
        over(float(np.nansum(squares[side])), total(squares, DAY)),
    ]


def _big(day: MinuteDay, key: np.ndarray) -> list[float]:
    key = seen(key, day.okT)
    if np.sum(~np.isnan(key)) < DAY:
        return [NAN] * 4
    big = top_share(key)
    return [
        bigorder_ret(day.r, key, DAY),
        over(float(day.amount[big].sum()), day.day_amount),
        over(float(day.trades[big].sum()), day.day_trades),
        skew(day.r[big]),
    ]


def minute100(day: MinuteDay, masks: Mapping[str, str] = MASKS) -> dict[str, float]:
    """All 100 values of a stock-day, in the order of MINUTE100.

    ``masks`` names the property of the day that block A's series are taken over.
    """
    if day.suspended:
        return dict.fromkeys(MINUTE100, NAN)
    found = [*_side(day, day.r > 0), *_side(day, day.r < 0)]
    for key in BIG.values():
        found += _big(day, raw_series(day)[key])
    tail = dict(zip(MINUTE100[-len(found) :], found, strict=True))
    values = _moments(day, masks) | _windows(day) | _correlations(day) | tail
    if day.half_locked:
        values = {name: x if name in STAYS else NAN for name, x in values.items()}
    return values
