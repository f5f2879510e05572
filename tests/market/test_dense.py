"""Dense reads, universes, industries and caps, all by hand."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.market import (
    Lake,
    UniverseSpec,
    aggregate_bars,
    cap_weights,
    fill_forward,
    float_cap,
    industry_codes,
    last_known,
    members,
    read_bars,
    read_daily,
    size_cap,
    universe,
)
from intralpha.market.bars import IncompleteDayError
from intralpha.market.daily import UnknownColumnError
from intralpha.market.universe import intervals_mask

from .conftest import SESSIONS, SYMBOLS, bar_rows, daily_rows

ASSETS = np.array(SYMBOLS)


def test_derived_prices(lake: Lake) -> None:
    panel = read_daily(lake, ("vwap", "adj_close", "adj_volume", "amount_proxy", "traded"))
    # Stock 1, day 2: open 13, high 14, low 12, close 13, 2000 shares, factor 2.
    np.testing.assert_allclose(panel.values[2, 1], [13.0, 26.0, 1000.0, 26000.0, 1.0])


def test_vwap_is_amount_over_volume_where_there_is_an_amount(lake: Lake) -> None:
    rows = daily_rows([date(2024, 3, 1)]).with_columns(amount=pl.col("volume") * 11.5)
    rows = rows.with_columns(
        volume=pl.when(pl.col("symbol") == SYMBOLS[0]).then(0).otherwise("volume")
    )
    lake.append("daily", rows)
    panel = read_daily(lake, ("vwap", "close"), date(2024, 3, 1))
    np.testing.assert_allclose(panel["vwap"][0], [10.0, 11.5, 11.5, 11.5])


def test_history_counts_from_the_lakes_first_row(lake: Lake) -> None:
    late = read_daily(lake, ("listed_days",), SESSIONS[10], SESSIONS[11])
    np.testing.assert_array_equal(late["listed_days"], [[11] * 4, [12] * 4])


def test_absent_rows_are_nan_and_filled_close_carries_over(tmp_path) -> None:
    lake = Lake(tmp_path / "l", create=True)
    rows = daily_rows(SESSIONS[:4])
    gone = (pl.col("symbol") == SYMBOLS[0]) & (pl.col("date") == SESSIONS[2])
    lake.append("daily", rows.filter(~gone))
    panel = read_daily(lake, ("close", "filled_close", "listed_days"))
    np.testing.assert_array_equal(panel["close"][:, 0], [10, 11, np.nan, 13])
    np.testing.assert_array_equal(panel["filled_close"][:, 0], [20, 22, 22, 26])
    np.testing.assert_array_equal(panel["listed_days"][:, 0], [1, 2, np.nan, 3])


def test_unknown_columns_are_named(lake: Lake) -> None:
    with pytest.raises(UnknownColumnError, match="no daily column closing"):
        read_daily(lake, ("closing",))


def test_fill_forward_keeps_leading_gaps() -> None:
    values = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(fill_forward(values), [[np.nan, 1], [2, 1], [2, 1]])


def test_a_day_of_bars_is_time_major(lake: Lake) -> None:
    lake.append("bars", bar_rows(SESSIONS[0], SYMBOLS[1:]))
    panel = read_bars(lake, SESSIONS[0], 30, ("close", "volume"), ASSETS)
    assert panel.values.shape == (1, 8, 4, 2)
    np.testing.assert_array_equal(panel["close"][0, :, 2], np.arange(10.0, 18.0))
    assert np.isnan(panel["close"][0, :, 0]).all()


def test_incomplete_days_are_refused(lake: Lake) -> None:
    lake.append("bars", bar_rows(SESSIONS[0])[:-1])
    with pytest.raises(IncompleteDayError, match=r"688981.SH has 7 rows, expected 8"):
        read_bars(lake, SESSIONS[0], 30, ("close",))


def test_bars_aggregate(lake: Lake) -> None:
    lake.append("bars", bar_rows(SESSIONS[0], freq=15))
    panel = read_bars(lake, SESSIONS[0], 15, ("open", "high", "low", "close", "volume", "amount"))
    longer = aggregate_bars(panel, 30)
    # Bars 2 and 3 of the 15-minute grid are 12 and 13: open 12, high 13.5, low 11.5, close 13.
    np.testing.assert_allclose(longer.values[0, 1, 0], [12, 13.5, 11.5, 13, 200, 2500])
    assert longer.times is not None
    assert len(longer.times) == 8


def test_universe_rules_one_by_one(lake: Lake) -> None:
    days = np.array(SESSIONS[:6], dtype="datetime64[D]")
    spec = UniverseSpec(min_listed_days=3, boards=("main", "star"))
    mask = universe(lake, spec, days, ASSETS)
    np.testing.assert_array_equal(mask[:, 0], [False, False, True, True, True, True])
    assert not mask[:, 1].any()
    changed = daily_rows(SESSIONS[4:5]).with_columns(
        volume=pl.when(pl.col("symbol") == SYMBOLS[0]).then(0).otherwise("volume"),
        st=pl.col("symbol") == SYMBOLS[2],
    )
    lake.append("daily", changed, "replace")
    mask = universe(lake, spec, days, ASSETS)
    np.testing.assert_array_equal(mask[4], [False, False, False, True])
    loose = UniverseSpec(min_listed_days=0, exclude_st=False, exclude_suspended=False)
    assert universe(lake, loose, days, ASSETS).all()


def test_without_instruments_the_number_of_a_code_tells_its_board(tmp_path: Path) -> None:
    """A lake of nothing but daily rows has a universe."""
    bare = Lake(tmp_path / "bare", create=True)
    bare.append("daily", daily_rows(SESSIONS[:1]))
    days = np.array(SESSIONS[:1], dtype="datetime64[D]")
    expected = {  # 000001.SZ, 300750.SZ, 600519.SH, 688981.SH
        ("main",): [True, False, True, False],
        ("chinext",): [False, True, False, False],
        ("star",): [False, False, False, True],
    }
    for boards, inside in expected.items():
        spec = UniverseSpec(min_listed_days=0, boards=boards)
        np.testing.assert_array_equal(universe(bare, spec, days, ASSETS)[0], inside)


def test_membership_ends_with_its_last_day(lake: Lake) -> None:
    lake.append(
        "membership",
        pl.DataFrame(
            {
                "index": ["000300.SH"] * 2,
                "symbol": [SYMBOLS[0], SYMBOLS[2]],
                "in_date": [SESSIONS[1], SESSIONS[0]],
                "out_date": [SESSIONS[3], None],
            }
        ),
    )
    days = np.array(SESSIONS[:6], dtype="datetime64[D]")
    mask = members(lake, ("000300.SH",), days, ASSETS)
    np.testing.assert_array_equal(mask[:, 0], [False, True, True, True, False, False])
    assert mask[:, 2].all()
    assert not mask[:, [1, 3]].any()
    inside = universe(lake, UniverseSpec(indices=("000300.SH",), min_listed_days=0), days, ASSETS)
    np.testing.assert_array_equal(inside, mask)


def test_industries_by_date(lake: Lake) -> None:
    days = np.array(SESSIONS[:4], dtype="datetime64[D]")
    codes, labels = industry_codes(lake, days, ASSETS)
    assert labels == ("unknown",)
    assert not codes.any()
    rows = {
        "symbol": [SYMBOLS[0], SYMBOLS[0], SYMBOLS[1]],
        "in_date": [SESSIONS[0], SESSIONS[2], SESSIONS[0]],
        "out_date": [SESSIONS[1], None, None],
        "scheme": ["x"] * 3,
        "code": ["bank", "food", "bank"],
    }
    lake.append("industry", pl.DataFrame(rows))
    codes, labels = industry_codes(lake, days, ASSETS)
    assert labels == ("unknown", "bank", "food")
    np.testing.assert_array_equal(codes[:, 0], [1, 1, 2, 2])
    np.testing.assert_array_equal(codes[0], [1, 1, 0, 0])
    # A classification that stands first in the alphabet, but begins on day 3 only.
    other = {"symbol": [SYMBOLS[0]], "in_date": [SESSIONS[3]], "out_date": [None]}
    lake.append("industry", pl.DataFrame(other | {"scheme": ["a"], "code": ["oil"]}))
    codes, labels = industry_codes(lake, days, ASSETS)
    found = [labels[c] for c in codes[:, 0]]
    assert found == ["bank", "bank", "food", "oil"]


def test_a_capitalisation_is_carried_into_the_first_date(lake: Lake) -> None:
    """What is asked for first changes nothing: the last shares known before it count."""
    early = daily_rows(SESSIONS[:2]).filter(pl.col("symbol") == SYMBOLS[0])
    lake.append("daily", early.with_columns(float_shares=pl.lit(100.0)), "replace")
    days = np.array(SESSIONS[2:4], dtype="datetime64[D]")
    np.testing.assert_allclose(float_cap(lake, days, ASSETS)["float_cap"][:, 0], [1100, 1100])
    both = np.array(SESSIONS[:4], dtype="datetime64[D]")
    np.testing.assert_allclose(
        float_cap(lake, both, ASSETS)["float_cap"][:, 0], [1000, 1100, 1100, 1100]
    )


def test_the_last_known_value_stands_before_a_day(lake: Lake) -> None:
    found = last_known(lake, pl.col("close") * 2, SESSIONS[3], np.array([SYMBOLS[1], "000009.SZ"]))
    np.testing.assert_array_equal(found, [2 * 13.0, np.nan])
    assert np.isnan(last_known(lake, pl.col("close"), SESSIONS[0], ASSETS)).all()


def test_caps_from_shares_or_from_a_snapshot(lake: Lake) -> None:
    days = np.array(SESSIONS[:3], dtype="datetime64[D]")
    rows = daily_rows(SESSIONS[:3]).filter(pl.col("symbol") == SYMBOLS[0])
    lake.append("daily", rows.with_columns(float_shares=pl.lit(100.0)), "replace")
    snapshot = {
        "symbol": [SYMBOLS[1]],
        "announce_date": [SESSIONS[2]],
        "item": ["float_cap"],
        "value": [1300.0],
    }
    lake.append("fundamentals", pl.DataFrame(snapshot))
    cap = float_cap(lake, days, ASSETS)["float_cap"]
    np.testing.assert_allclose(cap[:, 0], [1000, 1100, 1200])
    # 1300 on day 2 at close 13; before that day nobody knew it.
    np.testing.assert_allclose(cap[:, 1], [np.nan, np.nan, 1300])
    assert np.isnan(cap[:, 2]).all()
    later = np.array(SESSIONS[3:5], dtype="datetime64[D]")
    np.testing.assert_allclose(float_cap(lake, later, ASSETS)["float_cap"][:, 1], [1400, 1500])
    # For labels it is scaled back as well: day 0 closed at 11.
    cap = float_cap(lake, days, ASSETS, fwd_snapshot=True)["float_cap"]
    np.testing.assert_allclose(cap[:, 1], [1100, 1200, 1300])
    weights = cap_weights(cap, np.ones((3, 4), dtype=bool))
    np.testing.assert_allclose(weights[0], [1000 / 2100, 1100 / 2100, 0, 0])


def test_size_is_the_total_cap_on_dates_that_know_it(lake: Lake) -> None:
    """Two stocks have a float cap; the total of one of them is half of those, and enough."""
    days = np.array(SESSIONS[:3], dtype="datetime64[D]")
    rows = daily_rows(SESSIONS[:3]).filter(pl.col("symbol").is_in(SYMBOLS[:2]))
    rows = rows.with_columns(float_shares=pl.lit(100.0))
    lake.append("daily", rows, "replace")
    floating = float_cap(lake, days, ASSETS)["float_cap"]
    np.testing.assert_allclose(floating[:, :2], [[1000, 1100], [1100, 1200], [1200, 1300]])
    np.testing.assert_array_equal(size_cap(lake, days, ASSETS)["size_cap"], floating)
    snapshot = {"symbol": [SYMBOLS[1]], "announce_date": [SESSIONS[1]], "item": ["total_cap"]}
    lake.append("fundamentals", pl.DataFrame(snapshot | {"value": [2400.0]}))
    found = size_cap(lake, days, ASSETS)
    assert found.names == ("size_cap",)
    # Known from day 1 on, at the close of 12: one date with the float cap of both, two without.
    expected = [[1000, 1100], [np.nan, 2400], [np.nan, 2600]]
    np.testing.assert_allclose(found["size_cap"][:, :2], expected)
    back = size_cap(lake, days, ASSETS, fwd_snapshot=True)["size_cap"]
    np.testing.assert_allclose(back[:, 1], [2200, 2400, 2600])
    third = {"symbol": [SYMBOLS[2]], "announce_date": [SESSIONS[1]], "item": ["float_cap"]}
    lake.append("fundamentals", pl.DataFrame(third | {"value": [7.0]}))
    # One of three is less than half.
    found = size_cap(lake, days[1:], ASSETS)["size_cap"]
    np.testing.assert_array_equal(found, float_cap(lake, days[1:], ASSETS)["float_cap"])
    assert np.isfinite(found[:, 2]).any()


def test_size_from_total_shares_carries_what_is_known(lake: Lake) -> None:
    rows = daily_rows(SESSIONS[:2]).with_columns(total_shares=pl.lit(1000.0))
    lake.append("daily", rows, "replace")
    days = np.array(SESSIONS[1:3], dtype="datetime64[D]")
    found = size_cap(lake, days, ASSETS)["size_cap"][:, 0]
    np.testing.assert_allclose(found, [11000, 11000])  # no count on day 2: the last value


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scheme", [None, "s1"])
def test_industries_are_those_of_a_mask_a_label(
    tmp_path: Path, seed: int, scheme: str | None
) -> None:
    """Intervals that overlap, of several schemes; the last label by alphabet counts."""
    rng, n = np.random.default_rng(seed), 200
    first = np.datetime64("2024-01-01") + rng.integers(-50, 200, n)
    out = np.where(rng.random(n) < 0.3, np.datetime64("NaT"), first + rng.integers(0, 90, n))
    names = {
        "symbol": [f"{600000 + k}.SH" for k in rng.integers(0, 40, n).tolist()],
        "scheme": [f"s{k}" for k in rng.integers(0, 3, n).tolist()],
        "code": rng.choice(["unknown", "a", "b", "c"], n).tolist(),
    }
    rows = pl.DataFrame(names | {"in_date": first, "out_date": out})
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("industry", rows.unique(["scheme", "symbol", "in_date"], keep="first"))
    table = lake.scan("industry").collect()
    days = np.datetime64("2024-01-01") + np.arange(0, 250, 3)
    assets = rng.permutation([f"{600000 + k}.SH" for k in range(45)])
    codes, labels = industry_codes(lake, days, assets, scheme)
    expected = np.zeros(codes.shape, dtype=np.int32)
    begun = dict(table.group_by("scheme").agg(pl.col("in_date").min()).iter_rows())
    for d, day in enumerate(days):
        by_then = [s for s in sorted(begun) if np.datetime64(begun[s]) <= day]
        used = scheme or (by_then[0] if by_then else None)
        for position, label in enumerate(labels[1:], start=1):
            mine = table.filter(pl.col("scheme") == used, pl.col("code") == label)
            expected[d, intervals_mask(mine, days[d : d + 1], assets)[0]] = position
    np.testing.assert_array_equal(codes, expected)
    assert len(np.unique(codes)) == 4
