"""The lake: nothing changes twice, nothing is half written, nothing is lost in silence."""

import errno
import json
import os
import threading
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.market import (
    ConflictError,
    Lake,
    LakeBusyError,
    LakeWriteError,
    NoLakeError,
    RowError,
)
from intralpha.market.lake import LakeFolderError
from intralpha.market.manifest import (
    MANIFEST,
    DamagedFileError,
    ManifestError,
    file_facts,
    read_manifest,
    write_manifest,
    writer_lock,
)
from intralpha.market.manifest import _checksum as checksum
from intralpha.market.prints import PrintError

from .conftest import SESSIONS, bar_rows, daily_rows


def times_of(lake: Lake) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in lake.root.rglob("*.parquet")}


def test_appending_the_same_rows_twice_touches_no_file(lake: Lake) -> None:
    before, version = times_of(lake), lake.version()
    done = lake.append("daily", daily_rows(SESSIONS))
    assert done.partitions_written == ()
    assert done.rows_added == 0
    assert done.rows_kept == 4 * len(SESSIONS)
    assert (times_of(lake), lake.version()) == (before, version)


def test_a_new_day_touches_one_partition(lake: Lake) -> None:
    lake.append("bars", bar_rows(SESSIONS[0]))
    before = times_of(lake)
    done = lake.append("bars", bar_rows(SESSIONS[1]))
    assert done.partitions_written == ("bars/freq=30min/date=2024-01-03.parquet",)
    after = times_of(lake)
    assert all(after[name] == stamp for name, stamp in before.items())
    assert len(after) == len(before) + 1


def test_conflicts_are_refused_kept_or_replaced_as_asked(lake: Lake) -> None:
    rows = daily_rows(SESSIONS[:1])
    changed = rows.with_columns(pl.col("volume") + 7)
    with pytest.raises(ConflictError, match=r"4 rows .* \(columns volume\)"):
        lake.append("daily", changed)
    assert lake.append("daily", changed, "keep").partitions_written == ()
    day = ("daily", SESSIONS[0], SESSIONS[0])
    assert lake.scan(*day).collect()["volume"].to_list() == [1000, 2000, 3000, 4000]
    done = lake.append("daily", changed, "replace")
    assert (done.rows_replaced, done.rows_added) == (4, 0)
    assert lake.scan(*day).collect()["volume"].to_list() == [1007, 2007, 3007, 4007]


def test_a_scan_opens_only_files_of_its_range(lake: Lake) -> None:
    for day in SESSIONS[:5]:
        lake.append("bars", bar_rows(day))
    lake.append("bars", bar_rows(SESSIONS[0], freq=15))
    rows = lake.scan("bars", SESSIONS[1], SESSIONS[2], 30).collect()
    assert rows["date"].unique().sort().to_list() == SESSIONS[1:3]
    (lake.root / "bars/freq=30min/date=2024-01-08.parquet").write_bytes(b"broken")
    assert lake.scan("bars", SESSIONS[0], SESSIONS[3], 30).collect().height == 4 * 4 * 8
    assert lake.scan("bars", date(1999, 1, 1), date(1999, 2, 1)).collect().height == 0
    assert lake.freqs() == (15, 30)
    assert lake.dates("bars", 30).tolist() == SESSIONS[:5]


def test_february_is_not_in_a_january_scan(lake: Lake) -> None:
    rows = lake.scan("daily", date(2024, 1, 30), date(2024, 1, 31)).collect()
    assert rows["date"].unique().sort().to_list() == [date(2024, 1, 30), date(2024, 1, 31)]


@settings(max_examples=10)
@given(order=st.permutations(range(6)), cut=st.integers(1, 5))
def test_the_order_of_appends_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    rows = daily_rows(SESSIONS[:6])
    whole = Lake(tmp_path_factory.mktemp("whole"), create=True)
    whole.append("daily", rows)
    pieces = Lake(tmp_path_factory.mktemp("pieces"), create=True)
    for part in (order[:cut], order[cut:]):
        days = [SESSIONS[i] for i in part]
        pieces.append("daily", rows.filter(pl.col("date").is_in(days))[::-1])
    assert pieces.version() == whole.version()


def test_verify_finds_changed_missing_and_unknown_files(lake: Lake) -> None:
    assert lake.verify() == ()
    january = lake.root / "daily/month=2024-01.parquet"
    content = january.read_bytes()
    january.write_bytes(content[:-1] + b"x")
    (lake.root / "daily/month=2030-01.parquet").write_bytes(content)
    (lake.root / "instruments/instruments.parquet").unlink()
    assert lake.verify() == (
        "daily/month=2024-01.parquet differs from its checksum",
        "instruments/instruments.parquet is missing",
        "daily/month=2030-01.parquet is not in the manifest",
    )


@pytest.mark.parametrize("size", [0, 100, None])
def test_a_file_that_was_cut_or_lost_is_refused_by_name(lake: Lake, size: int | None) -> None:
    january = lake.root / "daily/month=2024-01.parquet"
    whole = january.stat().st_size
    if size is None:
        january.unlink()
    else:
        january.write_bytes(january.read_bytes()[:size])
    with pytest.raises(DamagedFileError, match=r"month=2024-01\.parquet: it ") as told:
        lake.scan("daily")
    assert (told.value.found, told.value.expected) == (size, whole)


def test_a_file_that_a_writer_is_replacing_is_waited_for(lake: Lake) -> None:
    """Files are replaced first and the manifest just after them."""
    name = "daily/month=2024-01.parquet"
    pl.read_parquet(lake.root / name).head(1).write_parquet(lake.root / name)
    files = read_manifest(lake.root) | {name: file_facts(lake.root / name, 1)}
    later = threading.Timer(0.25, write_manifest, (lake.root, files))
    later.start()
    assert lake.scan("daily", SESSIONS[0], SESSIONS[0]).collect().height == 1
    later.join()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"daily/a.parquet": {}}', '{"daily/a.parquet": 3}']
)
def test_a_manifest_that_is_none_is_refused(lake: Lake, text: str) -> None:
    (lake.root / "manifest.json").write_text(text)
    with pytest.raises(ManifestError, match=r"(?s)manifest\.json: found .*expected"):
        lake.scan("daily")


@pytest.mark.parametrize(
    "name",
    [
        "bars/freq=30mif/date=2024-01-02.parquet",
        "bars/date=2024-01-02.parquet",
        "daily/freq=30min/month=2024-01.parquet",
        "daily/month=2024-13.parquet",
        "trades/date=20231e400-.parquet",
        "trades/date=2023-02-30.parquet",
        "daily/../../elsewhere.parquet",
        "instruments/daily.parquet",
    ],
)
def test_a_file_name_that_says_nothing_is_refused(lake: Lake, name: str) -> None:
    """A name tells table, frequency and day of the rows: a changed byte must not be believed."""
    facts = {"checksum": "0" * 32, "rows": 1, "size": 1, "mtime_ns": 1}
    (lake.root / "manifest.json").write_text(json.dumps({name: facts}))
    with pytest.raises(ManifestError, match="the file name"):
        lake.scan("daily")


def test_a_full_disk_leaves_the_lake_as_it_was(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    version, real = lake.version(), pq.write_table

    def full(rows: pa.Table, path: Path, **options: object) -> None:
        real(rows, path)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(LakeWriteError, match=r"No space left on device .* MiB free") as caught:
        lake.append("bars", bar_rows(SESSIONS[0]))
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert lake.version() == version
    assert not list(lake.root.rglob("*.partial"))
    assert lake.verify() == ()
    assert lake.append("bars", bar_rows(SESSIONS[0])).rows_added == 32


def test_a_kill_before_the_manifest_is_healed_by_the_next_append(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    more = daily_rows([date(2024, 3, 1)])
    monkeypatch.setattr("intralpha.market.append.write_manifest", killed)
    with pytest.raises(KeyboardInterrupt):
        lake.append("daily", more)
    monkeypatch.undo()
    assert lake.verify() == ("daily/month=2024-03.parquet is not in the manifest",)
    assert lake.append("daily", more).rows_added == 0
    assert lake.verify() == ()
    assert lake.scan("daily", date(2024, 3, 1)).collect().height == 4


def test_readers_see_whole_files_while_a_writer_works(lake: Lake) -> None:
    stop, has_read, seen, faults = threading.Event(), threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(lake.scan("bars", freq=30).select(pl.len()).collect().item() % 32)
            except Exception as error:
                faults.append(error)
            has_read.set()

    lake.append("bars", bar_rows(SESSIONS[0]))
    reader = threading.Thread(target=read)
    reader.start()
    for day in SESSIONS[1:15]:
        assert has_read.wait(300), "the reader hangs"
        has_read.clear()
        lake.append("bars", bar_rows(day))
    stop.set()
    reader.join()
    assert faults == []
    assert seen == {0}


def test_a_second_writer_waits_and_then_says_so(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intralpha.market.append.LOCK_WAIT_SECONDS", 0.1)
    with writer_lock(lake.root, 1.0), pytest.raises(LakeBusyError, match="has been writing"):
        lake.append("daily", daily_rows(SESSIONS[:1]))


def test_bad_rows_never_get_in(lake: Lake) -> None:
    version = lake.version()
    with pytest.raises(RowError, match="volume is negative"):
        lake.append("daily", daily_rows([date(2024, 3, 4)]).with_columns(volume=pl.lit(-1)))
    assert lake.version() == version


def test_no_lake_no_guess(tmp_path: Path) -> None:
    with pytest.raises(NoLakeError, match="intralpha ingest"):
        Lake(tmp_path / "nothing")


def test_the_manifest_is_beside_the_data(lake: Lake) -> None:
    assert (lake.root / MANIFEST).is_file()


def test_a_folder_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("file", "file/lake"):
        with pytest.raises(LakeFolderError, match="no lake can be made at"):
            Lake(tmp_path / place, create=True)


def damage(path: Path, at: float = 0.4) -> None:
    """Another bit in the middle of a file, whose time and length stay."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_changed_bit_is_found_by_who_asks(lake: Lake) -> None:
    """A scan need not see it: most bytes of a Parquet file are values."""
    lake.demand_sound("daily")
    february = lake.root / "daily/month=2024-02.parquet"
    february.write_bytes(february.read_bytes()[:-1] + b"x")
    lake.demand_sound("daily", SESSIONS[0], date(2024, 1, 31))
    with pytest.raises(
        PrintError, match=r"month=2024-02\.parquet has checksum (?s:.*)Lake\.verify"
    ):
        lake.demand_sound("daily")
    february.unlink()
    with pytest.raises(DamagedFileError, match="it is missing"):
        lake.demand_sound("daily")


@pytest.mark.parametrize("table", ["daily", "bars", "instruments", "trades"])
def test_rows_are_not_merged_into_a_damaged_file(lake: Lake, table: str) -> None:
    """The file would get a new checksum, and nobody would know any more."""
    rows = {
        "daily": daily_rows(SESSIONS),
        "bars": bar_rows(SESSIONS[0]),
        "instruments": lake.scan("instruments").collect(),
        "trades": pl.DataFrame(
            {"date": SESSIONS[:1], "symbol": ["600000.SH"], "seq": [1], "time": [36_000_000],
             "price": [10.0], "volume": [100], "buy_id": [1], "sell_id": [2], "side": [1]}
        ),
    }[table]  # fmt: skip
    lake.append(table, rows)
    path = next((lake.root / table).rglob("*.parquet"))
    checksum.cache_clear()  # as in the next process
    damage(path)
    kept = path.read_bytes()
    with pytest.raises(PrintError, match="delete them"):
        lake.append(table, rows)
    assert path.read_bytes() == kept
    path.unlink()
    lake.append(table, rows)
    assert lake.verify() == ()
