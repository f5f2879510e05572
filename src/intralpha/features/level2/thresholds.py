"""Thresholds of big orders, of the sessions before or of the day itself [Spec 2.6]."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
import polars as pl
from jaxtyping import Bool, Float64, Int64, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Spec
from intralpha.base.panel import as_days
from intralpha.features.level2.order_statistics import (
    BINS,
    BINS_A_LOG,
    OrderStatistics,
    StatisticsStore,
)
from intralpha.market.lake import Lake

DECILES = 10
FIXED_YUAN = 200_000.0
Rule = Literal["log_sigma", "q90", "fixed_200k", "day_mean"]
RULES: tuple[Rule, ...] = get_args(Rule)


class BigOrderSpec(Spec):
    """When is an order big: its executed amount of the day is at or above a threshold of CNY.

    ``log_sigma``: exp(mean + std) of ln amount over the orders of the sessions before. ``q90``:
    the amount that a tenth of them exceed, from a histogram with bins of 4 %. ``fixed_200k``: CNY
    200,000. These three are known before the session opens. ``day_mean``: mean amount of the
    orders of the day itself, **known after its last trade only**.
    """

    rule: Rule = Field(default="log_sigma", description="see above; spec 2.6")
    days: int = Field(default=20, ge=1, le=250, description="sessions before the day")
    min_days: int = Field(
        default=5, ge=1, description="traded ones among them; below, stocks of like size stand in"
    )


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Thresholds of one session.

    Attributes
    ----------
    symbols : str [A], ascending; stocks with orders of their own in the sessions looked at
    theta : CNY, at and above it an order is big; NaN where the stock has too few traded days
    middle : CNY, exp(mean of ln amount); NaN likewise
    groups : symbol -> decile of float market value, 0 to 9; -1 unknown
    standing_in : float64 [2, 11], theta and middle for stocks without their own: the median of the
        group, the last column for stocks of unknown size; NaN where nobody has one
    """

    symbols: ndarray
    theta: Float64[ndarray, "A"]
    middle: Float64[ndarray, "A"]
    groups: dict[str, int]
    standing_in: Float64[ndarray, "2 groups"]

    def of(
        self, symbols: Shaped[ndarray, "S"]
    ) -> tuple[Float64[ndarray, "S"], Float64[ndarray, "S"], Bool[ndarray, "S"]]:
        """Threshold and middle of stocks, and whether they are their own."""
        place = np.searchsorted(self.symbols, symbols)
        place = np.minimum(place, max(len(self.symbols) - 1, 0))
        out = np.full((2, len(symbols)), np.nan)
        if len(self.symbols):
            known = self.symbols[place] == symbols
            out[:, known] = np.stack([self.theta, self.middle])[:, place[known]]
        own = np.isfinite(out[0])
        group = np.array([self.groups.get(str(s), -1) for s in symbols], dtype=np.int64)
        return *np.where(np.isfinite(out), out, self.standing_in[:, group]), own


def thresholds(
    lake: Lake,
    on: date,
    spec: BigOrderSpec,
    store: StatisticsStore | None = None,
    with_middle: bool = True,
) -> Thresholds:
    r"""Thresholds for the orders of a session.

    .. math:: \theta_{i,t} = \exp(\mu + \sigma)

    with mean and population standard deviation of ln(order amount) over all buy and sell orders
    of the stock in the sessions t - days to t - 1.

    Parameters
    ----------
    lake : with ``trades`` of the sessions before, and ``daily`` for the sizes of stocks. A session
        without trades in the lake counts as one on which nobody traded.
    on : session t
    spec : rule and look-back
    store : keeps daily statistics between calls; default: a new one
    with_middle : also exp(mean of ln amount); without, ``fixed_200k`` reads no trades

    Returns
    -------
    Thresholds
        A stock with fewer than ``min_days`` traded days gets the median threshold of the stocks
        in its decile of float market value (float_shares x close of the last session before that
        has daily rows; stocks without are one group), and where its group has none, of all.

    Notes
    -----
    Nothing of session t enters, but for ``day_mean``, whose ``days`` is the day itself and which
    every stock that traded has of its own. Under ``fixed_200k`` theta is the same for all.
    """
    if spec.rule == "fixed_200k" and not with_middle:
        return _fixed()
    store = store or StatisticsStore(lake, spec.days + 1)
    found = [s for s in (store.get(day) for day in window_of(store, on, spec)) if s is not None]
    symbols, traded, sums, histogram = _pooled(found, spec.rule == "q90")
    least = 1 if spec.rule == "day_mean" else spec.min_days
    theta, middle = _from_sums(spec.rule, sums, histogram)
    few = traded < least
    theta[few], middle[few] = np.nan, np.nan
    groups = _size_groups(lake, store, on)
    standing_in = _medians(symbols, np.stack([theta, middle]), groups)
    if spec.rule == "fixed_200k":
        theta[:], standing_in[0] = FIXED_YUAN, FIXED_YUAN
    return Thresholds(symbols, theta, middle, groups, standing_in)


def window_of(store: StatisticsStore, on: date, spec: BigOrderSpec) -> tuple[date, ...]:
    """Sessions whose orders decide: the ``days`` before, or the day itself for ``day_mean``.

    Parameters
    ----------
    store : knows the sessions of the lake
    on : session t
    spec : rule and look-back

    Returns
    -------
    tuple of date, ascending
        Fewer than ``days`` at the beginning of the lake.
    """
    if spec.rule == "day_mean":
        return (on,)
    before = store.sessions[store.sessions < as_days([on])[0]]
    return tuple(day.item() for day in before[-spec.days :])


def _pooled(
    parts: list[OrderStatistics], with_histogram: bool
) -> tuple[ndarray, Int64[ndarray, "A"], Float64[ndarray, "4 A"], Float64[ndarray, "rows bins"]]:
    """Symbols, traded days, sums (count, amount, logs, squares of logs) and the histogram."""
    names = [p.symbols for p in parts]
    symbols = np.unique(np.concatenate(names)) if names else np.zeros(0, "U9")
    traded, sums = np.zeros(len(symbols), np.int64), np.zeros((4, len(symbols)))
    histogram = np.zeros((len(symbols) if with_histogram else 0, BINS))
    for part in parts:
        at = np.searchsorted(symbols, part.symbols)
        traded[at] += part.count > 0
        for i, values in enumerate((part.count, part.amount, part.log_sum, part.log_squares)):
            sums[i, at] += values
        if with_histogram:
            histogram[at] += part.histogram
    return symbols, traded, sums, histogram


def _from_sums(
    rule: str, sums: Float64[ndarray, "4 A"], histogram: Float64[ndarray, "rows bins"]
) -> tuple[Float64[ndarray, "A"], Float64[ndarray, "A"]]:
    """Threshold and exp of the mean log, NaN without orders."""
    with np.errstate(invalid="ignore", divide="ignore"):
        count, amount, logs, squares = sums
        mean = logs / count
        if rule == "day_mean":
            return amount / count, np.exp(mean)
        if rule == "q90":
            return _quantile(histogram, 0.9), np.exp(mean)
        spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        return np.exp(mean + spread), np.exp(mean)


def _quantile(histogram: Float64[ndarray, "A bins"], share: float) -> Float64[ndarray, "A"]:
    """The amount below which that share lies, logs spread evenly inside a bin; NaN if empty."""
    upto = histogram.cumsum(axis=1)
    wanted = share * upto[:, -1]
    place = np.minimum((upto < wanted[:, None]).sum(axis=1), BINS - 1)
    rows = np.arange(len(histogram))
    inside = histogram[rows, place]
    part = 1 - (upto[rows, place] - wanted) / np.where(inside > 0, inside, np.nan)
    return np.exp((place + part) / BINS_A_LOG)


def _fixed() -> Thresholds:
    """CNY 200,000 for everyone, and no middle."""
    values = np.full((2, DECILES + 1), np.nan)
    values[0] = FIXED_YUAN
    return Thresholds(np.zeros(0, "U9"), np.zeros(0), np.zeros(0), {}, values)


def _size_groups(lake: Lake, store: StatisticsStore, on: date) -> dict[str, int]:
    """Decile of float market value at the last session before that has daily rows."""
    before = store.daily_sessions[store.daily_sessions < as_days([on])[0]]
    if not len(before):
        return {}
    day = before[-1].item()
    value = pl.col("float_shares") * pl.col("close")
    rows = lake.scan("daily", day, day).select("symbol", value=value).drop_nulls().collect()
    rows = rows.filter(pl.col("value") > 0).sort("value", "symbol")
    places = np.arange(rows.height) * DECILES // max(rows.height, 1)
    return dict(zip(rows["symbol"].to_list(), places.tolist(), strict=True))


def _medians(
    symbols: ndarray, values: Float64[ndarray, "2 A"], groups: dict[str, int]
) -> Float64[ndarray, "2 groups"]:
    """Median by group, the last for unknown sizes; the median of all where a group has none."""
    group = np.array([groups.get(str(s), -1) for s in symbols], dtype=np.int64) % (DECILES + 1)
    known = np.isfinite(values).all(axis=0)
    out = np.full((2, DECILES + 1), np.nan)
    if known.any():
        out[:] = np.median(values[:, known], axis=1)[:, None]
    for g in np.unique(group[known]):
        out[:, g] = np.median(values[:, known & (group == g)], axis=1)
    return out
