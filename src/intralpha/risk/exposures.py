"""Style exposures from prices, volumes and share counts alone [Spec 9.1, fall-back]."""

from typing import Literal

import numpy as np

from intralpha.base import Panel, Spec
from intralpha.base.panel import as_days
from intralpha.market import Lake, fill_forward, float_cap, industry_codes, read_daily

STYLES = ("size", "beta", "momentum", "volatility", "nonlinear_size", "liquidity", "reversal")
MIN_SHARE = 0.6
MONTH = 21


class ExposureSpec(Spec):
    """The seven styles that prices, volumes and share counts give."""

    kind: Literal["price_volume"] = "price_volume"


def exposures(lake: Lake, dates: np.ndarray, assets: np.ndarray, mask_DA: np.ndarray) -> Panel:
    """Standardised style exposures, known at the close of each date.

    ``size`` ln float cap; ``beta`` slope on the cap-weighted market, 252 days, half-life 63;
    ``momentum`` sum of log returns of days t-524..t-21, half-life 126 (at least 60 % of the days,
    else of what the lake has from 126 days on: NaN); ``volatility`` weighted std of returns, 252
    days, half-life 42; ``nonlinear_size`` cube of size, orthogonal to size; ``liquidity`` ln of 21
    days' turnover (amount over float cap), orthogonal to size; ``reversal`` ln P_t / P_{t-21}.

    Parameters
    ----------
    lake : with ``daily``
    dates, assets : axes
    mask_DA : ndarray of bool, the cross-section of the standardisation

    Returns
    -------
    Panel, float64, shape [D, A, K]
        Winsorised at median +- 5 x 1.4826 x MAD, cap-weighted mean 0, equal-weight std 1 over the
        mask [Spec 9.4]; missing values take their industry's mean (0 if it has none). NaN outside
        the mask.
    """
    days = as_days(dates)
    columns = ("adj_close", "amount_proxy", "traded")
    daily = read_daily(lake, columns, None, days[-1].item(), assets)
    cap = float_cap(lake, daily.dates, assets)["float_cap"]
    close = fill_forward(daily["adj_close"])
    logret = np.full(close.shape, np.nan)
    logret[1:] = np.log(close[1:] / close[:-1])
    logret[~np.isfinite(logret)] = np.nan
    market = _market_return(logret, cap)
    turnover = np.where(daily["traded"] == 1, daily["amount_proxy"] / cap, np.nan)
    codes, _ = industry_codes(lake, days, assets)
    out = np.full((len(days), len(assets), len(STYLES)), np.nan)
    for i, t in enumerate(np.searchsorted(daily.dates, days)):
        if mask_DA[i].any():
            raw = _descriptors(t, logret, market, close, cap, turnover)
            out[i] = _standardised(raw, cap[t], mask_DA[i], codes[i])
    return Panel(out, days, assets, STYLES)


def _market_return(logret: np.ndarray, cap: np.ndarray) -> np.ndarray:
    """Return of the market weighted by yesterday's float cap; equal weights where none is known."""
    weight = np.full(cap.shape, np.nan)
    weight[1:] = cap[:-1]
    known = np.isfinite(logret) & np.isfinite(weight)
    total = np.where(known, weight, 0.0).sum(axis=1)
    value = np.where(known, weight * logret, 0.0).sum(axis=1)
    return np.divide(value, total, out=np.zeros_like(value), where=total > 0)


def _descriptors(
    t: int,
    logret: np.ndarray,
    market: np.ndarray,
    close: np.ndarray,
    cap: np.ndarray,
    turnover: np.ndarray,
) -> dict[str, np.ndarray]:
    """Raw values of day t before standardisation, [A] each."""
    year = slice(max(t - 251, 0), t + 1)
    far = slice(max(t - 524, 0), max(t - MONTH + 1, 0))
    month = slice(max(t - MONTH + 1, 0), t + 1)
    traded = np.nansum(turnover[month], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "size": np.log(cap[t]),
            "beta": _beta(logret[year], market[year], half_life=63),
            "momentum": _weighted_sum(logret[far], half_life=126),
            "volatility": _weighted_std(logret[year], half_life=42),
            "liquidity": np.log(np.where(traded > 0, traded, np.nan)),
            "reversal": np.log(close[t] / close[max(t - MONTH, 0)])
            if t >= MONTH
            else cap[t] * np.nan,
        }


def _weights(length: int, half_life: int) -> np.ndarray:
    """Exponential weights, newest last, sum 1."""
    weight = 0.5 ** (np.arange(length)[::-1] / half_life)
    return weight / weight.sum() if length else weight


def _known_weights(values: np.ndarray, half_life: int, floor: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights over the finite rows of each column, and which columns have enough of them."""
    known = np.isfinite(values)
    weight = np.where(known, _weights(len(values), half_life)[:, None], 0.0)
    total = weight.sum(axis=0)
    enough = known.sum(axis=0) >= max(MIN_SHARE * len(values), floor)
    return weight / np.where(total > 0, total, 1.0), enough


def _beta(logret: np.ndarray, market: np.ndarray, half_life: int) -> np.ndarray:
    weight, enough = _known_weights(logret, half_life, floor=60)
    y = np.nan_to_num(logret)
    x_mean, y_mean = (weight * market[:, None]).sum(axis=0), (weight * y).sum(axis=0)
    x = market[:, None] - x_mean
    spread = (weight * x**2).sum(axis=0)
    slope = (weight * x * (y - y_mean)).sum(axis=0) / np.where(spread > 0, spread, np.nan)
    return np.where(enough, slope, np.nan)


def _weighted_std(logret: np.ndarray, half_life: int) -> np.ndarray:
    weight, enough = _known_weights(logret, half_life, floor=60)
    y = np.nan_to_num(logret)
    centred = y - (weight * y).sum(axis=0)
    return np.where(enough, np.sqrt((weight * centred**2).sum(axis=0)), np.nan)


def _weighted_sum(logret: np.ndarray, half_life: int) -> np.ndarray:
    if len(logret) < 126:
        return np.full(logret.shape[1], np.nan)
    weight, enough = _known_weights(logret, half_life, floor=126)
    return np.where(enough, (weight * np.nan_to_num(logret)).sum(axis=0) * len(logret), np.nan)


def _standardised(
    raw: dict[str, np.ndarray], cap: np.ndarray, mask: np.ndarray, codes: np.ndarray
) -> np.ndarray:
    """Exposures [A, K] of one day: standardise, orthogonalise, standardise again, fill."""
    weight = np.where(np.isfinite(cap), cap, 0.0)[mask]
    inside = {name: _z(values[mask], weight) for name, values in raw.items()}
    size = np.nan_to_num(inside["size"])
    inside["nonlinear_size"] = _z(_orthogonal(size**3, size), weight)
    inside["liquidity"] = _z(_orthogonal(inside["liquidity"], size), weight)
    out = np.full((len(mask), len(STYLES)), np.nan)
    for k, name in enumerate(STYLES):
        out[mask, k] = _filled(inside[name], codes[mask])
    return out


def _z(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.full(len(values), np.nan)
    median = np.median(values[known])
    width = 5 * 1.4826 * np.median(np.abs(values[known] - median))
    clipped = values.clip(median - width, median + width) if width > 0 else values
    used = np.where(known, weight, 0.0)
    total = used.sum()
    mean = np.where(known, clipped, 0.0) @ used / total if total > 0 else clipped[known].mean()
    std = clipped[known].std()
    return (clipped - mean) / std if std > 0 else np.where(known, 0.0, np.nan)


def _orthogonal(values: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Residual of a regression on one variable and a constant."""
    known = np.isfinite(values)
    if known.sum() < 3 or on[known].std() == 0:
        return values
    design = np.column_stack([np.ones(known.sum()), on[known]])
    fit, *_ = np.linalg.lstsq(design, values[known], rcond=None)
    return values - fit[0] - fit[1] * on


def _filled(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Missing exposures take the mean of their industry, or 0."""
    known = np.isfinite(values)
    size = max(int(codes.max()) + 1, 1) if len(codes) else 1
    total = np.bincount(codes[known], values[known], minlength=size)
    count = np.bincount(codes[known], minlength=size)
    mean = np.divide(total, count, out=np.zeros(size), where=count > 0)
    return np.where(known, values, mean[codes])
