"""The test days keep the rules of the grid, and the masks say what they should."""

from dataclasses import fields, replace

import numpy as np
import pytest

from .day import MinuteDay
from .days import days, history, ordinary, pinned, still

DAYS = days(1)


@pytest.fixture
def plain() -> MinuteDay:
    return ordinary(np.random.default_rng(9))


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_rows_hold_together(day: MinuteDay) -> None:
    assert (day.low <= np.minimum(day.open, day.close)).all()
    assert (day.high >= np.maximum(day.open, day.close)).all()
    untraded = day.volume == 0
    assert not day.amount[untraded].any()
    assert not day.trades[untraded].any()
    for price in (day.open, day.high, day.low):
        np.testing.assert_array_equal(price[untraded], day.close[untraded])
    later = untraded[1:]
    np.testing.assert_array_equal(day.close[1:][later], day.close[:-1][later])
    inside = day.vwap[~untraded]
    assert (inside >= day.low[~untraded] * (1 - 1e-12)).all()
    assert (inside <= day.high[~untraded] * (1 + 1e-12)).all()
    assert (day.trades[~untraded] >= 1).all()
    assert not (day.closing_auction and day.volume[237:239].any())


def test_a_seed_always_gives_the_same_days() -> None:
    again = days(1)
    assert again.keys() == DAYS.keys()
    for name, day in DAYS.items():
        for field in fields(MinuteDay):
            np.testing.assert_array_equal(
                getattr(day, field.name), getattr(again[name], field.name)
            )
    assert not np.array_equal(days(2)["random"].close, DAYS["random"].close)


def test_names_are_kept() -> None:
    assert DAYS["suspended"].suspended
    assert not DAYS["zero_volume"].day_volume
    assert not DAYS["auction_only"].volume.any()
    assert DAYS["auction_only"].day_volume > 0
    assert DAYS["one_trade"].traded.sum() == 1
    assert not DAYS["old_sse"].closing_auction
    assert {name for name, day in DAYS.items() if day.half_locked} == {
        "limit_locked",
        "limit_locked_down_old_sse",
        "locked_60",
    }
    near = DAYS["near_constant"].close
    assert 0 < np.ptp(near) / near[0] < 1e-4
    assert DAYS["one_huge_minute"].volume.argmax() == 150


def test_continuous_minutes_end_at_14_57_where_an_auction_closes(plain: MinuteDay) -> None:
    assert plain.cont.sum() == 237
    assert not plain.cont[237:].any()
    assert replace(plain, closing_auction=False).cont.all()


def test_locked_needs_one_price_and_a_limit(plain: MinuteDay) -> None:
    price = plain.up_limit
    assert pinned(plain, 10, 13, price).locked.nonzero()[0].tolist() == [10, 11, 12]
    assert pinned(plain, 10, 13, price - 0.004).locked.sum() == 3
    assert pinned(plain, 10, 13, price - 0.01).locked.sum() == 0
    assert pinned(plain, 10, 13, plain.down_limit).locked.sum() == 3
    moved = pinned(plain, 10, 13, price)
    low = moved.low.copy()
    low[11] -= 0.01
    assert replace(moved, low=low).locked.nonzero()[0].tolist() == [10, 12]
    free = replace(still(plain, price), up_limit=np.nan, down_limit=np.nan)
    assert not free.locked.any()


def test_half_locked_means_more_than_half_of_the_continuous_minutes(plain: MinuteDay) -> None:
    assert not pinned(plain, 0, 118, plain.up_limit).half_locked  # 118 of 237
    assert pinned(plain, 0, 119, plain.up_limit).half_locked
    old = replace(plain, closing_auction=False)
    assert not pinned(old, 0, 120, plain.up_limit).half_locked  # 120 of 240
    assert pinned(old, 0, 121, plain.up_limit).half_locked
    # rows of the closing auction are not continuous minutes
    assert not pinned(plain, 122, 240, plain.up_limit).half_locked


def test_first_return_starts_at_the_open(plain: MinuteDay) -> None:
    assert plain.r[0] == plain.close[0] / plain.open[0] - 1
    assert plain.r[120] == plain.close[120] / plain.close[119] - 1
    np.testing.assert_allclose(np.exp(plain.rho) - 1, plain.r, atol=1e-15)


def test_bars_of_five_minutes(plain: MinuteDay) -> None:
    day = pinned(plain, 3, 10, plain.up_limit)
    bars = day.bars(5)
    assert bars.open[2] == day.open[10]
    assert bars.high[2] == day.high[10:15].max()
    assert bars.low[2] == day.low[10:15].min()
    assert bars.close[2] == day.close[14]
    assert bars.volume[2] == day.volume[10:15].sum()
    assert bars.trades[47] == day.trades[235:].sum()
    assert bars.locked.nonzero()[0].tolist() == [1]
    assert bars.rho[0] == np.log(day.close[4] / day.open[0])
    assert bars.vwap[2] == day.amount[10:15].sum() / day.volume[10:15].sum()


def test_history_has_a_suspension_and_a_split() -> None:
    window, factors = history(3)
    assert len(window) == len(factors) == 20
    assert [d for d, day in enumerate(window) if day.suspended] == [7]
    assert factors[12] == 1
    assert factors[13] == 2
    assert window[13].preclose == pytest.approx(window[12].close[-1] / 2, abs=0.006)
