"""Forward returns and tradability, against loops over the rows of one stock."""

import numpy as np
import polars as pl
import pytest

from intralpha.labels import (
    UnknownSampleDateError,
    fwd_buyable,
    fwd_locked,
    fwd_return,
    windows,
)
from intralpha.market import Lake

from .conftest import (
    ASSETS,
    DAYS,
    GAP,
    LATE,
    LIMIT_AT_CLOSE,
    LOCKED_DOWN,
    LOCKED_UP,
    SPLIT,
    SUSPENDED,
    make_daily,
    write_lake,
)

NAN = float("nan")


def table(daily, asset):
    rows = daily.filter(pl.col("symbol") == str(ASSETS[asset])).iter_rows(named=True)
    known = {row["date"]: row for row in rows}
    return [known.get(day.item()) for day in DAYS]


def carried_prices(daily, asset, price):
    """Price of every session: close or vwap of traded days, else the last close before."""
    out, last = [], NAN
    for row in table(daily, asset):
        now = last
        if row is not None:
            last = row["close"] * row["adj_factor"]
            now = last
            if price == "vwap" and row["volume"] > 0:
                now = row["amount"] / row["volume"] * row["adj_factor"]
        out.append(now)
    return out


@pytest.mark.parametrize("price", ["close", "vwap"])
@pytest.mark.parametrize(("first", "last"), [(1, 11), (0, 5), (1, 2)])
def test_forward_returns(lake, daily, first, last, price):
    panel = fwd_return(lake, DAYS, ASSETS, first, last, price)
    assert panel.names == (f"fwd_{first}_{last}",)
    assert panel.values.dtype == np.float64
    for a in range(len(ASSETS)):
        prices = carried_prices(daily, a, price)
        for d in range(len(DAYS)):
            expected = NAN
            if d + last < len(DAYS):
                expected = prices[d + last] / prices[d + first] - 1
            assert panel.values[d, a, 0] == pytest.approx(expected, nan_ok=True), (a, d)
    assert np.isnan(panel.values[-last:]).all()
    assert np.isnan(panel.values[: LATE[1] - first, LATE[0]]).all()
    assert np.isfinite(panel.values[LATE[1] - first, LATE[0]]).all()


def test_a_return_by_hand(tmp_path):
    # Close 10, 11, suspended, 12.1, 12.1 / 2 after a 2-for-1 split: +10 %, 0, +10 %, 0.
    close, factor, volume = [10.0, 11.0, 11.0, 12.1, 6.05], [1.0, 1, 1, 1, 2], [1, 1, 0, 1, 1]
    frame = pl.DataFrame(
        {"date": DAYS[:5], "symbol": "600000.SH", "open": close, "high": close, "low": close,
         "close": close, "preclose": close, "volume": [v * 100 for v in volume],
         "adj_factor": factor, "suspended": [v == 0 for v in volume]}
    )  # fmt: skip
    lake = Lake(tmp_path, create=True)
    lake.append("daily", frame)
    one = np.array(["600000.SH"])
    daily = fwd_return(lake, DAYS[:5], one, 0, 1)["fwd_0_1"][:, 0]
    np.testing.assert_allclose(daily, [0.1, 0, 0.1, 0, NAN], atol=1e-12)
    whole = fwd_return(lake, DAYS[:5], one, 1, 4)["fwd_1_4"][:, 0]
    np.testing.assert_allclose(whole, [0.1, NAN, NAN, NAN, NAN], atol=1e-12)


def test_buyable_is_volume_and_no_limit_up_at_the_next_close(lake, daily):
    found = fwd_buyable(lake, DAYS, ASSETS)
    for a in range(len(ASSETS)):
        rows = table(daily, a)
        for d in range(len(DAYS) - 1):
            row = rows[d + 1]
            expected = (
                row is not None and row["volume"] > 0 and row["close"] < row["up_limit"] - 0.005
            )
            assert found[d, a] == expected, (a, d)
    assert not found[-1].any()
    for a, d in (LOCKED_UP, LIMIT_AT_CLOSE):
        assert not found[d - 1, a]
    assert found[LOCKED_DOWN[1] - 1, LOCKED_DOWN[0]]
    assert found.mean() > 0.8


def test_locked_is_no_trade_or_one_limit_price_all_day(lake, daily):
    found = fwd_locked(lake, DAYS, ASSETS)
    expected = {(a, d - 1) for a, d in (LOCKED_UP, LOCKED_DOWN)}
    for a, days in (SUSPENDED, GAP, (LATE[0], range(1, LATE[1]))):
        expected |= {(a, d - 1) for d in days}
    expected |= {(a, len(DAYS) - 1) for a in range(len(ASSETS))}
    assert {(int(a), int(d)) for d, a in np.argwhere(found)} == expected
    assert (LIMIT_AT_CLOSE[0], LIMIT_AT_CLOSE[1] - 1) not in expected


def test_without_limit_prices_only_volume_counts(tmp_path, daily):
    none = pl.lit(None, dtype=pl.Float64)
    lake = write_lake(tmp_path, daily.with_columns(up_limit=none, down_limit=none))
    assert fwd_buyable(lake, DAYS, ASSETS)[LOCKED_UP[1] - 1, LOCKED_UP[0]]
    assert not fwd_locked(lake, DAYS, ASSETS)[LOCKED_UP[1] - 1, LOCKED_UP[0]]


def test_a_split_is_no_loss(lake):
    panel = fwd_return(lake, DAYS, ASSETS, 0, 1)
    a, d = SPLIT
    assert abs(panel.values[d - 1, a, 0]) < 0.11


def test_dates_in_blocks_with_gaps(lake, monkeypatch):
    whole = fwd_return(lake, DAYS, ASSETS, 1, 4, "vwap")
    buyable, locked = fwd_buyable(lake, DAYS, ASSETS), fwd_locked(lake, DAYS, ASSETS)
    monkeypatch.setattr(windows, "BLOCK_DAYS", 3)
    some = np.array([0, 16, 18, 19, 22, 40, 59])
    for rows in (np.arange(len(DAYS)), some):
        found = fwd_return(lake, DAYS[rows], ASSETS, 1, 4, "vwap")
        np.testing.assert_array_equal(found.values, whole.values[rows])
        np.testing.assert_array_equal(fwd_buyable(lake, DAYS[rows], ASSETS), buyable[rows])
        np.testing.assert_array_equal(fwd_locked(lake, DAYS[rows], ASSETS), locked[rows])


def test_dates_must_be_sessions(lake):
    for day in ("2024-01-07", "2030-01-01", "2000-01-01"):
        with pytest.raises(UnknownSampleDateError, match=day) as caught:
            fwd_return(lake, np.array([day], dtype="datetime64[D]"), ASSETS, 1, 2)
        assert caught.value.missing == (day,)


def test_no_dates(lake):
    assert fwd_return(lake, DAYS[:0], ASSETS, 1, 2).values.shape == (0, 9, 1)


@pytest.mark.parametrize("day", [14, 19, 29])
def test_only_the_window_matters(tmp_path, daily, lake, day):
    """Rows before t + first and after t + last may say anything."""
    other, first, last = make_daily(2), 1, 6
    inside = pl.col("date").is_between(DAYS[day + first].item(), DAYS[day + last].item())
    mixed = pl.concat([daily.filter(inside), other.filter(~inside)])
    twin = write_lake(tmp_path, mixed)
    at = DAYS[[day]]
    found = fwd_return(twin, at, ASSETS, first, last).values[0, :, 0]
    expected = fwd_return(lake, at, ASSETS, first, last).values[0, :, 0]
    # A stock without a row on t+1 has a carried price, which does lie before the window.
    has_row = np.isfinite(expected) & ~fwd_locked(lake, at, ASSETS)[0]
    assert has_row.sum() >= 6, "nothing was compared"
    np.testing.assert_array_equal(found[has_row], expected[has_row])
    other_alone = fwd_return(write_lake(tmp_path / "o", other), at, ASSETS, first, last)
    assert (found != other_alone.values[0, :, 0])[has_row].all()
