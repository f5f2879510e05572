"""The 5-minute features by hand and beside slow loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats

from .day import MINUTES, MinuteDay, SubBars
from .days import days, ordinary, pinned
from .ms22 import MS22, VOLUME, max_drawdown, ms22, place, typical
from .stats import mean

DAYS = days(6)
STEP = 0.01


@pytest.fixture
def zigzag() -> MinuteDay:
    """Up one step, down one step, bar by bar, with volume 100 b in bar b."""
    level = 10 * np.exp(STEP * (np.arange(48) % 2 == 0))
    price = np.repeat(level, 5)
    volume = np.repeat(100.0 * np.arange(1, 49), 5)
    opened = price.copy()
    opened[0] = 10.0
    return MinuteDay(
        open=opened,
        high=np.maximum(price, opened),
        low=np.minimum(price, opened),
        close=price,
        volume=volume,
        amount=volume * price,
        trades=np.ones(MINUTES),
        preclose=9.0,
        closing_auction=False,
    )


def test_a_zigzag_by_hand(zigzag: MinuteDay) -> None:
    values, v = ms22(zigzag), np.arange(1, 49)
    assert values["ms_rv"] == pytest.approx(math.sqrt(48) * STEP)
    assert values["ms_rskew"] == pytest.approx(0, abs=1e-12)
    assert values["ms_rkurt"] == pytest.approx(1)
    assert values["ms_down_share"] == pytest.approx(0.5)
    assert values["ms_jump"] == 0
    assert values["ms_ret_on"] == pytest.approx(math.log(10 / 9))
    assert values["ms_ret_open30"] == pytest.approx(0, abs=1e-15)
    assert values["ms_ret_late30"] == pytest.approx(0, abs=1e-15)
    assert values["ms_trend"] == pytest.approx(0, abs=1e-12)
    assert values["ms_mdd"] == pytest.approx(1 - math.exp(-STEP))
    assert values["ms_acorr_r"] == pytest.approx(-1)
    assert values["ms_vhhi"] == pytest.approx((v**2).sum() / v.sum() ** 2)
    assert values["ms_v_open"] == pytest.approx(21 / 1176)
    assert values["ms_v_late"] == pytest.approx((43 + 44 + 45 + 46 + 47 + 48) / 1176)
    assert values["ms_vskew"] == pytest.approx(0, abs=1e-12)
    assert values["ms_illiq"] == pytest.approx(
        math.log(np.mean(STEP / (500 * v * zigzag.close[4::5])) * 1e8 + 1e-6)
    )


def test_a_day_by_plain_slices() -> None:
    day = DAYS["random"]
    values, c, v = ms22(day), day.close[4::5], day.volume.reshape(48, 5).sum(axis=1)
    rho = np.log(c / np.append(day.open[0], c[:-1]))
    apart = np.arange(1, 48) != 24
    assert values["ms_rskew"] == pytest.approx(
        math.sqrt(48) * (rho**3).sum() / (rho**2).sum() ** 1.5
    )
    assert values["ms_vskew"] == pytest.approx(scipy_stats.skew(v))
    assert values["ms_corr_pv"] == pytest.approx(np.corrcoef(c, v)[0, 1])
    assert values["ms_corr_rv"] == pytest.approx(np.corrcoef(rho, v)[0, 1])
    lead = np.corrcoef(v[:-1][apart], rho[1:][apart])[0, 1]
    assert values["ms_corr_vlead_r"] == pytest.approx(lead)
    own = np.corrcoef(rho[:-1][apart], rho[1:][apart])[0, 1]
    assert values["ms_acorr_r"] == pytest.approx(own)
    vwap = day.amount.reshape(48, 5).sum(axis=1) / v
    assert values["ms_apb"] == pytest.approx(math.log(vwap.mean() * v.sum() / (v * vwap).sum()))


def test_the_vector_of_the_specification_for_arpp() -> None:
    rows = np.array([(10, 10.2, 9.9, 10.1), (10.1, 10.4, 10.0, 10.3)]).T
    none = np.zeros(2)
    bars = SubBars(*rows, volume=none, amount=none, trades=none, locked=none > 0)
    assert place(mean(typical(bars)), rows[2].min(), rows[1].max()) == pytest.approx(0.45)


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_every_day_has_every_name_in_its_range(day: MinuteDay) -> None:
    values = ms22(day)
    assert tuple(values) == MS22
    assert len(MS22) == 22
    assert not np.isinf(list(values.values())).any()
    for name in ("ms_down_share", "ms_mdd", "ms_vhhi", "ms_v_open", "ms_v_late", "ms_arpp"):
        assert np.isnan(values[name]) or -1e-12 <= values[name] <= 1 + 1e-12, name


def test_a_locked_day_keeps_its_volumes_only() -> None:
    for name in ("limit_locked", "locked_60"):
        values = ms22(DAYS[name])
        assert {key for key, x in values.items() if np.isfinite(x)} == VOLUME
    assert np.isnan(list(ms22(DAYS["suspended"]).values())).all()


def test_a_locked_bar_is_dropped_from_moments() -> None:
    day = ordinary(np.random.default_rng(8))
    day = pinned(day, 103, 115, day.up_limit)  # minutes 104-115: bars 22 and 23 in full
    rho = np.delete(day.bars(5).rho, [21, 22])
    values = ms22(day)
    assert values["ms_rv"] == pytest.approx(math.sqrt((rho**2).sum()))
    assert values["ms_rkurt"] == pytest.approx(46 * (rho**4).sum() / (rho**2).sum() ** 2)
    apart = [b for b in range(1, 48) if b not in (21, 22, 23, 24)]
    own = np.corrcoef(day.bars(5).rho[np.array(apart) - 1], day.bars(5).rho[apart])[0, 1]
    assert values["ms_acorr_r"] == pytest.approx(own)


def test_23_bars_that_traded_are_too_few() -> None:
    for bars, enough in ((23, False), (24, True)):
        rng = np.random.default_rng(3)
        day = ordinary(rng, traded=np.arange(240) < 5 * bars, closing_auction=False)
        values = ms22(replace(day, up_limit=np.nan, down_limit=np.nan))
        assert np.isfinite(values["ms_corr_rv"]) == enough
        assert np.isfinite(values["ms_apb"]) == enough
        assert np.isfinite(values["ms_rv"])


def test_drawdown_by_hand() -> None:
    path = np.array([10.0, 12, 9, 11, 13, 12.5])
    assert max_drawdown(path, 1) == pytest.approx(0.25)
    assert max_drawdown(np.arange(1.0, 5), 1) == 0
