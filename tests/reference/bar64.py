"""The features of 30- or 10-minute bars that need bars only [Spec 5.1-5.3], and the proxies.

Choices where the text is open:

* a bar without any `okT` minute is empty: every feature NaN, also 8 and 57 [Spec 5.4];
* otherwise 8 and 57 take all rows of the bar (locked ones, and the closing print in the last
  bar); the opening auction is in no bar, but in the day's amount;
* everything else takes `ok` minutes, at least 5 of them or, where a series is undefined in some
  (amount per trade, vwap), 5 defined values; lags need 5 pairs, neighbours inside the bar;
* H, L, O, C of the bar are over its `ok` minutes; C_start is the close of the row before the bar;
* correlations with volume or amount need minutes that traded [gaps G-4];
* returns are logs except in the compound return of 59;
* on a day locked for more than half its minutes, features with a price or a return are NaN;
* rows may be longer than a minute, and then fewer than 5 of them may do; but a deviation, a mean of
  prices against their vwap and a path want two, a skewness, a ratio of mean and deviation and a
  correlation three, a kurtosis four: fewer are always flat, symmetric or on a line.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from .day import MinuteDay
from .minute15 import bigorder_ret, side_valper
from .ms22 import apb, illiq, log_of, path_ratio, place, typical
from .stats import (
    NAN,
    acorr1,
    down_share,
    kurt,
    lead_lag,
    mean,
    observed,
    over,
    pearson,
    seen,
    skew,
    std,
    t_ratio,
    total,
)

LEAST = 5
Rows = MinuteDay | SimpleNamespace
PRICE = (  # 15-29, 52-54, 58, 59
    "bar_ret",
    "bar_range",
    "bar_clv",
    "bar_vwap_dev",
    "bar_apb",
    "bar_arpp",
    "ret_std",
    "ret_skew",
    "ret_kurt",
    "ret_down_share",
    "ret_maxabs",
    "path_eff",
    "illiq",
    "prop_acorr_ret",
    "prop_t_ret",
    "corr_ret_TradeValue",
    "corr_ret_Tvalper",
    "corr_close_TradeVolume",
    "outflow_valper",
    "big_min_ret",
)
INPUTS = ("TradeCount", "TradeVolume", "TradeValue", "Tvalper")
OPERATORS = ("t", "std", "acorr", "skew")
LEVELS = (  # 1-8
    "count_mean",
    "count_std",
    "tval_mean",
    "tval_std",
    "tvol_mean",
    "valper_mean",
    "valper_std",
    "tval_rel",
)
BAR64 = (
    *LEVELS,
    *PRICE[:15],
    *(f"prop_{op}_{x}" for x in INPUTS for op in OPERATORS),
    *PRICE[15:18],
    "bar_val_share",
    *PRICE[18:],
)
PROXY = (  # 9-14, 46-51, 55, 56
    "act_buy_valper",
    "act_sell_valper",
    "act_valper_ratio",
    "act_buy_ratio",
    "act_buy_cnt_ratio",
    "net_act_str",
    *(f"prop_{op}_{x}" for x in ("ActBuyVol", "ActSellVol") for op in ("t", "std", "acorr")),
    "corr_ret_netact",
    "corr_netact_nextret",
)


def _log1p(x: float) -> float:
    return math.log(x + 1) if x > -1 else NAN


def proportions(x: np.ndarray) -> np.ndarray:
    """Each value over the sum of the observed ones; NaN throughout where that sum is 0."""
    whole = total(x)
    return x / whole if whole != 0 else np.full(len(x), NAN)


def prop_std(x: np.ndarray, least: int = 1) -> float:
    """Standard deviation of the proportions times their number: the coefficient of variation."""
    p = proportions(x)
    return std(p, least) * len(observed(p))


PROPS: dict[str, Callable[..., float]] = {
    "t": lambda x, least=LEAST: t_ratio(proportions(x), max(least, 3)),
    "std": lambda x, least=LEAST: prop_std(x, max(least, 2)),
    "acorr": lambda x, least=LEAST: acorr1(proportions(x), lunch=None, least=max(least, 3)),
    "skew": lambda x, least=LEAST: skew(proportions(x), max(least, 3)),
}


def _levels(day: Rows, at: slice, slot_mean: float, least: int) -> list[float]:
    count, value, size = (seen(x, day.ok)[at] for x in (day.trades, day.amount, day.volume))
    valper = seen(day.valper, day.ok)[at]
    plain = [
        mean(count, least),
        std(count, max(least, 2)),
        mean(value, least),
        std(value, max(least, 2)),
        mean(size, least),
        mean(valper, least),
        std(valper, max(least, 2)),
        over(float(day.amount[at].sum()), slot_mean),
    ]
    return [_log1p(x) for x in plain]


def _shape(day: Rows, at: slice, least: int) -> list[float]:
    """Features 15-20 from the bar's own open, high, low, close and vwap."""
    ok = day.ok[at]
    if ok.sum() < least:
        return [NAN] * 6
    start, end = float(day.before[at][0]), float(day.close[at][ok][-1])
    high, low = float(day.high[at][ok].max()), float(day.low[at][ok].min())
    amount, volume = float(day.amount[at][ok].sum()), float(day.volume[at][ok].sum())
    vwap, twap = over(amount, volume), mean(typical(day)[at][ok])
    return [
        math.log(end / start),
        (high - low) / start,
        (2 * end - high - low) / (high - low) if high > low else 0.0,
        log_of(over(end, vwap)),
        apb(seen(day.vwap, day.ok)[at], day.volume[at], max(least, 2)),
        place(twap, low, high) if high > low else 0.5,
    ]


def _returns(day: Rows, at: slice, least: int) -> list[float]:
    """Features 21-29 from the bar's minute returns."""
    rho = seen(day.rho, day.ok)[at]
    largest = float(np.nanmax(np.abs(rho))) if len(observed(rho)) >= least else NAN
    return [
        std(rho, max(least, 2)),
        skew(rho, max(least, 3)),
        kurt(rho, max(least, 4)),
        down_share(rho, least),
        largest,
        abs(path_ratio(rho, max(least, 2))),
        illiq(rho, day.amount[at], least),
        acorr1(rho, lunch=None, least=max(least, 3)),
        t_ratio(rho, max(least, 3)),
    ]


def _props(day: Rows, at: slice, least: int) -> list[float]:
    inputs = (day.trades, day.volume, day.amount, day.valper)
    return [PROPS[op](seen(x, day.ok)[at], least) for x in inputs for op in OPERATORS]


def _joint(day: Rows, at: slice, least: int) -> list[float]:
    """Features 52-54, 57-59."""
    rho, value = seen(day.rho, day.ok)[at], seen(day.amount, day.okT)[at]
    valper, volume = seen(day.valper, day.okT)[at], seen(day.volume, day.okT)[at]
    return [
        pearson(rho, value, max(least, 3)),
        pearson(rho, valper, max(least, 3)),
        pearson(day.close[at], volume, max(least, 3)),
        over(float(day.amount[at].sum()), day.day_amount),
        side_valper(day.rho[at] < 0, value, day.trades[at], least),
        bigorder_ret(day.r[at], valper, least),
    ]


def _bar(day: Rows, at: slice, slot_mean: float, least: int = LEAST) -> list[float]:
    if not day.okT[at].any():
        return [NAN] * len(BAR64)
    first = [*_levels(day, at, slot_mean, least), *_shape(day, at, least)]
    first += _returns(day, at, least)
    return [*first, *_props(day, at, least), *_joint(day, at, least)]


def _table(
    day: MinuteDay, names: tuple[str, ...], rows: list[list[float]], hidden: tuple[str, ...]
) -> dict[str, np.ndarray]:
    columns = np.array(rows, dtype=np.float64).T
    table = dict(zip(names, columns, strict=True))
    lost = names if day.suspended else hidden if day.half_locked else ()
    return {name: np.full_like(x, NAN) if name in lost else x for name, x in table.items()}


def bar64(day: MinuteDay, k: int, slot_amount_mean: np.ndarray) -> dict[str, np.ndarray]:
    """Each feature over the 240/k bars of k minutes; ln(x + 1) is taken where the list says so.

    ``slot_amount_mean`` [240/k] is the mean amount of the same bar on the 20 days before.
    """
    slots = [slice(start, start + k) for start in range(0, len(day.close), k)]
    rows = [_bar(day, at, float(slot_amount_mean[s])) for s, at in enumerate(slots)]
    return _table(day, BAR64, rows, PRICE)


def bar64_of_rows(
    day: MinuteDay, minutes: int, k: int, slot_amount_mean: np.ndarray, least: int
) -> dict[str, np.ndarray]:
    """The same of rows of so many minutes each, of which so few may do; no day is half locked."""
    bars = day.bars(minutes)
    before = np.concatenate([[bars.open[0]], bars.close[:-1]])
    valper = [over(a, n) for a, n in zip(bars.amount, bars.trades, strict=True)]
    made = {"before": before, "r": bars.close / before - 1, "valper": np.array(valper)}
    names = (
        "open",
        "high",
        "low",
        "close",
        "volume",
        "amount",
        "trades",
        "ok",
        "okT",
        "rho",
        "vwap",
    )
    fields = {name: getattr(bars, name) for name in names}
    rows = SimpleNamespace(**fields, **made, day_amount=day.day_amount)
    count = k // minutes
    slots = [slice(start, start + count) for start in range(0, len(bars.close), count)]
    found = [_bar(rows, at, float(slot_amount_mean[s]), least) for s, at in enumerate(slots)]
    return dict(zip(BAR64, np.array(found, dtype=np.float64).T, strict=True))


def bulk_sides(day: MinuteDay, sigma_rho: float) -> dict[str, np.ndarray]:
    """Bulk-volume classification: the buyers' part of each minute is Phi(rho / sigma)."""
    if not sigma_rho > 0:
        return dict.fromkeys(("VB", "VS", "AB", "AS", "NB", "NS"), np.full(len(day.rho), NAN))
    part = np.array([0.5 * math.erfc(-x / sigma_rho / math.sqrt(2)) for x in day.rho])
    both = {"V": day.volume, "A": day.amount, "N": day.trades}
    buys = {f"{name}B": x * part for name, x in both.items()}
    return buys | {f"{name}S": x - buys[f"{name}B"] for name, x in both.items()}


def _proxy_bar(day: MinuteDay, at: slice, sides: dict[str, np.ndarray]) -> list[float]:
    if not day.okT[at].any():
        return [NAN] * len(PROXY)
    x = {name: seen(values, day.ok)[at] for name, values in sides.items()}
    sums = {name: total(values, LEAST) for name, values in x.items()}
    net, rho = x["AB"] - x["AS"], seen(day.rho, day.ok)[at]
    busy = seen(net, day.okT[at])
    buy, sell = over(sums["AB"], sums["NB"]), over(sums["AS"], sums["NS"])
    return [
        _log1p(buy),
        _log1p(sell),
        log_of(over(buy, sell)),
        over(sums["AB"], sums["AB"] + sums["AS"]),
        over(sums["NB"], sums["NB"] + sums["NS"]),
        t_ratio(net, LEAST),
        *(PROPS[op](x[name]) for name in ("VB", "VS") for op in OPERATORS[:3]),
        pearson(rho, busy, LEAST),
        lead_lag(busy, rho, lunch=None, least=LEAST),
    ]


def bar64_proxy(day: MinuteDay, k: int, sigma_rho: float) -> dict[str, np.ndarray]:
    """Features 9-14, 46-51, 55, 56 with classified volume, named with the suffix ``_proxy``.

    ``sigma_rho`` is the standard deviation of the stock's minute returns of the last 20 days.
    All of them rest on returns, so a day locked for more than half its minutes has none.
    """
    names = tuple(f"{name}_proxy" for name in PROXY)
    slots = [slice(start, start + k) for start in range(0, len(day.close), k)]
    rows = [_proxy_bar(day, at, bulk_sides(day, sigma_rho)) for at in slots]
    return _table(day, names, rows, names)
