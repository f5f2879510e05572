"""Tick files: merging stock by stock gives the bytes of writing once, and holds little."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.market import Lake, tick_file
from intralpha.market.merge import ConflictError

ON = date(2023, 1, 3)
NAME = f"trades/date={ON}.parquet"


def _trades(symbol: str, count: int, price: float = 10.0) -> pl.DataFrame:
    seq = np.arange(1, count + 1)
    part = {"symbol": [symbol] * count, "seq": seq, "time": seq, "price": price + seq / 100}
    part |= {"volume": seq * 100, "buy_id": seq, "sell_id": seq + 1, "side": seq % 3 - 1}
    return pl.DataFrame(part).with_columns(date=pl.lit(ON))


STOCKS = {f"{n:06d}.SZ": n * 7 % 23 + 1 for n in range(1, 30)}


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_file, "GROUP_ROWS", 16)


def _lake(folder: Path, batches: list[pl.DataFrame]) -> Lake:
    lake = Lake(folder, create=True)
    for batch in batches:
        lake.append("trades", batch)
    return lake


@pytest.mark.one_in(3)
@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_batches_gives_the_same_bytes(tmp_path: Path, seed: int) -> None:
    parts = [_trades(s, n) for s, n in STOCKS.items()]
    once = _lake(tmp_path / "once", [pl.concat(parts)])
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(parts))
    cuts = np.sort(rng.choice(len(parts), 6, replace=False))
    batches = [pl.concat([parts[i] for i in g]) for g in np.split(order, cuts) if len(g)]
    some = _lake(tmp_path / "some", batches)
    assert (once.root / NAME).read_bytes() == (some.root / NAME).read_bytes()
    assert once.version() == some.version()
    assert not some.verify()
    want = pl.concat(parts).sort("symbol", "seq")
    assert_frame_equal(some.scan("trades").select(want.columns).collect(), want, check_dtypes=False)


def test_rows_of_one_stock_in_two_batches(tmp_path: Path) -> None:
    whole = _trades("000003.SZ", 50)
    others = [_trades("000001.SZ", 20), _trades("000009.SZ", 20)]
    lake = _lake(tmp_path / "lake", [others[0], whole[30:], others[1], whole[:30]])
    rows = lake.scan("trades").collect()
    assert rows["symbol"].is_sorted()
    assert rows.filter(pl.col("symbol") == "000003.SZ")["seq"].to_list() == list(range(1, 51))
    assert rows.height == 90
    again = lake.append("trades", whole)
    assert (again.rows_added, again.rows_kept, again.partitions_written) == (0, 50, ())


@pytest.mark.slow
def test_conflicts_are_found_among_the_stocks_of_a_batch(tmp_path: Path) -> None:
    lake = _lake(tmp_path / "lake", [_trades(s, n) for s, n in STOCKS.items()])
    other = _trades("000004.SZ", 3, price=11.0)
    with pytest.raises(ConflictError, match=r"000004\.SZ"):
        lake.append("trades", other)
    assert lake.append("trades", other, "keep").partitions_written == ()
    done = lake.append("trades", other, "replace")
    assert (done.rows_replaced, done.rows_added) == (3, 0)
    rows = lake.scan("trades").filter(pl.col("symbol") == "000004.SZ").collect()
    assert rows["price"].to_list()[:4] == [11.01, 11.02, 11.03, 10.04]
    assert rows.height == STOCKS["000004.SZ"]
    assert lake.scan("trades").select(pl.len()).collect().item() == sum(STOCKS.values())
