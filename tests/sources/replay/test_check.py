"""Comparison of books by hand, its negative controls, and the real day of 600519."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.sources.replay.check import (
    UnlikeRowsError,
    UnsortedRowsError,
    aligned_rows,
    compare_books,
)
from intralpha.sources.replay.rows import FACTS, book_rows

from .book_inputs import order_frame, real_600519, ticks, trade_frame
from .test_book import T

ORDERS = [
    (1, T, 1, 1, 9.99, 100, "limit", False),
    (2, T, 2, -1, 10.01, 300, "limit", False),
    (3, T + 1_000, 3, 1, 10.01, 50, "limit", False),
    (5, T + 1_400, 5, 1, 9.98, 100, "limit", False),
    (6, T + 1_800, 6, 1, 9.97, 100, "limit", False),
    (7, T + 60_000, 7, -1, 10.02, 100, "limit", False),
    (8, T + 65_000, 8, -1, 9.97, 250, "limit", False),
]
TRADES = [
    (4, T + 1_000, 10.01, 50, 3, 2, 1),
    (9, T + 65_000, 9.99, 100, 1, 8, -1),
    (10, T + 65_000, 9.98, 100, 5, 8, -1),
]


def given(orders: list[tuple] = ORDERS, trades: list[tuple] = TRADES) -> tuple:
    return ticks("orders", order_frame(orders)), ticks("trades", trade_frame(trades))


def at(time: int, stamp: int | None = None) -> pl.DataFrame:
    """The book at a time, published under a stamp."""
    rows = book_rows(*given(), np.array([time]))
    return rows.with_columns(time=pl.lit(time if stamp is None else stamp, pl.Int32))


def test_states_inside_the_second_of_the_stamp() -> None:
    published = pl.concat([at(T), at(T + 1_400, T + 1_000), at(T + 1_800, T + 1_000)])
    by_state = aligned_rows(*given(), published, "state")
    assert_frame_equal(by_state.select(published.columns), published)
    # Before and after orders 1 and 2; after trade 4 and orders 5 and 6.
    assert by_state["states"].to_list() == [3, 3, 3]
    # Sums: the last state in the second. Time: nothing after the stamp.
    by_sums = aligned_rows(*given(), published, "sums")
    assert by_sums["bid_orders3"].to_list() == [None, 1, 1]
    assert by_sums["states"].to_list() == [3, 3, 3]
    by_time = aligned_rows(*given(), published, "time")
    assert by_time["bid_orders2"].to_list() == [None, None, None]
    shares = [compare_books(r, published).all_equal for r in (by_time, by_sums, by_state)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])
    found = compare_books(by_time, published)
    assert found.levels_equal == pytest.approx((2 + 2 + 2) / (2 + 3 + 4))
    assert found.levels.filter(pl.col("shown") > 0).rows() == [
        (1, 6, 1.0, 1.0, 1.0, 1.0),
        (2, 2, 0.0, 0.0, 0.0, 0.0),
        (3, 1, 0.0, 0.0, 0.0, 0.0),
    ]
    assert math.isnan(found.levels["all"][9])
    assert (found.aligned, found.sums_equal) == (1.0, 1.0)
    assert dict(found.reasons.select("reason", "levels").rows())["other"] == 3


def test_a_second_is_as_long_as_it_says_and_no_longer() -> None:
    late = at(T + 1_800, T + 1_000)
    states = [aligned_rows(*given(), late, resolution_ms=ms)["bid_orders3"][0] for ms in (800, 801)]
    assert states == [None, 1]
    gone = at(T + 1_400, T + 2_300)  # ended at T + 1800, half a second before the stamp
    states = [aligned_rows(*given(), gone, behind_ms=ms)["bid_orders3"][0] for ms in (500, 501)]
    assert states == [1, None]


def test_what_is_left_of_a_market_order_is_never_seen_before_its_cancel() -> None:
    """Between its last trade and its cancel the book is as it is after both."""
    orders = [
        (1, T, 1, -1, 10.01, 100, "limit", False),
        (2, T, 2, -1, 10.02, 100, "limit", False),
        (3, T, 3, 1, 0.0, 500, "market", False),
        (5, T, 3, 1, 0.0, 400, "market", True),
    ]
    trades = [(4, T, 10.01, 100, 3, 1, 1)]
    true = book_rows(*given(orders, trades), np.array([T]))
    half_way = true.with_columns(
        bid_price1=pl.lit(10.01), bid_volume1=pl.lit(400, pl.Int64), bid_orders1=pl.lit(1, pl.Int32)
    )
    for published, equal in ((true, 1.0), (half_way, 0.0)):
        rows = aligned_rows(*given(orders, trades), published)
        assert rows["states"].to_list() == [2]
        assert rows["bid_price1"].to_list() == [None]
        assert compare_books(rows, published).all_equal == equal


def test_sums_that_no_state_has_are_said_and_aligned_by_time() -> None:
    wrong = at(T + 1_400).with_columns(volume=pl.lit(51, pl.Int64))
    rows = aligned_rows(*given(), wrong)
    assert rows.select("aligned", "states", "volume").row(0) == (False, 0, 50)
    found = compare_books(rows, wrong.with_columns(bid_price1=9.0))
    assert (found.aligned, found.sums_equal, found.all_equal) == (0.0, 0.0, 0.0)
    assert found.reasons.filter(pl.col("snapshots") > 0).rows() == [("sums not reached", 1, 1)]
    unknown = wrong.with_columns(volume=pl.lit(50, pl.Int64), trades=pl.lit(None, pl.Int32))
    assert aligned_rows(*given(), unknown)["aligned"].to_list() == [True]


def test_numbers_of_orders_that_were_not_published_are_not_compared() -> None:
    full = at(T + 1_800)
    few = full.with_columns(pl.col(f"bid_orders{k}") * 0 + 7 for k in range(1, 11))
    none = full.with_columns(pl.lit(None, pl.Int32).alias(f"bid_orders{k}") for k in range(1, 11))
    assert compare_books(full, few).levels_equal == pytest.approx(1 / 4)
    assert compare_books(full, few).levels["orders"][0] == 0.5
    assert compare_books(full, none).levels_equal == 1.0
    assert aligned_rows(*given(), none)["bid_orders3"].to_list() == [1]
    # Nor do they keep the state with the levels that were shown from being found.
    orders = [*ORDERS[:5], (7, T + 1_900, 6, 1, 9.97, 100, "limit", True)]
    rows = book_rows(*given(orders, TRADES[:1]), np.array([T + 1_800]))
    shown = rows.with_columns(time=pl.lit(T + 1_000, pl.Int32))
    none = shown.with_columns(pl.lit(None, pl.Int32).alias(f"bid_orders{k}") for k in range(1, 11))
    found = aligned_rows(*given(orders, TRADES[:1]), none)
    assert_frame_equal(found.select(shown.columns), shown)


def test_auctions_are_left_out_and_counted() -> None:
    call = at(T).with_columns(time=pl.lit(33_600_000, pl.Int32))
    late = at(T).with_columns(time=pl.lit(53_900_000, pl.Int32))
    one = at(T).with_columns(time=pl.lit(54_000_000, pl.Int32), ask_price1=pl.col("bid_price1"))
    published = pl.concat([call, at(T), late, one])
    found = compare_books(published, published)
    assert (found.snapshots, found.auctions, found.all_equal) == (1, 3, 1.0)
    rows = aligned_rows(*given(), published)
    assert rows["bid_orders1"].fill_null(0).to_list()[:3] == [0, 1, 0]
    nothing = compare_books(call, call)
    assert (nothing.snapshots, nothing.auctions) == (0, 1)
    assert math.isnan(nothing.all_equal)


def test_reasons_in_their_order() -> None:
    base = at(T + 1_800).with_columns(
        *(pl.lit(0, pl.Int32).alias(name) for name in FACTS), aligned=pl.lit(True)
    )
    changes = [
        {"aligned": False, "crossed": 1},
        {"crossed": 1, "in_flight": 1},
        {"in_flight": 1, "unseen": 3},
        {"unseen": 3},
        {},
        {},
        {"unseen": 3, "bid_price1": 9.99},  # equal: no reason
    ]
    rows = [
        base.with_columns(
            pl.lit(value).cast(base[name].dtype).alias(name) for name, value in change.items()
        ).with_columns(time=pl.lit(T + 1_000 * i + 60_000 * (i > 4), pl.Int32))
        for i, change in enumerate(changes)
    ]
    rebuilt = pl.concat(rows)
    published = rebuilt.drop(*FACTS, "aligned").with_columns(
        bid_volume1=pl.Series([1, 1, 1, 1, 1, 1, 100])
    )
    found = compare_books(rebuilt, published)
    assert found.reasons.rows() == [
        ("sums not reached", 1, 1),
        ("book crossed", 1, 1),
        ("order in flight", 1, 1),
        ("orders unseen", 1, 1),
        ("after a gap", 1, 1),
        ("other", 1, 1),
    ]
    assert found.all_equal == pytest.approx(1 / 7)


def test_refused() -> None:
    rows = pl.concat([at(T), at(T + 1_800)])
    with pytest.raises(UnlikeRowsError, match="2 rebuilt rows beside 1 published"):
        compare_books(rows, rows.head(1))
    with pytest.raises(UnlikeRowsError):
        compare_books(rows, rows.with_columns(symbol=pl.lit("600001.SH")))
    with pytest.raises(UnsortedRowsError, match="rows of 600000"):
        aligned_rows(*given(), rows.reverse())


def test_published_stocks_without_a_book() -> None:
    rows = pl.concat([at(T), at(T).with_columns(symbol=pl.lit("600009.SH"))])
    found = aligned_rows(*given(), rows)
    assert found["bid_orders1"].to_list() == [1, None]
    assert found["aligned"].to_list() == [True, True]
    assert compare_books(found, rows).all_equal == 0.5


def numbers(found: pl.DataFrame) -> list[int]:
    return found.select(pl.col(FACTS[2:]).max()).row(0)


@pytest.mark.real_data
def test_the_real_book_of_600519_is_the_published_one(real_data: Path) -> None:
    """Every published snapshot outside the call auctions is a state of the rebuilt book.

    Ten prices, volumes and numbers of orders a side, last price, shares, CNY and trades. Joined
    by the stamp alone, 77 % of the levels agree: stamps are whole seconds, rounded down.
    """
    orders, trades, published = real_600519(real_data)
    given = (ticks("orders", orders), ticks("trades", trades))
    rows = aligned_rows(*given, published, "state")
    found = compare_books(rows, published)
    assert (found.snapshots, found.auctions) == (4_889, 189)
    assert (found.aligned, found.sums_equal) == (1.0, 1.0)
    assert (found.levels_equal, found.all_equal) == (1.0, 1.0)
    assert found.levels["shown"].to_list() == [9_778] * 10
    assert numbers(rows) == (0, 0, 0)
    sums = compare_books(aligned_rows(*given, published, "sums"), published)
    assert sums.aligned == 1.0
    assert 0.87 < sums.levels_equal < 0.89
    naive = compare_books(aligned_rows(*given, published, "time"), published)
    assert 0.75 < naive.levels_equal < 0.78
    assert 0.62 < naive.aligned < 0.64


@pytest.mark.real_data
def test_the_real_comparison_can_fail(real_data: Path) -> None:
    """One cancel in twenty lost, orders as listed without what they traded, rows one later."""
    orders, trades, published = real_600519(real_data)
    ours = (ticks("orders", orders), ticks("trades", trades))
    kept = orders.filter(~pl.col("cancel") | (pl.col("seq") % 20 > 0))
    lost = compare_books(aligned_rows(ticks("orders", kept), ours[1], published), published)
    assert lost.aligned == 1.0
    assert lost.all_equal < 0.1
    values = pl.exclude("date", "symbol", "time", "last", "volume", "amount", "trades")
    shifted = published.with_columns(values.shift(1))
    assert compare_books(aligned_rows(*ours, shifted), shifted).all_equal < 0.15
    swapped = trades.with_columns(volume=pl.col("volume").shift(1, fill_value=100))
    wrong = compare_books(aligned_rows(ours[0], ticks("trades", swapped), published), published)
    assert wrong.levels_equal < 0.9
