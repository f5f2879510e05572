"""Equal-volume bars and their factors: the specification's vectors, loops, invariances."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats

from .day import MinuteDay
from .days import days, history, ordinary, pinned, suspended_day
from .volume100 import SERIES, STATISTICS, VOLUME100, bar_series, volume100, volume100_of
from .volume_bars import VolumeBars, bars_of, volume_bars


def from_one(volumes: list[float], q: float) -> list[list[int]]:
    return [[row + 1 for row in bar] for bar in volume_bars(volumes, q)]


@pytest.fixture
def window() -> tuple[list[MinuteDay], np.ndarray]:
    return history(3)


def test_vectors_of_the_specification() -> None:
    assert from_one([50, 20, 30, 15, 20, 15], 50) == [[1], [2, 3], [4, 5, 6]]
    assert from_one([120, 10, 30, 40], 50) == [[1], [2, 3], [4]]


def test_empty_rows_open_bars_but_never_close_one() -> None:
    assert from_one([0, 50, 0, 50, 0, 0], 50) == [[1, 2], [3, 4]]
    assert volume_bars([0, 0], 0.0) == []
    assert volume_bars([], 0.0) == []


def test_a_total_that_rounds_below_its_multiple_still_closes_the_last_bar() -> None:
    volumes = [0.1] * 30
    assert sum(volumes) != pytest.approx(3.0, abs=0)
    assert from_one(volumes, 3.0 / 5) == [list(range(6 * k + 1, 6 * k + 7)) for k in range(5)]


def test_bars_hold_all_volume_and_no_more_than_asked(window) -> None:
    bars = bars_of(*window)
    assert 700 < len(bars.close) <= 960
    rows = sum(240 + (day.auction_volume > 0) for day in window[0] if not day.suspended)
    unused = 239 - window[0][-1].traded.nonzero()[0][-1]  # rows after the last trade
    assert bars.minutes.sum() == rows - unused
    assert (np.diff(bars.day) >= 0).all()
    assert 7 not in bars.day
    assert bars.day[-1] == 19
    for inside in (bars.open, bars.close, bars.vwap):
        assert (bars.low * (1 - 1e-12) <= inside).all()
        assert (inside <= bars.high * (1 + 1e-12)).all()


def test_one_bar_by_hand() -> None:
    day = ordinary(np.random.default_rng(4))
    bars = bars_of([day], bar_num=1)
    low = min(day.low[day.traded].min(), day.auction_price)
    assert bars.open.tolist() == [day.auction_price]
    assert bars.high.tolist() == [max(day.high[day.traded].max(), day.auction_price)]
    assert bars.low.tolist() == [low]
    assert bars.close.tolist() == [day.close[-1]]
    assert bars.vwap[0] == pytest.approx(day.day_amount / day.day_volume)
    assert bars.minutes.tolist() == [241]


def test_rows_without_trades_make_no_price() -> None:
    day = ordinary(np.random.default_rng(4), traded=np.arange(240) >= 30)
    bars = bars_of([replace(day, auction_volume=0.0, auction_amount=0.0)], bar_num=1)
    assert bars.open[0] == day.open[30]
    assert bars.minutes[0] == 240


def test_a_split_changes_no_bar(window) -> None:
    before, factors = window
    split = [
        replace(
            day,
            **{name: getattr(day, name) / 4 for name in ("open", "high", "low", "close")},
            volume=day.volume * 4,
            auction_price=day.auction_price / 4,
            auction_volume=day.auction_volume * 4,
        )
        for day in before
    ]
    ours, theirs = bars_of(before, factors), bars_of(split, 4 * factors)
    for name in ("open", "high", "low", "close", "vwap", "minutes", "day"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12)


def test_nothing_traded_makes_no_bar() -> None:
    bars = bars_of([days(1)["zero_volume"], suspended_day(9.0)])
    assert isinstance(bars, VolumeBars)
    assert len(bars.close) == 0
    assert bars_of([suspended_day(9.0)]).close.shape == (0,)


def test_every_name_is_there(window) -> None:
    values = volume100_of(*window)
    assert tuple(values) == VOLUME100
    assert len(VOLUME100) == len(set(VOLUME100)) == 100
    assert np.isfinite(list(values.values())).all()
    assert len(SERIES) * len(STATISTICS) * 2 + 4 == 100


def test_factors_by_plain_slices(window) -> None:
    bars = bars_of(*window)
    values = volume100(bars, 19)
    today, log_close = bars.day == 19, np.log(bars.close)
    ret = np.diff(log_close)[-240:]
    assert values["last240_ret_skew"] == pytest.approx(scipy_stats.skew(ret))
    assert values["last240_absret_max"] == pytest.approx(np.abs(ret).max())
    assert values["last240_path_eff"] == pytest.approx(abs(ret.sum()) / np.abs(ret).sum())
    slope, intercept = np.polyfit(np.arange(240), log_close[-240:], 1)
    residual = log_close[-240:] - intercept - slope * np.arange(240)
    explained = 1 - residual.var() / log_close[-240:].var()
    assert values["last240_trend_r2"] == pytest.approx(explained)
    duration = np.log(1 + bars.minutes[today])
    assert values["day_duration_mean"] == pytest.approx(duration.mean())
    lag = np.corrcoef(duration[1:], duration[:-1])[0, 1]
    assert values["day_duration_acorr1"] == pytest.approx(lag)
    first = np.flatnonzero(today)[0]
    assert bar_series(bars)["ret"][first] == pytest.approx(log_close[first] - log_close[first - 1])


def test_an_inactive_day_has_no_window_of_its_own() -> None:
    rng = np.random.default_rng(1)
    window = [ordinary(rng) for _ in range(4)] + [days(1)["zero_volume"]]
    values = volume100_of(window)
    for name, x in values.items():
        assert np.isnan(x) == name.startswith("day_"), name


@pytest.mark.parametrize(("count", "enough"), [(9, False), (10, True)])
def test_ten_bars_are_needed(count: int, enough: bool) -> None:
    bars = bars_of([ordinary(np.random.default_rng(1))], bar_num=count)
    assert len(bars.close) == count
    values = volume100(bars, 0)
    assert np.isfinite(values["day_ret_kurt"]) == enough
    assert np.isfinite(values["day_trend_r2"]) == enough
    assert np.isnan(values["day_ret_acorr1"])


def test_suspended_and_locked_last_days() -> None:
    rng = np.random.default_rng(1)
    window = [ordinary(rng) for _ in range(5)]
    assert np.isnan(list(volume100_of([*window, suspended_day(20.0)]).values())).all()
    locked = pinned(window[-1], 0, 150, window[-1].up_limit)
    for name, x in volume100_of([*window[:-1], locked]).items():
        assert np.isfinite(x) == ("_duration_" in name), name
