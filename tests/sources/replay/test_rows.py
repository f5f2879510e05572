"""Rows of rebuilt snapshots: many stocks and threads, the lake, and what is refused."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.market import TABLES, Lake, validate
from intralpha.sources.replay.rows import (
    MixedSessionsError,
    OffTickError,
    UnorderedTimesError,
    book_rows,
    make_snapshots,
    read_books,
    snapshot_times,
)

from .book_inputs import ON, as_lake_rows, order_frame, ticks, trade_frame
from .test_book import T, long_day

SYMBOLS = [f"6000{i:02d}.SH" for i in range(7)]


@pytest.fixture(scope="module")
def market() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Seven stocks, a row every 20 seconds from 10:00 on."""
    frames = [long_day(40 + 17 * i).frames(symbol) for i, symbol in enumerate(SYMBOLS)]
    later = (T + 20_000 * pl.col("time")).cast(pl.Int32)
    orders, trades = (pl.concat(part) for part in zip(*frames, strict=True))
    return orders.with_columns(time=later), trades.with_columns(time=later)


@pytest.fixture
def lake(tmp_path: Path, market: tuple[pl.DataFrame, pl.DataFrame]) -> Lake:
    lake = Lake(tmp_path / "lake", create=True)
    for table, rows in zip(("orders", "trades"), market, strict=True):
        lake.append(table, as_lake_rows(rows, table))
    return lake


def rows_of(market: tuple[pl.DataFrame, pl.DataFrame], times: np.ndarray, **more) -> pl.DataFrame:
    return book_rows(ticks("orders", market[0]), ticks("trades", market[1]), times, **more)


def test_times_of_the_day() -> None:
    times = snapshot_times()
    assert times[0] == 33_300_000
    assert times[-1] == 54_000_000
    assert len(times) == 201 + 2_401 + 2_401
    assert set(np.diff(times)) == {3_000, 303_000 - 3_000, 5_400_000}


def test_rows_are_those_of_the_table(market: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    rows = rows_of(market, snapshot_times(60_000))
    assert dict(rows.schema) == TABLES["snapshots"].columns
    assert rows["symbol"].to_list() == np.repeat(SYMBOLS, len(snapshot_times(60_000))).tolist()
    assert validate("snapshots", rows).height == rows.height


def test_stocks_and_threads_do_not_touch_each_other(
    market: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    times = np.arange(T, T + 8_000_000, 7_000)
    together = rows_of(market, times, facts=True, threads=1)
    assert_frame_equal(rows_of(market, times, facts=True, threads=3), together)
    for symbol in SYMBOLS[::3]:
        alone = tuple(rows.filter(pl.col("symbol") == symbol) for rows in market)
        expected = together.filter(pl.col("symbol") == symbol)
        assert_frame_equal(rows_of(alone, times, facts=True), expected)
    assert together["bid_orders1"].count() > 3_000


def test_stocks_without_trades_or_orders_have_rows_too() -> None:
    orders = order_frame([(1, T, 1, 1, 9.0, 100, "limit", False)], "600000.SH")
    trades = trade_frame([(1, T, 8.0, 50, 1, 2, 1)], "600001.SH")
    rows = rows_of((orders, trades), np.array([T - 1, T]), facts=True)
    assert rows["symbol"].to_list() == ["600000.SH"] * 2 + ["600001.SH"] * 2
    assert rows["bid_price1"].to_list() == [None, 9.0, None, None]
    assert rows["last"].to_list() == [0.0, 0.0, 0.0, 8.0]
    assert rows["unseen"].to_list() == [0, 0, 0, 2]
    nobody = rows_of((orders.clear(), trades.clear()), np.array([T]))
    assert nobody.height == 0
    assert dict(nobody.schema) == TABLES["snapshots"].columns


def test_refused() -> None:
    orders = order_frame([(1, T, 1, 1, 9.001, 100, "limit", False)])
    trades = trade_frame([(2, T, 9.0, 100, 1, 3, -1)])
    with pytest.raises(OffTickError, match=r"600000.SH: 1 prices .* 0.01") as error:
        rows_of((orders, trades), np.array([T]))
    assert (error.value.symbol, error.value.count) == ("600000.SH", 1)
    found = rows_of((orders, trades), np.array([T]), ticks_per_yuan=1000)
    assert found["volume"].to_list() == [100]
    assert rows_of((orders, trades.clear()), np.array([T]), ticks_per_yuan=1000)[
        "bid_price1"
    ].to_list() == [9.001]
    with pytest.raises(UnorderedTimesError, match="7 ms comes after 9 ms"):
        rows_of((orders, trades), np.array([9, 7]))
    with pytest.raises(MixedSessionsError, match="2023-02-01 with trades of 2023-02-02"):
        book_rows(ticks("orders", orders), ticks("trades", trades, date(2023, 2, 2)), np.array([T]))


@pytest.mark.parametrize("block_rows", [1, 150, 10**9])
def test_blocks_are_whole_stocks_with_their_trades(
    lake: Lake, market: tuple[pl.DataFrame, pl.DataFrame], block_rows: int
) -> None:
    path = lake.root / f"orders/date={ON}.parquet"
    pl.read_parquet(path).write_parquet(path, row_group_size=37)
    blocks = list(read_books(lake, ON, block_rows=block_rows))
    assert (len(blocks) > 3) == (block_rows < 200)
    for orders, trades in blocks:
        assert orders.symbols.tolist() == trades.symbols.tolist()
    times = np.array([T + 3_000_000, 54_000_000])
    rows = pl.concat([book_rows(*block, times) for block in blocks])
    assert_frame_equal(rows, rows_of(market, times))


def test_snapshots_are_made_where_there_are_none(
    lake: Lake, market: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    times = snapshot_times(600_000)
    levels = pl.col("bid_price1").is_not_null() | pl.col("ask_price1").is_not_null()
    expected = rows_of(market, times).filter(levels | (pl.col("volume") > 0))
    there = expected.filter(pl.col("symbol") == SYMBOLS[2]).head(1).with_columns(last=1.0)
    lake.append("snapshots", there)
    made = make_snapshots(lake, ON, times)
    assert (made.stocks, made.had_some, made.faults.height) == (6, 1, 0)
    found = lake.scan("snapshots", ON, ON).collect()
    assert found.height == made.rows + 1
    assert_frame_equal(found.filter(pl.col("symbol") == SYMBOLS[2]), there)
    others = expected.filter(pl.col("symbol") != SYMBOLS[2])
    assert_frame_equal(found.filter(pl.col("symbol") != SYMBOLS[2]), others)
    assert others["time"].min() >= T
    again = make_snapshots(lake, ON, times)
    assert (again.rows, again.stocks, again.had_some) == (0, 0, 7)
    assert make_snapshots(lake, date(2023, 2, 2)).rows == 0


def test_only_the_stocks_asked_for_and_faults_by_stock(lake: Lake) -> None:
    lone = trade_frame([(10**6, 50_000_000, 500.0, 7, 10**9, 0, 1)], SYMBOLS[4])
    lake.append("trades", as_lake_rows(lone, "trades"))
    made = make_snapshots(lake, ON, np.array([54_000_000]), np.array(SYMBOLS[3:5]))
    assert (made.rows, made.stocks) == (2, 2)
    assert made.faults.rows() == [(SYMBOLS[4], 2, 0, 0)]
    assert lake.scan("snapshots").collect()["symbol"].to_list() == SYMBOLS[3:5]
