"""The common price-volume factors by hand."""

import math

import numpy as np
import pytest

from . import price_volume as pv
from .days import days, history, ordinary, suspended_day
from .ms22 import ms22

DAYS = days(2)
NAN = float("nan")


@pytest.fixture
def returns() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.02, 70)


def test_return_over_60_days_carries_the_close() -> None:
    close = np.linspace(10, 16, 61)
    assert pv.ret(close) == pytest.approx(0.6)
    close[-1] = NAN
    assert pv.ret(close) == pytest.approx(15.9 / 10 - 1)
    assert math.isnan(pv.ret(close[1:]))
    close[20:46] = NAN
    assert math.isnan(pv.ret(close))  # 35 - 1 values in the last 60


def test_moments_over_days(returns: np.ndarray) -> None:
    assert pv.vol(returns) == pytest.approx(np.std(returns[-60:], ddof=1))
    turnover = np.abs(returns)
    turnover[-24:] = NAN
    assert pv.lnto(turnover) == pytest.approx(np.log(turnover[10:46].mean()))
    turnover[-25] = NAN
    assert math.isnan(pv.lnto(turnover))
    assert pv.mean_60(returns) == pytest.approx(returns[-60:].mean())
    assert pv.sum_60(returns) == pytest.approx(returns[-60:].sum())
    assert pv.apb_20(returns) == pytest.approx(returns[-20:].mean())
    assert pv.sdvhhi(returns) == pytest.approx(returns[-60:].std())
    assert pv.sdvvol(returns + 1) == pytest.approx(
        (returns[-60:] + 1).std() / (returns[-60:] + 1).mean()
    )


def test_illiquidity_skips_days_without_an_amount(returns: np.ndarray) -> None:
    amount = np.full(70, 2e8)
    amount[30:] = 0
    assert pv.lnamihud(returns, amount) == pytest.approx(
        np.log(np.abs(returns[10:30]).mean() / 2e8 * 1e8)
    )
    amount[14:] = 0
    assert math.isnan(pv.lnamihud(returns, amount))
    assert math.isnan(pv.lnamihud(np.zeros(70), np.ones(70)))


def test_apb_of_five_daily_bars() -> None:
    vwap, volume = [10, 10.2, 10.1, 10.3, 10.4], [500.0, 100, 200, 100, 100]
    assert pv.apb_5d(vwap, volume) == pytest.approx(0.0088627, abs=1e-7)
    assert pv.apb_5d([9.0, *vwap], [1.0, *volume]) == pytest.approx(0.0088627, abs=1e-7)
    assert math.isnan(pv.apb_5d(vwap, [0, 0, 0, 5.0, 5.0]))
    assert math.isfinite(pv.apb_5d(vwap, [0, 0, 1.0, 5.0, 5.0]))


def test_daily_values_agree_with_the_5_minute_set() -> None:
    day = DAYS["random"]
    values, rho = ms22(day), day.bars(5).rho
    assert pv.day_apb(day) == values["ms_apb"]
    assert pv.day_vhhi(day) == values["ms_vhhi"]
    volume = day.bars(5).volume
    assert pv.day_vvol(day, 2.0) == pytest.approx(np.std(volume) / 2)
    assert values["ms_vcv"] == pytest.approx(np.std(volume) / volume.mean())
    assert pv.day_skew(day) == pytest.approx((((rho - rho.mean()) / rho.std()) ** 3).mean())
    assert pv.day_kurt(day) == pytest.approx((((rho - rho.mean()) / rho.std()) ** 4).mean() - 3)


def test_jump_and_mild_returns_make_the_day() -> None:
    day = DAYS["random"]
    whole = math.log(day.close[236] / day.preclose)
    assert pv.day_jump(day) + pv.day_mild(day) == pytest.approx(whole)
    assert pv.day_jump(DAYS["constant_price"]) == 0


@pytest.mark.parametrize("name", ["limit_locked", "locked_60", "suspended"])
def test_locked_days_have_no_daily_price_value(name: str) -> None:
    day = DAYS[name]
    for value in (pv.day_skew, pv.day_kurt, pv.day_jump, pv.day_mild, pv.day_apb):
        assert math.isnan(value(day))
    assert math.isnan(pv.day_vhhi(day)) == math.isnan(pv.day_vvol(day)) == day.suspended


def test_place_in_the_range_of_five_days() -> None:
    rng = np.random.default_rng(5)
    window = [ordinary(rng) for _ in range(5)]
    prices = [(d.open + d.high + d.low + d.close)[:237] / 4 for d in window]
    low, high = min(d.low.min() for d in window), max(d.high.max() for d in window)
    expected = (np.concatenate(prices).mean() - low) / (high - low)
    assert pv.arpp_window(window, np.ones(5)) == pytest.approx(expected)
    assert pv.arpp_window(window, np.full(5, 3.0)) == pytest.approx(expected)
    still = [DAYS["constant_price"]] * 5
    assert math.isnan(pv.arpp_window(still, np.ones(5)))
    three_off = [suspended_day(20.0)] * 3 + window[:2]
    assert math.isnan(pv.arpp_window(three_off, np.ones(5)))
    assert math.isfinite(pv.arpp_window(three_off[1:] + window[2:3], np.ones(5)))


def test_arpp_is_smoothed_over_twenty_windows() -> None:
    window, factors = history(4, 26)
    each = [pv.arpp_window(window[d - 5 : d], factors[d - 5 : d]) for d in range(7, 27)]
    assert pv.arpp(window, factors) == pytest.approx(np.mean(each))
    assert pv.arpp(window, factors, smooth=1) == each[-1]
    assert math.isnan(pv.arpp(window[:13], factors[:13]))  # nine windows
    assert math.isfinite(pv.arpp(window[:14], factors[:14]))
