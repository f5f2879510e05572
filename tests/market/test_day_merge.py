"""Merging batches into day files: one pass, nothing half done, nothing lost."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intralpha.market import Lake, day_merge, tick_file
from intralpha.market import append as lakes
from intralpha.market.day_merge import ChangedMeanwhileError
from intralpha.market.manifest import LakeWriteError
from intralpha.market.merge import ConflictError

MONDAY, TUESDAY = date(2023, 1, 9), date(2023, 1, 10)
SYMBOLS = tuple(f"{n:06d}.SZ" for n in range(1, 21))


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_file, "GROUP_ROWS", 16)


def trades(symbols: tuple[str, ...], on: date = MONDAY, price: float = 10.0) -> pl.DataFrame:
    """As many trades of a stock as its code says, less what 7 divides."""
    parts = []
    for symbol in symbols:
        seq = np.arange(1, int(symbol[:6]) % 7 + 2)
        part = {"symbol": [symbol] * len(seq), "seq": seq, "time": seq, "price": price + seq / 100}
        part |= {"volume": seq * 100, "buy_id": seq, "sell_id": seq + 1, "side": seq % 3 - 1}
        parts.append(pl.DataFrame(part).with_columns(date=pl.lit(on)))
    return pl.concat(parts)


def file_of(lake: Lake, on: date = MONDAY, table: str = "trades") -> Path:
    return lake.root / f"{table}/date={on}.parquet"


def merge(lake: Lake, *batches: pl.DataFrame) -> None:
    """Append some batches in one go."""
    with lake.merging() as merging:
        for batch in batches:
            merging.append("trades", batch)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("before", [(), SYMBOLS[::3], SYMBOLS[5:9], SYMBOLS])
@pytest.mark.parametrize("size", [1, 3, 20])
def test_batches_give_the_bytes_of_one_append(
    tmp_path: Path, before: tuple[str, ...], size: int
) -> None:
    once, many = Lake(tmp_path / "once", create=True), Lake(tmp_path / "many", create=True)
    if before:
        once.append("trades", trades(before))
        many.append("trades", trades(before))
    whole = once.append("trades", trades(SYMBOLS))
    added = kept = 0
    with many.merging() as merging:
        for first in range(0, len(SYMBOLS), size):
            done = merging.append("trades", trades(SYMBOLS[first : first + size]))
            added, kept = added + done.rows_added, kept + done.rows_kept
    assert (added, kept) == (whole.rows_added, whole.rows_kept)
    assert file_of(many).read_bytes() == file_of(once).read_bytes()
    assert many.version() == once.version()
    assert not many.verify()


def test_stocks_between_the_batches_stay(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trades(SYMBOLS, price=20.0))
    with lake.merging("replace") as merging:
        merging.append("trades", trades(SYMBOLS[2:3]))
        merging.append("trades", trades((SYMBOLS[9], SYMBOLS[17])))
    new = [SYMBOLS[n] for n in (2, 9, 17)]
    want = pl.concat(trades((s,), price=10.0 if s in new else 20.0) for s in SYMBOLS)
    rows = lake.scan("trades").select(want.columns).collect()
    assert_frame_equal(rows, want, check_dtypes=False)


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trades(SYMBOLS))
    before = file_of(lake).stat()
    with lake.merging() as merging:
        done = [merging.append("trades", trades(SYMBOLS[n : n + 5])) for n in range(0, 20, 5)]
        assert not list(tmp_path.rglob("*.partial"))
    assert {d.partitions_written for d in done} == {()}
    after = file_of(lake).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_day_is_in_place_when_another_one_comes(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    with lake.merging() as merging:
        merging.append("trades", trades(SYMBOLS[:5]))
        merging.append("trades", trades(SYMBOLS[5:9]))
        assert not file_of(lake).exists()
        both = pl.concat([trades(SYMBOLS[9:12]), trades(SYMBOLS[:2], TUESDAY)])
        merging.append("trades", both)
        assert not file_of(lake).exists()
        merging.append("trades", trades(SYMBOLS[2:4], TUESDAY))
        assert file_of(lake).exists()
        assert lake.dates("trades").tolist() == [MONDAY]
        assert not file_of(lake, TUESDAY).exists()
    assert lake.dates("trades").tolist() == [MONDAY, TUESDAY]
    counts = lake.scan("trades").group_by("date").agg(pl.col("symbol").n_unique()).sort("date")
    assert counts.collect()["symbol"].to_list() == [12, 4]
    assert not lake.verify()


def test_stocks_out_of_order_are_merged_anew(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    with lake.merging() as merging:
        merging.append("trades", trades(SYMBOLS[10:]))
        merging.append("trades", trades(SYMBOLS[:11]))
    rows = lake.scan("trades").select(trades(SYMBOLS).columns).collect()
    assert_frame_equal(rows, trades(SYMBOLS), check_dtypes=False)


def test_a_conflict_leaves_the_day_as_it_was(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trades(SYMBOLS[5:7]))
    before = file_of(lake).read_bytes()
    with pytest.raises(ConflictError, match="000006"):
        merge(lake, trades(SYMBOLS[:3]), trades(SYMBOLS[5:6], price=11.0))
    assert file_of(lake).read_bytes() == before
    assert not list(tmp_path.rglob("*.partial"))
    assert not lake.verify()


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trades(SYMBOLS[:2]))
    merging = lake.merging()
    merging.append("trades", trades(SYMBOLS[2:3]))
    Lake(tmp_path).append("trades", trades(SYMBOLS[8:9]))
    with pytest.raises(ChangedMeanwhileError), merging:
        pass
    kept = lake.scan("trades").select("symbol").unique(maintain_order=True).collect()
    assert kept["symbol"].to_list() == [SYMBOLS[n] for n in (0, 1, 8)]
    assert not list(tmp_path.rglob("*.partial"))
    assert not lake.verify()


def test_a_full_disk_leaves_the_day_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path, create=True)
    lake.append("trades", trades(SYMBOLS[:2]))
    before = file_of(lake).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(day_merge.GroupWriter, "_write", full)
    with pytest.raises(LakeWriteError, match="No space"):
        merge(lake, trades(SYMBOLS[2:]))
    assert file_of(lake).read_bytes() == before
    assert not list(tmp_path.rglob("*.partial"))


def test_a_stock_in_two_batches_is_merged_with_itself(tmp_path: Path) -> None:
    lake = Lake(tmp_path, create=True)
    with lake.merging() as merging:
        merging.append("trades", trades(SYMBOLS[:5]))
        done = merging.append("trades", trades(SYMBOLS[4:6]))
    assert done.rows_kept == trades(SYMBOLS[4:5]).height
    rows = lake.scan("trades").select(trades(SYMBOLS).columns).collect()
    assert_frame_equal(rows, trades(SYMBOLS[:6]), check_dtypes=False)


def test_many_days_are_put_in_place_before_all_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lakes, "OPEN_FILES", 1)
    lake = Lake(tmp_path, create=True)
    days = (MONDAY, TUESDAY, date(2023, 1, 11))
    with lake.merging() as merging:
        for symbols in (SYMBOLS[:4], SYMBOLS[4:]):
            merging.append("trades", pl.concat(trades(symbols, on) for on in days))
            assert len(list(tmp_path.rglob("*.partial"))) <= 1
    for on in days:
        want = trades(SYMBOLS, on)
        rows = lake.scan("trades", on, on).select(want.columns).collect()
        assert_frame_equal(rows, want, check_dtypes=False)
    assert not lake.verify()
