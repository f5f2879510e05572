"""Daily features against the table they come from."""

import numpy as np
import polars as pl
import pytest

from intralpha.base import DataError
from intralpha.features import DaySpec, MissingFloatSharesError, UnknownSessionError
from intralpha.market import Lake

from .conftest import ABSENT, ASSETS, DAYS, GAP, LATE, SPLIT, SUSPENDED


def row(frames, asset, day):
    rows = frames.daily.filter(
        pl.col("symbol") == str(ASSETS[asset]), pl.col("date") == DAYS[day].item()
    )
    return rows.row(0, named=True)


def daily_lake(root, frame):
    lake = Lake(root, create=True)
    lake.append("daily", frame)
    return lake


def test_names_are_fixed_by_the_settings():
    assert DaySpec().make().names == (
        "ln_open", "ln_high", "ln_low", "ln_close", "ln_vwap", "ln_turn",
    )  # fmt: skip
    assert DaySpec(turnover="amount").make().names[-1] == "ln_amount"
    assert DaySpec(mode="window").make().names == ("open", "high", "low", "close", "vwap", "volume")


def test_log_mode_by_hand(tmp_path):
    # One stock: preclose 10; 10.1 / 10.5 / 9.8 / 10.2, 1,000 shares for 10,100 yuan, 1e6 float.
    frame = pl.DataFrame(
        {"date": [DAYS[0].item()], "symbol": ["600000.SH"], "open": [10.1], "high": [10.5],
         "low": [9.8], "close": [10.2], "preclose": [10.0], "volume": [1000], "amount": [10100.0],
         "adj_factor": [7.0], "suspended": [False], "float_shares": [1e6]}
    )  # fmt: skip
    lake = daily_lake(tmp_path, frame)
    panel = DaySpec().make().compute(lake, DAYS[:1], np.array(["600000.SH"]))
    expected = [0.00995033, 0.04879016, -0.02020271, 0.01980263, 0.00995033, -6.906755]
    np.testing.assert_allclose(panel.values[0, 0], expected, rtol=1e-5)
    assert panel.values.dtype == np.float32
    amount = DaySpec(turnover="amount").make().compute(lake, DAYS[:1], np.array(["600000.SH"]))
    assert amount["ln_amount"][0, 0] == pytest.approx(np.log(10101.0))


def test_a_suspended_day_is_no_change_and_an_absent_row_is_nothing(lake):
    panel = DaySpec().make().compute(lake, DAYS, np.append(ASSETS, ABSENT))
    a, days = SUSPENDED
    np.testing.assert_array_equal(panel.values[days, a, :5], 0.0)
    assert np.isnan(panel.values[days, a, 5]).all()
    assert np.isnan(panel.values[GAP[1], GAP[0]]).all()
    assert np.isnan(panel.values[: LATE[1], LATE[0]]).all()
    assert np.isnan(panel.values[:, -1]).all()
    assert np.isfinite(panel.values[LATE[1] :, LATE[0]]).all()


def test_a_split_is_no_move(lake, market_frames):
    panel = DaySpec().make().compute(lake, DAYS, ASSETS)
    assert np.nanmax(np.abs(panel["ln_close"])) <= np.log(1.11)
    asset, day = SPLIT
    today = row(market_frames, asset, day)
    assert panel["ln_open"][day, asset] == pytest.approx(np.log(today["open"] / today["preclose"]))


def test_window_mode_is_the_adjusted_series(lake, market_frames):
    panel = DaySpec(mode="window").make().compute(lake, DAYS, ASSETS)
    for asset, day in (SPLIT, (0, 0), (6, 39)):
        today = row(market_frames, asset, day)
        factor, vwap = today["adj_factor"], today["amount"] / today["volume"]
        prices = [today[c] * factor for c in ("open", "high", "low", "close")]
        expected = [*prices, vwap * factor, today["volume"] / factor]
        np.testing.assert_allclose(panel.values[day, asset], expected, rtol=1e-6)
    a, days = SUSPENDED
    carried = panel["close"][days[0] - 1, a]
    np.testing.assert_allclose(panel.values[days, a, :5], carried, rtol=1e-6)
    np.testing.assert_array_equal(panel.values[days, a, 5], 0.0)


def test_stale_prices_of_a_suspended_day_are_not_used(tmp_path, market_frames):
    a, days = SUSPENDED
    stale = pl.when(pl.col("volume") == 0).then(pl.col("close") + 1)
    frame = market_frames.daily.filter(pl.col("symbol") == str(ASSETS[a])).with_columns(
        stale.otherwise("high").alias("high"), stale.otherwise("open").alias("open")
    )
    lake = daily_lake(tmp_path, frame)
    window = DaySpec(mode="window").make().compute(lake, DAYS, ASSETS[[a]])
    assert (window.values[days, 0, :4] == window.values[days, 0, 3:4]).all()
    assert (DaySpec().make().compute(lake, DAYS, ASSETS[[a]]).values[days, 0, :5] == 0).all()


def test_unknown_float_shares(tmp_path, market_frames):
    none = market_frames.daily.with_columns(float_shares=pl.lit(None, dtype=pl.Float64))
    lake = daily_lake(tmp_path / "none", none)
    with pytest.raises(MissingFloatSharesError, match="turnover: amount") as caught:
        DaySpec().make().compute(lake, DAYS, ASSETS)
    assert isinstance(caught.value, DataError)
    assert caught.value.start == str(DAYS[0])
    assert np.isfinite(DaySpec(turnover="amount").make().compute(lake, DAYS, ASSETS).values).any()
    some = market_frames.daily.with_columns(
        float_shares=pl.when(pl.col("symbol") == str(ASSETS[0])).then("float_shares")
    )
    panel = DaySpec().make().compute(daily_lake(tmp_path / "some", some), DAYS, ASSETS)
    assert np.isfinite(panel["ln_turn"][:, 0]).all()
    assert np.isnan(panel["ln_turn"][:, 1:]).all()


def test_dates_may_have_gaps_but_must_be_sessions(lake):
    features = DaySpec().make()
    some = DAYS[[1, 8, 30]]
    found = features.compute(lake, some, ASSETS)
    np.testing.assert_array_equal(
        found.values, features.compute(lake, DAYS, ASSETS).at(some).values
    )
    with pytest.raises(UnknownSessionError, match="1 of the requested dates"):
        features.compute(lake, np.array(["2030-01-02"], dtype="datetime64[D]"), ASSETS)


def test_one_value_a_day():
    features = DaySpec().make()
    assert features.times is None
    assert features.lookback_days == 0
    assert features.known_at_slot("ln_turn") == features.known_at
