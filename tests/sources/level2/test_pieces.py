"""Files of a source: where they are, what their paths say, and which belong together."""

import gzip
import shutil
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from intralpha.sources import PathError, SourceError
from intralpha.sources.level2.pieces import NoDateError, Piece, pieces, together
from intralpha.sources.level2.source import Level2Spec

from .conftest import ENTERED, TRADE_LINES, Write, datayes, entered, read

COLUMNS = {"time": "t", "seq": "n", "price": "p", "volume": "v"}


def spec(path: Path, *patterns: str, **columns: str) -> Level2Spec:
    streams = {
        f"s{k}": {"holds": "trades", "pattern": pattern, "columns": COLUMNS | columns}
        for k, pattern in enumerate(patterns)
    }
    return Level2Spec.model_validate({"path": str(path), "streams": streams})


def found_by(source: Level2Spec, scratch: Path) -> list[Piece]:
    return pieces(source.path, source.streams, scratch, source.date)


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def test_dates_and_symbols_of_paths(tmp_path: Path) -> None:
    touch(
        tmp_path, "20230103/600001.SH/t.csv", "20230104/sz.000001/t.csv", "2023-01-05/600002/t.csv"
    )
    touch(tmp_path, "20230103/notes.txt", ".20230106.partial/600001/t.csv")
    found = found_by(spec(tmp_path, "{date}/{symbol}/t.csv"), tmp_path)
    assert [(p.on, p.symbol) for p in found] == [
        (date(2023, 1, 5), "600002"),
        (date(2023, 1, 3), "600001.SH"),
        (date(2023, 1, 4), "sz.000001"),
    ]


def test_the_nearest_date_of_a_path_counts(tmp_path: Path) -> None:
    touch(tmp_path, "made20240101/2023-02-01/99999999_t.csv")
    (piece,) = found_by(spec(tmp_path, "*t.csv", symbol="s"), tmp_path)
    assert piece.on == date(2023, 2, 1)


def test_a_session_may_be_given(tmp_path: Path) -> None:
    touch(tmp_path, "t.csv")
    plain = spec(tmp_path, "t.csv", symbol="s")
    with pytest.raises(NoDateError, match="a date in the path"):
        found_by(plain, tmp_path)
    (piece,) = found_by(plain.model_copy(update={"date": date(2023, 2, 1)}), tmp_path)
    assert piece.on == date(2023, 2, 1)


def test_files_of_a_stock_day_are_read_together(tmp_path: Path) -> None:
    names = ("20230103/600001.SH/a.csv", "20230103/600001.SH/b.csv", "20230103/600002.SH/a.csv")
    touch(tmp_path, *names, "20230104/600001.SH/a.csv")
    both = spec(tmp_path, "{date}/{symbol}/a.csv", "{date}/{symbol}.SH/b.csv")
    groups = together(both.streams, found_by(both, tmp_path))
    assert [[Path(p.name).name for p in g] for g in groups] == [
        ["a.csv", "b.csv"],
        ["a.csv"],
        ["a.csv"],
    ]
    by_day = spec(tmp_path, "{date}/*/a.csv", "{date}/*/b.csv", symbol="s")
    assert [len(g) for g in together(by_day.streams, found_by(by_day, tmp_path))] == [3, 1]
    dated = spec(tmp_path, "*/a.csv", "*/b.csv", symbol="s", date="d")
    assert [len(g) for g in together(dated.streams, found_by(dated, tmp_path))] == [4]


def test_orders_by_stock_and_trades_of_all_stocks_are_read_together(tmp_path: Path) -> None:
    """What one stream's paths do not tell apart cannot be read apart."""
    touch(tmp_path, "20230103/600001/a.csv", "20230103/600002/a.csv", "20230103/b.csv")
    both = spec(tmp_path, "{date}/{symbol}/a.csv", "{date}/b.csv", symbol="s")
    assert [len(g) for g in together(both.streams, found_by(both, tmp_path))] == [3]


def test_a_file_is_of_the_first_stream_that_it_fits(tmp_path: Path) -> None:
    touch(tmp_path, "20230103_a.csv", "20230103_b.csv")
    found = found_by(spec(tmp_path, "*_a.csv", "*.csv", symbol="s"), tmp_path)
    assert [p.stream for p in found] == ["s0", "s1"]


def test_patterns_are_no_regular_expressions(tmp_path: Path) -> None:
    touch(tmp_path, "20230103_aXcsv", "20230103_a(1).csv")
    (piece,) = found_by(spec(tmp_path, "*_a(?).csv", symbol="s"), tmp_path)
    assert piece.name.endswith("a(1).csv")


def test_nothing_there(tmp_path: Path) -> None:
    touch(tmp_path, "20230103_a.csv")
    with pytest.raises(PathError, match=r"no file fits '\*_b\.csv'"):
        found_by(spec(tmp_path, "*_b.csv", symbol="s"), tmp_path)
    with pytest.raises(PathError, match="no such file"):
        found_by(spec(tmp_path / "none", "*", symbol="s"), tmp_path)


def pack(path: Path, kind: str) -> Path:
    """The vendor's folder in another form."""
    target = path.parent / "packed"
    target.mkdir()
    if kind == "zip":
        with zipfile.ZipFile(target / "day.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in path.rglob("*.csv"):
                archive.write(file, file.relative_to(path))
    elif kind.startswith("tar"):
        mode = {"tar.gz": "w:gz", "tar.xz": "w:xz"}[kind]
        with tarfile.open(target / f"day.{kind}", mode) as archive:  # type: ignore[call-overload]
            archive.add(path / "20230201", "20230201")
    else:
        for file in path.rglob("*.csv"):
            (target / "20230201").mkdir(exist_ok=True)
            (target / "20230201" / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    shutil.rmtree(path)
    return target


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "gz"])
def test_packed_files(write: Write, kind: str) -> None:
    """A folder of archives, or one archive, gives what the files give."""
    folder = pack(write(), kind)
    streams = {"orders": {"pattern": "*entrust.csv*"}, "trades": {"pattern": "*trade.csv*"}}
    paths = [folder] if kind == "gz" else [folder, *folder.iterdir()]
    for path in paths:
        found = read(datayes(path, streams=streams))
        assert entered(found["orders"]) == ENTERED
        assert found["trades"].frame.height == len(TRADE_LINES)


@pytest.mark.parametrize("name", ["day.zip", "day.tar.gz"])
def test_a_damaged_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 this is no archive")
    with pytest.raises(SourceError, match="a damaged archive"):
        found_by(spec(tmp_path, "*", symbol="s"), tmp_path)


def test_a_damaged_member(write: Write) -> None:
    folder = pack(write(), "zip")
    content = bytearray((folder / "day.zip").read_bytes())
    content[60:70] = b"0123456789"
    (folder / "day.zip").write_bytes(content)
    with pytest.raises(SourceError, match="damaged content"):
        read(datayes(folder))
