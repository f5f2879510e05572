"""Reading ticks: blocks of whole stocks, in any cut of the file, equal the table."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from intralpha.market import Lake
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import ORDER_KINDS, UnsortedTicksError

ON = date(2023, 1, 3)
COUNTS = {"000001.SZ": 5, "000002.SZ": 1, "300001.SZ": 40, "600000.SH": 17}
NAMES = ("seq", "price", "volume", "side")


def _trades() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    parts = []
    for symbol, count in COUNTS.items():
        part = {"symbol": [symbol] * count, "seq": np.arange(1, count + 1)}
        part |= {"time": np.arange(count), "price": rng.integers(900, 1100, count) / 100}
        part |= {"volume": rng.integers(1, 99, count), "buy_id": np.ones(count, int)}
        part |= {"sell_id": np.ones(count, int), "side": rng.integers(-1, 2, count)}
        parts.append(pl.DataFrame(part))
    return pl.concat(parts).with_columns(date=pl.lit(ON))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake", create=True)
    lake.append("trades", _trades())
    return lake


def _regroup(lake: Lake, rows: int) -> None:
    """The same file in row groups of so many rows."""
    path = lake.root / f"trades/date={ON}.parquet"
    pl.read_parquet(path).write_parquet(path, row_group_size=rows)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("group_rows", [1, 3, 7, 1000])
@pytest.mark.parametrize("block_rows", [1, 6, 45, 1000])
def test_any_cut_of_the_file_gives_the_same_rows(
    lake: Lake, group_rows: int, block_rows: int
) -> None:
    _regroup(lake, group_rows)
    blocks = list(read_ticks(lake, "trades", ON, NAMES, block_rows=block_rows))
    expected = _trades()
    assert [s for b in blocks for s in b.symbols.tolist()] == list(COUNTS)
    assert np.concatenate([np.diff(b.bounds) for b in blocks]).tolist() == list(COUNTS.values())
    for name in NAMES:
        assert_array_equal(np.concatenate([b[name] for b in blocks]), expected[name].to_numpy())


@pytest.mark.parametrize("group_rows", [3, 1000])
def test_only_the_stocks_asked_for(lake: Lake, group_rows: int) -> None:
    _regroup(lake, group_rows)
    wanted = np.array(["600000.SH", "000002.SZ", "999999.SZ"])
    blocks = list(read_ticks(lake, "trades", ON, ("volume",), wanted, block_rows=4))
    found = {s: b.select(np.array([s]))["volume"] for b in blocks for s in b.symbols.tolist()}
    assert sorted(found) == ["000002.SZ", "600000.SH"]
    for symbol, volume in found.items():
        rows = _trades().filter(pl.col("symbol") == symbol)
        assert_array_equal(volume, rows["volume"].to_numpy())


def test_select_keeps_room_for_stocks_without_rows(lake: Lake) -> None:
    (ticks,) = read_ticks(lake, "trades", ON, NAMES)
    some = ticks.select(np.array(["600000.SH", "000000.SZ", "000001.SZ", "999999.SZ"]))
    assert some.symbols.tolist() == ["000000.SZ", "000001.SZ", "600000.SH", "999999.SZ"]
    assert np.diff(some.bounds).tolist() == [0, 5, 17, 0]
    assert_array_equal(some["seq"], [*range(1, 6), *range(1, 18)])
    part = ticks.slice(1, 3)
    assert part.symbols.tolist() == ["000002.SZ", "300001.SZ"]
    assert np.diff(part.bounds).tolist() == [1, 40]
    assert_array_equal(part["seq"], [1, *range(1, 41)])


def test_a_day_without_rows_yields_nothing(lake: Lake) -> None:
    assert not list(read_ticks(lake, "trades", date(2023, 1, 4), NAMES))


@pytest.mark.parametrize("group_rows", [2, 1000])
def test_rows_of_a_stock_in_two_places_are_refused(lake: Lake, group_rows: int) -> None:
    path = lake.root / f"trades/date={ON}.parquet"
    rows = pl.read_parquet(path)
    broken = pl.concat([rows, rows.filter(pl.col("symbol") == "000001.SZ")])
    broken.write_parquet(path, row_group_size=group_rows)
    with pytest.raises(UnsortedTicksError, match=r"000001\.SZ"):
        list(read_ticks(lake, "trades", ON, NAMES, block_rows=group_rows))


def test_kinds_of_orders_are_numbers_and_null_levels_nan(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    kinds = ["own_best", "limit", "market", "limit"]
    row = {"date": ON, "symbol": "000001.SZ", "time": 1, "side": 1, "price": 1.0, "volume": 1}
    orders = [row | {"seq": i, "id": i, "kind": k, "cancel": i > 2} for i, k in enumerate(kinds)]
    lake.append("orders", pl.DataFrame(orders))
    (ticks,) = read_ticks(lake, "orders", ON, ("kind", "cancel"))
    assert [ORDER_KINDS[k] for k in ticks["kind"]] == kinds
    assert ticks["cancel"].tolist() == [False, False, False, True]
    book = {"date": ON, "symbol": "000001.SZ", "last": 1.0, "volume": 1, "amount": 1.0}
    rows = [book | {"time": 0, "bid_price1": None, "bid_volume1": None},
            book | {"time": 1, "bid_price1": 9.9, "bid_volume1": 7}]  # fmt: skip
    lake.append("snapshots", pl.DataFrame(rows))
    (ticks,) = read_ticks(lake, "snapshots", ON, ("bid_price1", "bid_volume1"))
    assert_array_equal(ticks["bid_price1"], [np.nan, 9.9])
    assert ticks["bid_volume1"].tolist() == [0, 7]
