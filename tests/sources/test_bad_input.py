"""Bad input: a clear error with file and fact, or a counted quarantine."""

import errno
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from intralpha.market import ConflictError, Lake, LakeWriteError
from intralpha.sources import (
    MappingSpec,
    PathError,
    QlibSpec,
    SourceError,
    TdxSpec,
    ingest,
    quality,
)

from .conftest import HEADER, bar_lines

DAYS = ("2025-01-02", "2025-01-03")


def write(folder: Path, lines: list[str], header: str = HEADER, name: str = "600519.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def take(path: Path, lake: Lake, **changes: object) -> dict:
    """Ingest one quant15 file; returns quarantine reasons and counts of the bars."""
    spec = MappingSpec.model_validate({"preset": "quant15", "path": str(path), **changes})
    report = ingest([spec], lake, show_progress=False)
    assert repr(report) == report.to_text()
    bars = next(c for c in report.counts if c.table == "bars")
    return {"bad": dict(bars.quarantined), "repairs": dict(bars.repairs), "added": bars.added}


def test_a_clean_file_comes_in_whole(lake: Lake, vendor: Path) -> None:
    assert take(write(vendor, bar_lines(DAYS)), lake) == {"bad": {}, "repairs": {}, "added": 32}


def test_shuffled_columns_make_no_difference(lake: Lake, vendor: Path, tmp_path: Path) -> None:
    take(write(vendor, bar_lines(DAYS)), lake)
    order = [7, 3, 0, 6, 1, 5, 2, 4]
    shuffle = lambda line: ",".join(line.split(",")[i] for i in order)  # noqa: E731
    other = Lake(tmp_path / "other", create=True)
    take(write(vendor, [shuffle(x) for x in bar_lines(DAYS)], shuffle(HEADER)), other)
    assert other.version() == lake.version()


def test_a_file_cut_in_the_middle_of_a_row(lake: Lake, vendor: Path) -> None:
    lines = bar_lines(DAYS)
    lines[-1] = lines[-1][:31]
    out = take(write(vendor, lines), lake)
    assert sum(out["bad"].values()) == 1
    assert out["repairs"] == {"bars filled to complete the grid": 1}
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet")
    assert aside.select("origin", "line").rows() == [("600519.csv", 33)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (6, "-5", "volume is negative"),
        (3, "1.0", "high is below low"),
        (5, "0", "close is not positive"),
        (5, "nan", "close is not a number"),
        (5, "ten", "close is not a number"),
        (1, "MOUTAI", "symbol of unknown form"),
        (0, "2025-01-02 10:07:00", "time is not the end of a bar"),
        (0, "yesterday", "date or time not readable"),
    ],
)
def test_one_bad_value_sets_one_row_aside(
    lake: Lake, vendor: Path, column: int, value: str, reason: str
) -> None:
    lines = bar_lines(DAYS)
    fields = lines[4].split(",")
    fields[column] = value
    lines[4] = ",".join(fields)
    out = take(write(vendor, lines), lake)
    assert out["bad"] == {reason: 1}
    assert out["added"] == 32
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet")
    assert aside["line"].to_list() == [6]
    assert value.split()[-1] in aside["row"][0]


def test_duplicate_rows(lake: Lake, vendor: Path) -> None:
    lines = bar_lines(DAYS)
    changed = lines[7].replace("10.07", "10.06")
    out = take(write(vendor, [*lines, lines[3], changed]), lake)
    assert out["repairs"] == {"exact duplicate rows left out": 1}
    assert out["bad"] == {"duplicate key": 1}
    assert out["added"] == 32


def test_a_suspended_day_of_zeros_carries_the_close(lake: Lake, vendor: Path) -> None:
    lines = bar_lines(DAYS)
    zero = [",".join([*x.split(",")[:2], "0", "0", "0", "0", "0", "0"]) for x in lines[16:]]
    out = take(write(vendor, lines[:16] + zero), lake)
    assert out["repairs"] == {"bars of zeros took the last close": 16}
    bars = lake.scan("bars", date(2025, 1, 3), date(2025, 1, 3)).collect()
    assert bars["close"].unique().to_list() == [10.15]
    assert bars["volume"].sum() == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (HEADER.replace("close", "shut").encode() + b"\n", "also close"),
        ("时间,代码\n".encode("gbk"), "bytes that are not utf-8"),
    ],
)
def test_files_that_cannot_be_read_at_all(
    lake: Lake, vendor: Path, content: bytes, message: str
) -> None:
    path = vendor / "x.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        take(path, lake)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n  \r\n"])
def test_an_empty_file_among_others_has_no_rows_and_is_counted(
    lake: Lake, vendor: Path, content: bytes
) -> None:
    (vendor / "000002.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"1 empty file\(s\)"):
        take(vendor, lake)
    write(vendor, bar_lines(DAYS))
    spec = MappingSpec.model_validate({"preset": "quant15", "path": str(vendor)})
    report = ingest([spec], lake, show_progress=False)
    (bars,) = (count for count in report.counts if count.table == "bars")
    assert bars.added == 32
    assert dict(bars.notes) == {"files without a row": 1}
    assert not bars.quarantined


def test_another_encoding_is_a_setting(lake: Lake, vendor: Path) -> None:
    path = vendor / "600519.csv"
    text = "\n".join([HEADER.replace("amount", "成交额"), *bar_lines(DAYS)])
    path.write_bytes(text.encode("gbk"))
    columns = {c: c for c in HEADER.split(",")} | {"amount": "成交额"}
    assert take(path, lake, encoding="gbk", columns=columns)["added"] == 32


def test_a_header_alone_adds_nothing(lake: Lake, vendor: Path) -> None:
    assert take(write(vendor, []), lake)["added"] == 0


def test_broken_archives_and_missing_paths(lake: Lake, vendor: Path) -> None:
    archive = vendor / "bars.tar.xz"
    archive.write_bytes(b"\xfd7zXZ\x00 not really")
    with pytest.raises(SourceError, match="a damaged archive"):
        take(archive, lake)
    with pytest.raises(PathError, match="no such file"):
        take(vendor / "absent.csv", lake)
    with pytest.raises(PathError, match="NOT_SET_ANYWHERE is not set"):
        take(Path("${NOT_SET_ANYWHERE}/x.csv"), lake)
    with pytest.raises(SourceError, match="a damaged archive"):  # nothing else fits in its folder
        take(vendor, lake)
    archive.rename(vendor / "bars.bin")
    with pytest.raises(PathError, match=r"no file fits '\*.csv'"):
        take(vendor, lake)


def test_a_torn_tdx_file_keeps_its_whole_records(lake: Lake, vendor: Path) -> None:
    from intralpha.sources.tdx import RECORD

    records = np.zeros(48, RECORD)
    records["day"] = (2024 - 2004) * 2048 + 102
    records["minute"] = [
        *range(575, 691, 5),
        *range(785, 901, 5),
    ]
    for name in ("open", "high", "low", "close"):
        records[name] = 2.5
    path = vendor / "sh510050.lc5"
    path.write_bytes(records.tobytes() + b"torn")
    report = ingest([TdxSpec(path=str(path))], lake, show_progress=False)
    count = report.counts[0]
    assert (count.added, dict(count.quarantined)) == (48, {"4 bytes at the end, expected 32": 1})
    assert lake.scan("bars").collect()["symbol"].unique().to_list() == ["510050.SH"]


def test_a_qlib_file_that_is_too_short(lake: Lake, vendor: Path) -> None:
    (vendor / "calendars").mkdir()
    (vendor / "calendars/day.txt").write_text("2024-01-02\n2024-01-03\n")
    (vendor / "instruments").mkdir()
    (vendor / "instruments/all.txt").write_text("SH600519\t2024-01-02\t2024-01-03\n")
    stock = vendor / "features/sh600519"
    stock.mkdir(parents=True)
    for field in ("open", "high", "low", "close", "volume", "factor"):
        np.array([0, 20, 22], "<f4").tofile(stock / f"{field}.day.bin")
    ingest([QlibSpec(path=str(vendor))], lake, show_progress=False)
    assert lake.scan("daily").collect()["close"].to_list() == [1.0, 1.0]
    np.array([0, 20], "<f4").tofile(stock / "close.day.bin")
    with pytest.raises(SourceError, match="files of different length"):
        ingest([QlibSpec(path=str(vendor))], lake, show_progress=False)
    (stock / "close.day.bin").write_bytes(b"abc")
    with pytest.raises(SourceError, match="3 bytes"):
        ingest([QlibSpec(path=str(vendor))], lake, show_progress=False)


def test_a_missing_day_and_a_holiday_are_listed(lake: Lake, vendor: Path) -> None:
    days = ("2025-01-02", "2025-01-04", "2025-01-07")
    take(write(vendor, bar_lines(days)), lake)
    report = quality(lake)
    assert repr(report) == report.to_text()
    missing = report.faults["bars: sessions missing"]["date"].to_list()
    assert missing == [date(2025, 1, 3), date(2025, 1, 6)]
    assert report.faults["bars: days off the calendar"]["date"].to_list() == [date(2025, 1, 4)]


def test_a_full_disk_leaves_the_lake_usable(
    lake: Lake, vendor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(vendor, bar_lines(DAYS))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(LakeWriteError, match="No space left"):
        take(path, lake)
    monkeypatch.undo()
    assert lake.verify() == ()
    assert take(path, lake)["added"] == 32


def test_other_values_for_the_same_bars_are_a_conflict(lake: Lake, vendor: Path) -> None:
    take(write(vendor, bar_lines(DAYS)), lake)
    changed = [line.replace("10.00,", "9.99,") for line in bar_lines(DAYS)]
    with pytest.raises(ConflictError, match="on_conflict='keep'"):
        take(write(vendor, changed), lake)
