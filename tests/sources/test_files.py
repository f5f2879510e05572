"""Files behind a path, read for several patterns with the archive unpacked once."""

import gzip
import io
import struct
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from intralpha.sources.files import PathError, members, reading
from intralpha.sources.level2.pieces import pieces
from intralpha.sources.level2.streams import StreamSpec
from intralpha.sources.source import SourceError

FILES = {"b/x.bin": b"\x00\x01", "b/y.bin": b"\x02", "c/z.txt": b"words"}


@pytest.fixture(params=["folder", "a.tar", "a.tar.xz", "a.tar.gz", "a.tgz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if request.param == "folder":
        return folder
    kind = {"a.tar": "", "a.tar.xz": "xz"}.get(request.param, "gz")
    with tarfile.open(tmp_path / request.param, f"w:{kind}") as archive:
        for name in FILES:
            archive.add(folder / name, name)
    return tmp_path / request.param


def test_patterns_one_after_the_other(path: Path) -> None:
    with reading(str(path)) as read:
        assert dict(read("*.txt")) == {"c/z.txt": b"words"}
        assert dict(read("b/*")) == {n: c for n, c in FILES.items() if n.startswith("b/")}
        assert dict(read("*")) == dict(members(str(path))) == FILES
        with pytest.raises(PathError, match=r"no file fits '\*\.csv'"):
            list(read("*.csv"))


@pytest.mark.parametrize("path", ["a.tar.xz", "a.tar.gz"], indirect=True)
def test_an_archive_that_is_cut_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])
    damaged = pytest.raises(SourceError, match=f"{path.name}: found a damaged archive")
    with damaged, reading(str(path)) as read:
        list(read("*"))


ZIPPED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def zipped(method: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("x.csv", b"a,b\n1,2\n" * 3)
    return held.getvalue()


def tarred(mode: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:
        info = tarfile.TarInfo("x.csv")
        info.size = 24
        archive.addfile(info, io.BytesIO(b"a,b\n1,2\n" * 3))
    return held.getvalue()


WHOLE = {f"m{m}.zip": zipped(m) for m in ZIPPED} | {
    "a.tar": tarred("w:"),
    "b.tar": tarred("w:bz2"),
    "a.tgz": tarred("w:gz"),
    "a.tar.xz": tarred("w:xz"),
}
# Places of a number in the headers of a zip of one file: before it, and at the end.
HEADERS = {"flags": (6, 8), "method": (8, 10), "version": (4, 6)}


def changed(field: str, value: int) -> bytes:
    data = bytearray(WHOLE["m8.zip"])
    directory = data.index(b"PK\x01\x02")
    for place in (HEADERS[field][0], directory + HEADERS[field][1]):
        data[place : place + 2] = struct.pack("<H", value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed("version", 84), "zip file version 8.4"),
        (changed("method", 97), "compression"),
        (changed("flags", 1), "password required"),
        (changed("flags", 1 << 5), "patched data"),
        (changed("flags", 1 << 6), "strong encryption"),
    ],
)
def test_what_the_library_does_not_read_is_named(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(
        SourceError, match=f"an unsupported archive .*{said}.*or the files unpacked"
    ):
        list(members(str(tmp_path / "a.zip")))
    with pytest.raises(SourceError, match=f"an unsupported archive .*{said}"):
        level2_content(tmp_path / "a.zip", tmp_path)


def level2_content(path: Path, folder: Path) -> list[bytes]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    stream = StreamSpec.model_validate(
        {"holds": "trades", "pattern": "*.csv",
         "columns": {"time": "t", "seq": "n", "price": "p", "volume": "v", "symbol": "s"}}
    )  # fmt: skip
    out = []
    for piece in pieces(str(path), {"s": stream}, scratch, date(2024, 1, 2)):
        with piece.open() as handle:
            out.append(handle.read())
    return out


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", WHOLE)
def test_any_byte_of_an_archive_may_be_wrong(name: str, tmp_path: Path) -> None:
    whole, path = WHOLE[name], tmp_path / name
    places = [k for k in range(len(whole)) if whole[k] or k % 16 == 0]
    refused = 0
    for k in places:
        for value in (0, 0xFF, whole[k] ^ 1):
            path.write_bytes(whole[:k] + bytes([value]) + whole[k + 1 :])
            for read in (lambda: list(members(str(path), "*.csv")), lambda: opened(path)):
                try:
                    read()
                except (SourceError, PathError):
                    refused += 1
    assert refused > len(places) / 4


def opened(path: Path) -> None:
    with reading(str(path)) as read:
        list(read("*.csv"))


def test_a_packed_file_fits_by_either_name_and_capitals_do_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "intralpha")
    with tarfile.open(tmp_path / "z.tar.gz", "w:gz") as archive:
        for name, content in (
            ("a.csv", b"one"),
            ("b.csv.gz", gzip.compress(b"two")),
            ("C.CSV", b"three"),
            ("D.CSV.GZ", gzip.compress(b"four")),
            ("notes.txt", b"none"),
        ):
            (tmp_path / name).write_bytes(content)
            archive.add(tmp_path / name, name)
    found = dict(members(str(tmp_path / "z.tar.gz"), "*.csv"))
    assert sorted(found.values()) == [b"four", b"one", b"three", b"two"]
    assert "1 of its files, the first notes.txt, do not fit '*.csv'" in caplog.text
    assert list(dict(members(str(tmp_path / "z.tar.gz"), "b.csv.gz")).values()) == [b"two"]
    with pytest.raises(PathError, match=r"no file fits '\*\.xlsx', of 5 files, the first a\.csv"):
        list(members(str(tmp_path / "z.tar.gz"), "*.xlsx"))


def test_what_is_no_data_is_passed_over(tmp_path: Path) -> None:
    """A Mac's shadows, the locks of open documents, and hidden files, in folders and archives."""
    names = ("a/x.csv", "a/._x.csv", "__MACOSX/a/y.csv", "~$x.csv", ".git/z.csv")
    for name in names:
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_bytes(b"1")
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name in names:
            archive.write(tmp_path / "f" / name, name)
    for path in ("f", "f.zip"):
        assert dict(members(str(tmp_path / path), "*.csv")) == {"a/x.csv": b"1"}
    assert dict(members(str(tmp_path / "f" / "~$x.csv"), "*")) == {"~$x.csv": b"1"}


def test_a_folder_of_archives(tmp_path: Path) -> None:
    for month in ("2023-01", "2023-02"):
        with zipfile.ZipFile(tmp_path / f"{month}.zip", "w") as archive:
            archive.writestr("600519.csv", month)
    expected = {f"{m}.zip/600519.csv": m.encode() for m in ("2023-01", "2023-02")}
    assert dict(members(str(tmp_path), "*.csv")) == expected
    assert dict(members(str(tmp_path / "*.zip"), "*.csv")) == expected
    (tmp_path / "a.csv").write_bytes(b"own")
    assert dict(members(str(tmp_path), "*.csv")) == {"a.csv": b"own"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a.parquet", "`format: parquet`"),
        ("a.txt", 'pattern: "*.txt"'),
        ("a.xlsx", "save them as csv"),
        ("a.rar", "unpack them"),
        ("a.bin", "check the path"),
    ],
)
def test_files_that_do_not_fit_are_named_with_a_cure(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / name).write_bytes(b"1")
    with pytest.raises(PathError) as error:
        dict(members(str(tmp_path), "*.csv"))
    assert f"the first {name}" in str(error.value)
    assert hint in str(error.value)


def test_level2_passes_over_what_is_no_data_and_asks_for_no_capitals(tmp_path: Path) -> None:
    columns = {"symbol": "s", "time": "t", "price": "p", "volume": "v"}
    given = {"holds": "trades", "pattern": "{date}/*trade.csv", "columns": columns}
    streams = {"trades": StreamSpec.model_validate(given)}
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for name in ("20230103/Trade.CSV", "20230103/._trade.csv", "__MACOSX/20230103/trade.csv"):
            archive.writestr(name, "s,t,p,v")
    (tmp_path / "scratch").mkdir()
    found = pieces(str(tmp_path / "f.zip"), streams, tmp_path / "scratch")
    assert [p.name.rsplit("/", 1)[1] for p in found] == ["Trade.CSV"]
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "x.7z").write_bytes(b"1")
    with pytest.raises(PathError, match=r"of 1 files, the first x.7z"):
        pieces(str(tmp_path / "g"), streams, tmp_path / "scratch")
