"""The minute references by hand, beside slow loops, and where they must be NaN."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats

from .day import MinuteDay
from .days import days, ordinary, pinned, still
from .minute15 import MINUTE15, STAYS, minute15
from .minute100 import MASKS, MINUTE100, WINDOWS, minute100
from .minute100 import STAYS as STAYS100

DAYS = days(4)


@pytest.fixture
def plain() -> MinuteDay:
    return ordinary(np.random.default_rng(9))


@pytest.fixture
def thin() -> MinuteDay:
    rng = np.random.default_rng(10)
    return ordinary(rng, traded=rng.random(240) < 0.6)


def finite(values: dict[str, float]) -> set[str]:
    return {name for name, x in values.items() if np.isfinite(x)}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_every_day_has_every_name_and_no_infinity(day: MinuteDay) -> None:
    for values, names in ((minute15(day), MINUTE15), (minute100(day), MINUTE100)):
        assert tuple(values) == names
        assert not np.isinf(list(values.values())).any()


def test_counts_are_those_of_the_specification() -> None:
    assert len(MINUTE15) == len(set(MINUTE15)) == 15
    assert len(MINUTE100) == len(set(MINUTE100)) == 100


def test_a_suspended_day_has_nothing() -> None:
    assert not finite(minute15(DAYS["suspended"]))
    assert not finite(minute100(DAYS["suspended"]))


@pytest.mark.parametrize("name", ["limit_locked", "limit_locked_down_old_sse", "locked_60"])
def test_a_locked_day_has_no_prices_but_shares_of_volume(name: str) -> None:
    values = minute15(DAYS[name])
    assert {f"volume_perc{k}" for k in range(2, 8)} <= finite(values) <= STAYS
    assert {f"win{w}_amt_share" for w in WINDOWS} <= finite(minute100(DAYS[name])) <= STAYS100


def test_without_trades_there_are_no_shares() -> None:
    assert not finite(minute15(DAYS["zero_volume"]))
    assert minute15(DAYS["auction_only"])["volume_perc2"] == 0


def test_a_still_day_has_no_returns_but_volumes() -> None:
    values = minute15(DAYS["constant_price"])
    assert np.isnan(values["down_vol_perc"])
    assert np.isnan(values["corr_close_nextopen"])
    assert np.isnan(values["down_single_amt_perc"])  # no minute fell
    assert values["bigorder_ret"] == 0
    assert np.isfinite(values["corr_volume_item"])


def test_the_late_window_ends_with_the_auction_as_one_return(plain: MinuteDay) -> None:
    r = [plain.close[m] / plain.close[m - 1] - 1 for m in range(210, 237)]
    r.append(plain.close[239] / plain.close[236] - 1)
    assert minute15(plain)["late_skew_ret"] == pytest.approx(scipy_stats.skew(r))
    volume = plain.volume.copy()
    volume[-1] = 0
    dry = minute15(replace(plain, volume=volume))
    assert dry["late_skew_ret"] == pytest.approx(scipy_stats.skew(r[:-1]))
    old = minute15(DAYS["old_sse"])
    assert old["late_skew_ret"] == pytest.approx(scipy_stats.skew(DAYS["old_sse"].r[210:]))


def test_half_hours_and_auctions_add_up(plain: MinuteDay) -> None:
    values = minute15(plain)
    rest = plain.volume[:30].sum() + plain.volume[210:].sum() + plain.auction_volume
    shares = sum(values[f"volume_perc{k}"] for k in range(2, 8))
    assert shares + rest / plain.day_volume == pytest.approx(1)


def test_close_and_next_open_by_a_loop(thin: MinuteDay) -> None:
    day = pinned(thin, 50, 60, thin.up_limit)
    pairs = [
        (day.close[m - 1], day.open[m])
        for m in range(1, 237)
        if m != 120 and m - 1 not in range(50, 60) and m not in range(50, 60) and day.volume[m] > 0
    ]
    expected = np.corrcoef(np.array(pairs).T)[0, 1]
    assert minute15(day)["corr_close_nextopen"] == pytest.approx(expected)


def test_early_window_and_amplitude_have_options(plain: MinuteDay) -> None:
    hour = minute15(plain, early_minutes=60)["early_corr_volume_ret"]
    assert hour == pytest.approx(np.corrcoef(plain.volume[:60], plain.r[:60])[0, 1])
    amplitude = (plain.high - plain.low)[:237]
    expected = np.corrcoef(plain.volume[:237], amplitude)[0, 1]
    found = minute15(plain, amp_base="preclose")["corr_volume_amplitude"]
    assert found == pytest.approx(expected)


def test_59_traded_minutes_are_too_few() -> None:
    for count, enough in ((59, False), (60, True)):
        day = ordinary(np.random.default_rng(2), traded=np.arange(240) < count)
        assert np.isfinite(minute15(day)["corr_volume_item"]) == enough
        assert np.isfinite(minute100(day)["corr_vol_cnt"]) == enough
        assert np.isfinite(minute100(day)["lnvalper_mean"]) == enough


def test_the_two_lists_agree_where_they_overlap(thin: MinuteDay) -> None:
    few, many = minute15(thin), minute100(thin)
    for one, other in (
        ("corr_ret_lastret", "ret_acorr1"),
        ("corr_close_nextopen", "corr_lagclose_open"),
        ("corr_volume_item", "corr_vol_cnt"),
        ("bigorder_ret", "bigvalper_ret"),
        ("down_single_amt_perc", "down_valper_rel"),
        ("down_vol_perc", "down_r2_share"),
    ):
        assert few[one] == pytest.approx(many[other], rel=1e-12)


def test_shares_of_windows_and_the_opening_auction_add_up(plain: MinuteDay) -> None:
    values = minute100(plain)
    shares = sum(values[f"win{w}_amt_share"] for w in WINDOWS)
    assert shares + plain.auction_amount / plain.day_amount == pytest.approx(1)
    counts = sum(values[f"win{w}_cnt_share"] for w in WINDOWS)
    assert counts + plain.auction_trades / plain.day_trades == pytest.approx(1)
    sums = sum(values[f"win{w}_ret_sum"] for w in WINDOWS)
    assert sums == pytest.approx(plain.r[:237].sum())


def test_blocks_by_plain_slices(plain: MinuteDay) -> None:
    values, now, before = minute100(plain), slice(1, 237), slice(0, 236)
    r, v, c = plain.r, plain.volume, plain.close
    apart = np.arange(1, 237) != 120
    assert values["absret_kurt"] == pytest.approx(scipy_stats.kurtosis(np.abs(r[:237])))
    assert values["lnvol_std"] == pytest.approx(np.log(1 + v[:237]).std())
    lagged = np.corrcoef(r[now][apart], v[before][apart])[0, 1]
    assert values["corr_ret_lagvol"] == pytest.approx(lagged)
    leading = np.corrcoef(np.abs(r[before][apart]), v[now][apart])[0, 1]
    assert values["corr_absret_leadvol"] == pytest.approx(leading)
    big = np.argsort(-v[:237], kind="stable")[:72]
    assert values["bigvol_skew"] == pytest.approx(scipy_stats.skew(r[:237][np.sort(big)]))
    assert values["bigvol_ret"] == pytest.approx(np.prod(1 + r[big]) - 1)
    up = plain.okT & (r > 0)
    assert values["up_amt_share"] == pytest.approx(plain.amount[up].sum() / plain.day_amount)
    deviation = np.log((c * v)[:237] / plain.amount[:237])
    both = np.corrcoef(deviation, v[:237])[0, 1]
    assert values["corr_vwapdev_vol"] == pytest.approx(both)


def test_masks_of_block_a_can_be_chosen(thin: MinuteDay) -> None:
    wide = minute100(thin, MASKS | {"lncnt": "ok"})
    assert wide["lncnt_mean"] == pytest.approx(np.log(1 + thin.trades[:237]).mean())
    narrow = minute100(thin)["lncnt_mean"]
    assert narrow == pytest.approx(np.log(1 + thin.trades[:237][thin.traded[:237]]).mean())


def test_no_factor_depends_on_the_unit_of_price_beyond_rounding(plain: MinuteDay) -> None:
    cents = {name: getattr(plain, name) * 100 for name in ("open", "high", "low", "close")}
    other = replace(
        plain,
        **cents,
        amount=plain.amount * 100,
        auction_amount=plain.auction_amount * 100,
        preclose=plain.preclose * 100,
        up_limit=np.nan,
        down_limit=np.nan,
    )
    free = replace(plain, up_limit=np.nan, down_limit=np.nan)
    for name, x in minute15(other).items():
        assert x == pytest.approx(minute15(free)[name], rel=1e-8), name


def test_a_locked_close_is_dropped_from_the_late_window(plain: MinuteDay) -> None:
    day = pinned(plain, 237, 240, plain.up_limit)
    assert minute15(day)["late_skew_ret"] == pytest.approx(scipy_stats.skew(day.r[210:237]))


def test_one_price_that_is_no_limit_is_not_locked() -> None:
    day = still(DAYS["random"], DAYS["random"].up_limit - 0.01)
    assert "bigorder_ret" in finite(minute15(day))
