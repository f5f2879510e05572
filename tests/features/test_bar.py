"""Bar features read from a lake: look-back, auctions, masks that depend on the day, settings."""

from datetime import date, time

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.base import ConfigError, DataError
from intralpha.features import (
    BAR_FEATURE_NAMES,
    BarFeatureSet,
    BarFrequencyMismatchError,
    BarSpec,
    UncomputableFeatureError,
    UnknownBarFeatureError,
    UnknownFeatureError,
    UnknownSessionError,
    build,
    computable,
)
from intralpha.market import Lake, bar_times

from .conftest import ABSENT, ASSETS, DAYS, GAP, LATE, LOCKED, SUSPENDED

COLUMNS = ("open", "high", "low", "close", "volume", "amount")


def bars_of(frames, symbol, day, freq):
    """``[T_sub, 6]`` of one stock-day straight from the table; empty if there is none."""
    rows = frames.bars.filter(
        pl.col("symbol") == str(symbol), pl.col("date") == day.item(), pl.col("freq") == freq
    )
    return rows.sort("time").select(COLUMNS).to_numpy()


def slot_amounts(frames, symbol, day):
    """CNY of each 30-minute bar, the opening auction in the first."""
    rows = bars_of(frames, symbol, day, 5)
    if len(rows) == 0:
        return None
    amounts = rows[:, 5].reshape(8, 6).sum(axis=1)
    auction = frames.auctions.filter(pl.col("symbol") == symbol, pl.col("date") == day.item())
    amounts[0] += auction["amount"].sum()
    return amounts


@pytest.fixture(scope="module")
def panel(lake):
    return build(BarSpec(base_freq=5, tval_days=7)).compute(lake, DAYS, np.append(ASSETS, ABSENT))


def test_shape_and_names(panel):
    assert panel.values.shape == (40, 8, 8, 30)
    assert panel.values.dtype == np.float32
    assert panel.names == BAR_FEATURE_NAMES
    assert panel.times == bar_times(30)
    assert panel.times[0] == time(10, 0)


def test_tval_rel_compares_with_the_same_bar_of_earlier_days(panel, market_frames):
    for a, symbol in enumerate(ASSETS):
        days = [slot_amounts(market_frames, symbol, day) for day in DAYS]
        for d in range(len(DAYS)):
            past = [x for x in days[max(d - 7, 0) : d] if x is not None]
            found = panel["tval_rel"][d, :, a]
            if days[d] is None or len(past) < 4 or (a, d) == LOCKED:
                assert np.isnan(found).all(), (symbol, d)
                continue
            expected = np.log(days[d] / np.mean(past, axis=0) + 1)
            known = np.isfinite(found)
            np.testing.assert_allclose(found[known], expected[known], rtol=1e-6)
            assert known.sum() >= 6


def test_bar_val_share_counts_the_auction_and_sums_to_one(panel, market_frames):
    symbol, day = ASSETS[0], 5
    amounts = slot_amounts(market_frames, symbol, DAYS[day])
    np.testing.assert_allclose(
        panel["bar_val_share"][day, :, 0], amounts / amounts.sum(), rtol=1e-6
    )
    sums = panel["bar_val_share"].sum(axis=1)
    np.testing.assert_allclose(sums[np.isfinite(sums)], 1.0, rtol=1e-5)


def test_an_auction_inside_the_first_bar_is_not_counted_twice(market_frames, tmp_path):
    inside = market_frames.bars.with_columns(pl.lit(True).alias("auc_in_first"))
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily)
    lake.append("bars", inside)
    without = build(BarSpec(base_freq=5, names=("bar_val_share",)))
    alone = without.compute(lake, DAYS[:3], ASSETS)
    lake.append("auctions", market_frames.auctions)
    np.testing.assert_array_equal(without.compute(lake, DAYS[:3], ASSETS).values, alone.values)


def test_days_without_bars_are_nan(panel):
    a, days = SUSPENDED
    assert np.isnan(panel.values[days, :, a]).all()
    assert np.isnan(panel.values[: LATE[1], :, LATE[0]]).all()
    assert np.isnan(panel.values[GAP[1], :, GAP[0]]).all()
    assert np.isnan(panel.values[:, :, -1]).all()
    # Locked at the limit all day: no sub-bar counts, so nothing has a value.
    assert np.isnan(panel.values[LOCKED[1], :, LOCKED[0]]).all()
    rest = panel["bar_ret"][LOCKED[1] + 1, :, LOCKED[0]]
    assert np.isfinite(rest).all()


def test_without_limit_prices_nothing_is_locked(market_frames, tmp_path):
    none = pl.lit(None, dtype=pl.Float64)
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily.with_columns(up_limit=none, down_limit=none))
    lake.append("bars", market_frames.bars)
    day, asset = DAYS[[LOCKED[1]]], ASSETS[[LOCKED[0]]]
    panel = build(BarSpec(base_freq=5)).compute(lake, day, asset)
    np.testing.assert_array_equal(panel["bar_range"][0, :, 0], 0.0)
    np.testing.assert_array_equal(panel["bar_arpp"][0, :, 0], 0.5)


def test_a_subset_of_dates_and_assets_gives_the_same_numbers(panel, lake):
    some_days, some = DAYS[[0, 9, 10, 25, 39]], np.array([ASSETS[6], ABSENT, ASSETS[1]])
    found = build(BarSpec(base_freq=5, tval_days=7)).compute(lake, some_days, some)
    np.testing.assert_array_equal(found.values, panel.at(some_days).reindex(some_days, some).values)
    names = ("corr_close_TradeVolume", "tval_rel", "bar_ret")
    chosen = build(BarSpec(base_freq=5, tval_days=7, names=names)).compute(lake, some_days, some)
    np.testing.assert_array_equal(chosen.values, found.select(names).values)


def test_the_number_of_threads_does_not_matter(panel, lake):
    for threads in (1, 4):
        features = BarFeatureSet(5, 30, (), 5, 7, threads=threads)
        found = features.compute(lake, DAYS, panel.assets)
        np.testing.assert_array_equal(found.values, panel.values)


def test_splits_do_not_matter_inside_a_day(market_frames, lake, tmp_path):
    other = Lake(tmp_path, create=True)
    other.append("daily", market_frames.daily.with_columns(adj_factor=pl.lit(3.0)))
    other.append("bars", market_frames.bars)
    names = ("bar_ret", "ret_std", "tval_mean")
    features = build(BarSpec(base_freq=5, names=names))
    found, expected = (features.compute(x, DAYS[20:25], ASSETS) for x in (other, lake))
    np.testing.assert_array_equal(found.values, expected.values)


def minute_lake(root, day, symbols):
    """One-minute bars with a steady price, and a closing print of 10 x the usual size."""
    rows, daily = [], []
    for symbol in symbols:
        for k, at in enumerate(bar_times(1)):
            last = k == 239
            empty = k in (237, 238)
            price = 11.0 if last else 10.0 + 0.01 * (k % 2)
            volume = 0 if empty else (1000 if last else 100 + k % 3)
            rows.append((day, symbol, 1, at, *[price] * 4, volume, volume * price))
        daily.append((day, symbol, 10.0, 11.0, 10.0, 11.0, 10.0, 10**5, 1e6, 1.0, False))
    names = "date symbol freq time open high low close volume amount"
    lake = Lake(root, create=True)
    lake.append("bars", pl.DataFrame(rows, schema=names.split(), orient="row"))
    names = "date symbol open high low close preclose volume amount adj_factor suspended"
    lake.append("daily", pl.DataFrame(daily, schema=names.split(), orient="row"))
    return lake


@pytest.mark.parametrize(
    ("day", "with_auction"), [(date(2018, 8, 17), (False, True)), (date(2018, 8, 20), (True, True))]
)
def test_closing_auction_follows_the_exchange_and_the_date(tmp_path, day, with_auction):
    # Shanghai has a closing call auction since 2018-08-20, Shenzhen all the time (Spec 2.1).
    symbols = np.array(["600000.SH", "000001.SZ"])
    lake = minute_lake(tmp_path, day, symbols)
    features = build(BarSpec(base_freq=1, names=("tvol_mean", "bar_ret", "bar_val_share")))
    panel = features.compute(lake, np.array([day], dtype="datetime64[D]"), symbols)
    volume = np.array([100 + k % 3 for k in range(240)], dtype=float)
    volume[237:239], volume[239] = 0, 1000
    price = np.array([10.0 + 0.01 * (k % 2) for k in range(239)] + [11.0])
    for column, auction in enumerate(with_auction):
        upto = 237 if auction else 240
        mean, ret, share = panel.values[0, -1, column]
        assert mean == pytest.approx(np.log(volume[210:upto].mean() + 1), rel=1e-6)
        assert ret == pytest.approx(np.log(price[upto - 1] / price[209]), rel=1e-6, abs=1e-9)
        money = volume * price
        assert share == pytest.approx(money[210:].sum() / money.sum(), rel=1e-6)


def test_defaults_leave_out_what_can_never_have_a_value():
    assert build(BarSpec(base_freq=1, freq=30)).names == BAR_FEATURE_NAMES
    assert "ret_std" not in build(BarSpec(base_freq=15, freq=30)).names
    two = build(BarSpec(base_freq=15, freq=30, min_obs=1)).names
    assert "ret_std" in two
    assert not {"ret_skew", "ret_kurt", "prop_acorr_ret", "prop_t_ret"} & set(two)
    one = build(BarSpec(base_freq=15, freq=15, min_obs=1)).names
    assert {"tval_mean", "ret_maxabs", "illiq"} < set(one)
    assert not {"ret_std", "path_eff", "bar_apb", "prop_t_ret"} & set(one)
    assert computable(3, 1)[-1] == "bar_val_share"


def test_every_default_feature_gets_a_value(lake):
    for base_freq, freq, min_obs in ((15, 30, 5), (5, 30, 5), (15, 15, 1), (5, 15, 2), (15, 30, 1)):
        spec = BarSpec(base_freq=base_freq, freq=freq, min_obs=min_obs)
        panel = build(spec).compute(lake, DAYS[20:], ASSETS)
        assert np.isfinite(panel.values).any(axis=(0, 1, 2)).all(), spec
        spread = np.nanstd(panel.values.astype(float), axis=(0, 1, 2))
        assert (spread > 0).all(), spec


def test_requests_that_cannot_be_met_say_why():
    with pytest.raises(UncomputableFeatureError, match=r"5 valid sub-bars .* only 2") as caught:
        build(BarSpec(names=("ret_std",)))
    assert (caught.value.name, caught.value.needed, caught.value.sub_bars) == ("ret_std", 5, 2)
    assert isinstance(caught.value, ConfigError)
    with pytest.raises(UncomputableFeatureError, match="ret_kurt needs 4"):
        build(BarSpec(names=("ret_kurt",), min_obs=1))
    with pytest.raises(UnknownBarFeatureError, match="count_mean"):
        build(BarSpec(names=("count_mean",)))
    with pytest.raises(BarFrequencyMismatchError, match=r"30 minutes .* 20 minutes"):
        build(BarSpec(base_freq=20))
    with pytest.raises(ConfigError, match="7"):
        build(BarSpec(base_freq=7, freq=7))
    with pytest.raises(ValidationError):
        BarSpec(minobs=5)


def test_when_each_value_is_known():
    features = build(BarSpec(base_freq=1))
    assert features.known_at == time(15, 0)
    assert features.known_at_slot("bar_ret") == "bar end"
    assert features.known_at_slot("tval_rel") == "bar end"
    assert features.known_at_slot("bar_val_share") == time(15, 0)
    with pytest.raises(UnknownFeatureError, match="no feature ret20"):
        features.known_at_slot("ret20")


def test_look_back_is_stated():
    assert build(BarSpec(base_freq=1)).lookback_days == 20
    assert build(BarSpec(base_freq=1, names=("bar_ret",))).lookback_days == 0


def test_dates_must_be_sessions_of_the_lake(lake):
    sunday = np.array(["2024-01-07"], dtype="datetime64[D]")
    with pytest.raises(UnknownSessionError, match="2024-01-07") as caught:
        build(BarSpec()).compute(lake, sunday, ASSETS)
    assert caught.value.missing == ("2024-01-07",)


def test_no_dates_give_an_empty_panel(lake):
    assert build(BarSpec()).compute(lake, DAYS[:0], ASSETS).values.shape == (0, 8, 7, 6)


def test_a_session_without_bars_is_nan(market_frames, tmp_path):
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily)
    lake.append("bars", market_frames.bars.filter(pl.col("date") != DAYS[4].item()))
    panel = build(BarSpec()).compute(lake, DAYS[3:6], ASSETS)
    assert np.isnan(panel.values[1]).all()
    assert np.isfinite(panel["bar_ret"][[0, 2], :, 0]).all()


def test_a_day_with_a_missing_bar_is_refused(market_frames, tmp_path):
    hole = (
        (pl.col("symbol") == str(ASSETS[2]))
        & (pl.col("date") == DAYS[1].item())
        & (pl.col("time") == time(10, 0))
    )
    lake = Lake(tmp_path, create=True)
    lake.append("daily", market_frames.daily)
    lake.append("bars", market_frames.bars.filter(~hole))
    features = build(BarSpec(names=("bar_ret",)))
    assert np.isfinite(features.compute(lake, DAYS[:1], ASSETS).values).any()
    with pytest.raises(DataError, match=str(ASSETS[2])):
        features.compute(lake, DAYS[:3], ASSETS)
