"""Raw descriptors against plain loops over one stock and one window at a time."""

from math import ceil, log

import numpy as np
import pytest

from intralpha.market import Lake, read_daily
from intralpha.risk import PriceVolumeSpec
from intralpha.risk import descriptors as raw
from intralpha.risk.history import History, read_history

SPEC = PriceVolumeSpec(
    beta_days=40,
    beta_half_life_days=15,
    momentum_days=60,
    momentum_skip_days=10,
    momentum_half_life_days=25,
    volatility_days=40,
    volatility_half_life_days=12,
    month_days=10,
    year_months=6,
)
FIRST, LAST = 100, 290


@pytest.fixture(scope="module")
def history(lake: Lake) -> History:
    daily = read_daily(lake, ("float_shares",))
    stocks = daily.assets[np.isfinite(daily["float_shares"]).any(axis=0)]
    return read_history(lake, daily.dates[FIRST : LAST + 1], stocks)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.array([15, 45, 46, 120, 189])


def cells(history: History, rows: np.ndarray):
    for d, row in enumerate(rows.tolist()):
        for a in range(history.ret_HA.shape[1]):
            yield d, a, row


def compare(found: np.ndarray, expected: np.ndarray) -> None:
    assert np.isfinite(expected).any(), "nothing was compared"
    assert np.isnan(expected).any(), "no missing value was compared"
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


def window(row: int, days: int, skip: int = 0) -> range:
    """Rows of a trailing window from the latest to the earliest one that exists."""
    return range(row - skip, max(row - skip - days, -1), -1)


def test_returns_follow_adjusted_closes_and_skip_days_without_trading(history, lake):
    daily = read_daily(lake, ("adj_close", "traded"), assets=_assets(lake))
    checked = 0
    for h in range(1, 60):
        t = FIRST + h
        for a in range(len(daily.assets)):
            if daily["traded"][t, a] != 1:
                assert np.isnan(history.ret_HA[h, a])
                continue
            past = daily["adj_close"][:t, a]
            known = past[np.isfinite(past)]
            if len(known):
                expected = daily["adj_close"][t, a] / known[-1] - 1
                assert history.ret_HA[h, a] == pytest.approx(expected, abs=1e-12)
                checked += 1
    assert checked > 2000


def _assets(lake: Lake) -> np.ndarray:
    daily = read_daily(lake, ("float_shares",))
    return daily.assets[np.isfinite(daily["float_shares"]).any(axis=0)]


def test_market_is_weighted_by_the_cap_of_the_day_before(history, lake):
    daily = read_daily(lake, ("close", "total_shares"), assets=_assets(lake))
    cap = daily["close"] * daily["total_shares"]
    for h in (1, 50, 150):
        pairs = [
            (cap[FIRST + h - 1, a], history.ret_HA[h, a])
            for a in range(cap.shape[1])
            if np.isfinite(cap[FIRST + h - 1, a]) and np.isfinite(history.ret_HA[h, a])
        ]
        expected = sum(w * r for w, r in pairs) / sum(w for w, _ in pairs)
        assert history.market_H[h] == pytest.approx(expected, rel=1e-10)


def test_beta_and_its_residual(history, rows):
    slope, left = raw.beta(history, rows, SPEC)
    expected = np.full((2, *slope.shape), np.nan)
    for d, a, row in cells(history, rows):
        points = [
            (0.5 ** (k / 15), history.market_H[h], history.ret_HA[h, a])
            for k, h in enumerate(window(row, 40))
            if np.isfinite(history.market_H[h]) and np.isfinite(history.ret_HA[h, a])
        ]
        if len(points) >= ceil(0.6 * 40):
            w, x, y = (np.array(c) for c in zip(*points, strict=True))
            slope_, intercept = np.polyfit(x, y, 1, w=np.sqrt(w))
            e = y - intercept - slope_ * x
            expected[0, d, a] = slope_
            expected[1, d, a] = np.sqrt((w * e**2).sum() / w.sum())
    compare(slope, expected[0])
    compare(left, expected[1])


def test_momentum(history, rows):
    expected = np.full((len(rows), history.ret_HA.shape[1]), np.nan)
    for d, a, row in cells(history, rows):
        points = [
            (0.5 ** (k / 25), log(1 + history.ret_HA[h, a]))
            for k, h in enumerate(window(row, 60, skip=10))
            if np.isfinite(history.ret_HA[h, a])
        ]
        if len(points) >= 36:
            expected[d, a] = sum(w * r for w, r in points) / sum(w for w, _ in points)
    compare(raw.momentum(history, rows, SPEC), expected)


def test_daily_volatility(history, rows):
    expected = np.full((len(rows), history.ret_HA.shape[1]), np.nan)
    for d, a, row in cells(history, rows):
        points = [
            (0.5 ** (k / 12), history.ret_HA[h, a])
            for k, h in enumerate(window(row, 40))
            if np.isfinite(history.ret_HA[h, a])
        ]
        if len(points) >= 24:
            w, r = (np.array(c) for c in zip(*points, strict=True))
            expected[d, a] = np.sqrt(np.average((r - np.average(r, weights=w)) ** 2, weights=w))
    compare(raw.daily_volatility(history, rows, SPEC), expected)


def test_cumulative_range(history, rows):
    expected = np.full((len(rows), history.ret_HA.shape[1]), np.nan)
    for d, a, row in cells(history, rows):
        past = [history.ret_HA[h, a] for h in window(row, 60)]
        if np.isfinite(past).sum() >= 36:
            z = [
                sum(log(1 + r) for r in past[: 10 * months] if np.isfinite(r))
                for months in range(1, 7)
            ]
            expected[d, a] = log(1 + max(z)) - log(1 + min(z)) if min(z) > -1 else max(z) - min(z)
    compare(raw.cumulative_range(history, rows, SPEC), expected)


def test_cumulative_range_of_a_collapse_uses_the_plain_difference():
    """Ten days of -20 %: Z after 1 and 2 months of 5 days is 5 ln 0.8 and 10 ln 0.8 < -1."""
    ret = np.full((12, 2), -0.2)
    ret[:, 1] = 0.0
    spec = SPEC.model_copy(update={"month_days": 5, "year_months": 3})
    found = raw.cumulative_range(_only(ret), np.array([11]), spec)
    assert found[0, 0] == pytest.approx(12 * log(0.8) / -1 + 5 * log(0.8))
    assert found[0, 1] == 0


def _only(ret: np.ndarray) -> History:
    """A history in which only the returns matter."""
    days = np.datetime64("2023-01-02") + np.arange(len(ret))
    ones = np.ones(ret.shape)
    return History(
        dates=days,
        price_HA=ones,
        ret_HA=ret,
        traded_HA=ones > 0,
        cap_HA=ones,
        size_HA=ones,
        turnover_HA=ones,
        counted_H=np.ones(len(ret), dtype=bool),
        amount_HA=ones,
        market_H=ret[:, 0],
    )


def test_turnovers(history, rows, lake):
    daily = read_daily(lake, ("volume", "float_shares"), assets=_assets(lake))
    rate = (daily["volume"] / daily["float_shares"])[FIRST : LAST + 1]
    found = raw.turnovers(history, rows, SPEC)
    for months, values in zip((1, 3, 6), found, strict=True):
        expected = np.full(values.shape, np.nan)
        for d, a, row in cells(history, rows):
            past = [rate[h, a] for h in window(row, 10 * months) if rate[h, a] > 0]
            if len(past) >= ceil(0.6 * 10 * months):
                expected[d, a] = log(10 * sum(past) / len(past))
        compare(values, expected)


def test_reversal(history, rows, lake):
    price = read_daily(lake, ("filled_close",), assets=_assets(lake))["filled_close"][FIRST:]
    expected = np.full((len(rows), history.ret_HA.shape[1]), np.nan)
    for d, a, row in cells(history, rows):
        traded = sum(np.isfinite(history.ret_HA[h, a]) for h in window(row, 21))
        if row >= 21 and traded >= 13 and np.isfinite(price[row - 21, a]):
            expected[d, a] = log(price[row, a] / price[row - 21, a])
    compare(raw.reversal(history, rows, SPEC), expected)


def test_illiquidity(history, rows, lake):
    amount = read_daily(lake, ("amount",), assets=_assets(lake))["amount"][FIRST:]
    expected = np.full((len(rows), history.ret_HA.shape[1]), np.nan)
    for d, a, row in cells(history, rows):
        ratio = [
            abs(history.ret_HA[h, a]) / amount[h, a]
            for h in window(row, 20)
            if np.isfinite(history.ret_HA[h, a]) and amount[h, a] > 0
        ]
        if len(ratio) >= 15:
            expected[d, a] = log(1e8 * sum(ratio) / len(ratio))
    compare(raw.illiquidity(history, rows, SPEC), expected)


def test_size_is_the_log_of_total_cap(history, rows, lake):
    daily = read_daily(lake, ("close", "total_shares"), assets=_assets(lake))
    cap = (daily["close"] * daily["total_shares"])[FIRST + rows]
    both = np.isfinite(cap)
    assert both.sum() > 200
    np.testing.assert_allclose(raw.size(history, rows)[both], np.log(cap[both]), rtol=1e-12)
