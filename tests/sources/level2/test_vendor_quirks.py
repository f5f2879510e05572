"""Small oddities of Level-2 files: read right and counted, or refused with the true cause."""

import gzip
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from intralpha.sources import Level2Spec, SourceError
from intralpha.sources.csv_text import CLOSED
from intralpha.sources.level2 import chunks
from intralpha.sources.level2.rows import OTHER_DAYS
from intralpha.sources.level2.source import Level2Source
from intralpha.sources.remarks import EMPTY
from intralpha.sources.source import Batch

from .conftest import read, reasons

HEAD = "code,time,price,shares,buy,sell,side,seq"
LINES = ("600000,09:30:00.010,10.01,100,5,6,B,1", "600000,09:30:00.020,10.02,200,7,6,S,2")
COLUMNS = {"symbol": "code", "time": "time", "price": "price", "volume": "shares", "seq": "seq"}
COLUMNS |= {"buy_id": "buy", "sell_id": "sell", "side": "side"}


def spec(path: Path, **keys: object) -> Level2Spec:
    stream = {"holds": "trades", "pattern": "{date}/t.csv", "columns": COLUMNS, **keys}
    return Level2Spec.model_validate({"path": str(path), "streams": {"t": stream}})


def put(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    (folder / "20240102").mkdir(exist_ok=True, parents=True)
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / "20240102" / name).write_bytes(raw)
    return folder


def text(*lines: str, head: str = HEAD) -> str:
    return "\n".join([head, *lines]) + "\n"


@pytest.fixture
def plain(tmp_path: Path) -> Batch:
    return read(spec(put(tmp_path / "plain", text(*LINES))))["trades"]


def same(found: Batch, plain: Batch) -> bool:
    return found.frame.equals(plain.frame) and not found.quarantined.height


@pytest.mark.parametrize("bytes_a_chunk", [1 << 24, 40])
def test_a_separator_at_the_end_of_every_line_but_the_header(
    tmp_path: Path, plain: Batch, monkeypatch: pytest.MonkeyPatch, bytes_a_chunk: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", bytes_a_chunk)
    found = read(spec(put(tmp_path / "x", text(*(line + "," for line in LINES)))))["trades"]
    assert same(found, plain)
    assert found.notes[CLOSED] == 2


def test_numbers_as_spreadsheets_keep_text(tmp_path: Path, plain: Batch) -> None:
    fields = [",".join(f'="{x}"' for x in line.split(",")) for line in LINES]
    assert same(read(spec(put(tmp_path / "a", text(*fields))))["trades"], plain)
    fields = [",".join(f"'{x}" for x in line.split(",")) for line in LINES]
    assert same(read(spec(put(tmp_path / "b", text(*fields))))["trades"], plain)


def test_packed_files_fit_by_the_name_that_they_have_unpacked(tmp_path: Path, plain: Batch) -> None:
    packed = gzip.compress(text(*LINES).encode())
    assert same(read(spec(put(tmp_path / "a", packed, "t.csv.gz")))["trades"], plain)
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as archive:
        archive.writestr("20240102/t.csv.gz", packed)
    assert same(read(spec(tmp_path / "feed.zip"))["trades"], plain)


def test_a_header_without_lines_is_noted(tmp_path: Path) -> None:
    found = read(spec(put(tmp_path, text())))["trades"]
    assert (found.frame.height, found.notes[EMPTY], reasons(found)) == (0, 1, {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (text(*LINES).replace("\n", "\r"), r"lines that end in \\r alone; expected"),
        (text(*LINES).encode("utf-16"), "text in utf-16; expected utf-8"),
        (b"PK\x03\x04" + text(*LINES).encode(), "a zip archive or an Excel file"),
        (text(*LINES).replace(",", "\t"), r"`separator: '\\t'` in the mapping gives them all"),
        ("\n".join(LINES) + "\n", r"a file without a header\? `names: \[...\]`"),
        (text(*LINES, head=HEAD.replace("price", "Price")), "'price' may be 'Price'"),
    ],
)
def test_what_is_refused_says_why(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(spec(put(tmp_path, content)))


def test_bytes_of_another_encoding_are_named(tmp_path: Path) -> None:
    content = text(LINES[0], LINES[1].replace(",S,", ",卖,")).encode("gbk")
    batches = Level2Source(spec(put(tmp_path, content))).batches()
    (first,) = [batch.first for batch in batches if batch.first]
    assert "bytes that are not utf-8: `encoding: gbk`?" in first["unknown code in side"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_encodings_that_cannot_be_read_in_pieces_are_refused(encoding: str) -> None:
    with pytest.raises(ValidationError, match="in which a line end is one byte, such as utf-8"):
        spec(Path("feed"), encoding=encoding)


def test_stamps_of_another_day_than_the_path_are_counted(tmp_path: Path, plain: Batch) -> None:
    lines = [line.replace("09:30:00.0", "17040726000") for line in LINES]  # 2024-01-01 09:30
    path = put(tmp_path / "x", text(*lines))
    found = read(spec(path, time_format="epoch_ms"))["trades"]
    assert same(found, plain)  # the path's day counts
    assert found.repairs[OTHER_DAYS] == 2


def test_lots_that_are_no_whole_shares_are_set_aside(tmp_path: Path) -> None:
    lines = (LINES[0].replace(",100,", ",1.505,"), LINES[1].replace(",200,", ",2.01,"))
    batches = list(Level2Source(spec(put(tmp_path, text(*lines)), volume_unit="lots")).batches())
    assert [b.frame["volume"].to_list() for b in batches if b.frame.height] == [[201]]
    (first,) = [batch.first for batch in batches if batch.first]
    assert "found '1.505' in 'shares', expected a number" in first["volume is not a number"]
    assert "volume_unit" not in first["volume is not a number"]


def test_a_fraction_of_a_share_is_no_lot(tmp_path: Path) -> None:
    batches = Level2Source(spec(put(tmp_path, text(LINES[0].replace(",100,", ",1.5,"))))).batches()
    (first,) = [batch.first for batch in batches if batch.first]
    assert "volume_unit" not in first["volume is not a number"]


def test_a_log_without_a_line_is_noted(tmp_path: Path) -> None:
    (tmp_path / "20240103").mkdir()
    (tmp_path / "20240103" / "t.log").write_text("c=600000 t=09:30:00.01 p=1,700.5 v=1,200 s=1\n")
    path = put(tmp_path, "", "t.log")
    columns = {"symbol": "c", "time": "t", "price": "p", "volume": "v", "seq": "s"}
    keys = {"pattern": "{date}/t.log", "format": "kv_log", "columns": columns}
    found = read(spec(path, **keys))["trades"]
    assert found.frame.select("price", "volume").rows() == [(1700.5, 1200)]
    assert found.notes[EMPTY] == 1
