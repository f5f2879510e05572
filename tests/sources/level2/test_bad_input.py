"""Everything that may be wrong with Level-2 files: counted, the good part kept, nothing silent."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import Level2Spec, SourceError, ingest
from intralpha.sources.level2 import chunks
from intralpha.sources.level2.blocks import NO_LINE_END
from intralpha.sources.level2.rows import IGNORED
from intralpha.sources.level2.sequence import BACKWARDS, REPEATED, SHARED, TWINS

from .conftest import (
    ENTERED,
    ENTRUST,
    ORDER_LINES,
    TRADE,
    TRADE_LINES,
    Write,
    datayes,
    entered,
    read,
    reasons,
)


@pytest.mark.parametrize("bytes_a_chunk", [1 << 24, 100])
def test_a_file_cut_off_in_a_line(
    write: Write, monkeypatch: pytest.MonkeyPatch, bytes_a_chunk: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", bytes_a_chunk)
    path = write()
    file = path / "20230201" / "trade.csv"
    file.write_text(file.read_text().rsplit(",", 2)[0])
    found = read(datayes(path))["trades"]
    assert found.frame["seq"].to_list() == [3, 5, 6, 8, 9, 11]
    assert reasons(found) == {"7 fields, expected 9": 1}
    assert found.quarantined.row(0, named=True)["line"] == 8
    assert found.quarantined["row"].item() == "600001,4,15:00:00.100,10.00,100,50,51"
    assert found.notes[NO_LINE_END] == 1


def test_a_number_cut_off_at_the_end_is_not_believed(write: Write) -> None:
    """Of line 11 (BizIndex 11) and a last line 14, cut to 1, the latter would be number 1."""
    path = write()
    file = path / "20230201" / "trade.csv"
    file.write_text(file.read_text().removesuffix("4\n"))
    found = read(datayes(path))["trades"]
    assert 1 not in found.frame["seq"]
    assert reasons(found) == {"the file may end inside this line": 1}
    file.write_text(file.read_text() + "4")
    whole = read(datayes(path))["trades"]
    assert whole.frame.height == len(TRADE_LINES)
    assert whole.notes[NO_LINE_END] == 1


def test_lines_with_other_numbers_of_fields(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 150)
    lines = list(TRADE_LINES)
    lines.insert(2, "600001,4,09:30:02.010,10.01,100")
    lines.insert(5, TRADE_LINES[0] + "," + TRADE_LINES[1])
    lines.insert(6, "")
    found = read(datayes(write(ORDER_LINES, lines)))
    assert found["trades"].frame.height == len(TRADE_LINES)
    bad = found["trades"].quarantined.sort("line")
    assert bad["line"].to_list() == [4, 7]
    assert bad["reason"].to_list() == ["5 fields, expected 9", "18 fields, expected 9"]
    assert entered(found["orders"]) == ENTERED


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("600001,4,09:31:00.000,0,100,30,20,B,20", "price is not positive"),
        ("600001,4,09:31:00.000,-1,100,30,20,B,20", "price is not positive"),
        ("600001,4,09:31:00.000,10.00,0,30,20,B,20", "volume is not positive"),
        ("600001,4,09:31:00.000,10.00,100.5,30,20,B,20", "volume is not a number"),
        ("600001,4,09:31:00.000,,100,30,20,B,20", "price is not a number"),
        ("600001,4,09:31:00.000,inf,100,30,20,B,20", "price is not a number"),
        ("600001,4,09:31:00.000,NaN,100,30,20,B,20", "price is not a number"),
        ("600001,4,09:61:00.000,10.00,100,30,20,B,20", "date or time not readable"),
        ("600001,4,,10.00,100,30,20,B,20", "date or time not readable"),
        ("stock,4,09:31:00.000,10.00,100,30,20,B,20", "symbol of unknown form"),
        (",4,09:31:00.000,10.00,100,30,20,B,20", "symbol of unknown form"),
        ("600001,4,09:31:00.000,10.00,100,30,20,X,20", "unknown code in TradeBSFlag"),
        ("600001,4,09:31:00.000,10.00,100,30,20,B,x", "sequence number not readable"),
    ],
)
def test_trades_that_cannot_be_used(write: Write, line: str, reason: str) -> None:
    found = read(datayes(write(ORDER_LINES, [*TRADE_LINES, line])))
    assert reasons(found["trades"]) == {reason: 1}
    bad = found["trades"].quarantined.row(0, named=True)
    assert bad["line"] == len(TRADE_LINES) + 2
    assert bad["origin"].endswith("20230201/trade.csv")
    assert found["trades"].frame.height == len(TRADE_LINES)
    assert entered(found["orders"]) == ENTERED


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("600001,4,09:31:00.000,A,90,0,100,B,20", "price is not positive"),
        ("600001,4,09:31:00.000,A,90,10.00,0,B,20", "volume is not positive"),
        ("600001,4,09:31:00.000,D,20,10.01,0,S,20", "volume is not positive"),
        ("600001,4,09:31:00.000,Q,90,10.00,100,B,20", "unknown code in OrderType"),
        ("600001,4,09:31:00.000,A,90,10.00,100,N,20", "an order without a side"),
        ("600001,4,09:31:00.000,A,90,10.00,100,,20", "an order without a side"),
        ("600001,4,09:31:00.000,D,0,10.00,100,B,20", "an order or cancel without an id"),
    ],
)
def test_orders_that_cannot_be_used(write: Write, line: str, reason: str) -> None:
    found = read(datayes(write([*ORDER_LINES, line])))
    assert reasons(found["orders"]) == {reason: 1}
    assert found["orders"].quarantined["line"].to_list() == [len(ORDER_LINES) + 2]
    assert entered(found["orders"]) == ENTERED


def test_a_code_without_interest_is_counted(write: Write) -> None:
    codes = {"A": "order", "D": "cancel", "S": "ignore"}
    path = write([*ORDER_LINES, "600001,4,09:30:00.000,S,0,,,,20"])
    found = read(datayes(path, streams={"orders": {"what_codes": codes}}))["orders"]
    assert found.repairs[IGNORED] == 1
    assert entered(found) == ENTERED
    assert found.quarantined.is_empty()


def test_repeated_numbers(write: Write) -> None:
    """A line delivered twice is left out; one that says something else is set aside."""
    clash = TRADE_LINES[3].replace(",150,", ",160,")
    lines = [*TRADE_LINES, TRADE_LINES[2], clash, TRADE_LINES[2]]
    orders = [*ORDER_LINES, ORDER_LINES[0], ORDER_LINES[1].replace("10.00", "9.99")]
    found = read(datayes(write(orders, lines)))
    assert found["trades"].repairs == {TWINS: 2}
    assert reasons(found["trades"]) == {REPEATED: 1}
    assert found["trades"].quarantined["line"].to_list() == [len(TRADE_LINES) + 3]
    assert found["orders"].repairs[TWINS] == 1
    assert reasons(found["orders"]) == {REPEATED: 1}
    assert found["trades"].frame.height == len(TRADE_LINES)
    assert entered(found["orders"]) == ENTERED


def test_clocks_that_run_backwards(write: Write) -> None:
    lines = [line.replace("09:40:00.000", "09:20:00.001") for line in TRADE_LINES]
    assert read(datayes(write(ORDER_LINES, lines)))["trades"].notes[BACKWARDS] == 1


def test_numbers_that_orders_and_trades_share(write: Write) -> None:
    lines = [line.replace(",N,14", ",N,13") for line in TRADE_LINES]
    assert read(datayes(write(ORDER_LINES, lines)))["trades"].notes[SHARED] == 1


def test_missing_numbers_of_a_stock(write: Write) -> None:
    """Numbers 1 to 14; 8 and 9 are lost."""
    lost = [line for k, line in enumerate(TRADE_LINES) if k not in (3, 4)]
    path = write(ORDER_LINES, lost)
    assert "numbers missing" not in str(read(datayes(path))["trades"].notes)
    notes = read(datayes(path, gap_free="stock"))["trades"].notes
    assert notes["numbers missing in 600001.SH on 2023-02-01"] == 2
    assert "numbers missing" not in str(read(datayes(write(), gap_free="stock"))["trades"].notes)


def test_missing_numbers_of_a_channel(write: Write) -> None:
    """Another stock of channel 4 has 15 and 18; one of channel 5 has only number 2."""
    orders = [
        *ORDER_LINES,
        "600002,4,09:31:00.000,A,70,9.00,100,B,15",
        "600002,4,09:32:00.000,A,71,9.00,100,B,18",
        "600003,5,09:32:00.000,A,3,9.00,100,B,2",
    ]
    notes = read(datayes(write(orders), gap_free="channel"))["trades"].notes
    missing = {name: n for name, n in notes.items() if "missing" in name}
    assert missing == {
        "numbers missing in channel 4 of SH on 2023-02-01": 2,
        "numbers missing in channel 5 of SH on 2023-02-01": 1,
    }


def test_a_record_of_no_interest_has_been_seen(write: Write) -> None:
    """The status of the stock takes number 15, one whose stock is none takes 17; 16 is lost."""
    codes = {"A": "order", "D": "cancel", "S": "ignore"}
    more = (
        "600001,4,09:30:00.000,S,0,,,,15",
        "600001,4,09:33:00.000,A,71,9.00,100,B,18",
        "000000XX,4,09:30:00.000,S,0,,,,17",
    )
    path = write([*ORDER_LINES, *more])
    streams = {"orders": {"what_codes": codes}}
    notes = read(datayes(path, gap_free="channel", streams=streams))["trades"].notes
    missing = {name: n for name, n in notes.items() if "missing" in name}
    assert missing == {"numbers missing in channel 4 of SH on 2023-02-01": 1}


def test_an_empty_file_is_set_aside(write: Write) -> None:
    path = write()
    (path / "20230201" / "trade.csv").write_text("")
    found = read(datayes(path))
    assert reasons(found["trades"]) == {"an empty file": 1}
    assert found["trades"].frame.is_empty()
    (path / "20230201" / "trade.csv").write_text(TRADE + "\n")
    assert read(datayes(path))["orders"].frame.height == len(ORDER_LINES)


def test_missing_columns_name_the_file(write: Write) -> None:
    path = write()
    file = path / "20230201" / "trade.csv"
    file.write_text(file.read_text().replace("TradPrice", "Price"))
    with pytest.raises(SourceError, match=r"trade\.csv.*also TradPrice"):
        read(datayes(path))


def test_bytes_of_another_encoding_cost_a_line(write: Write) -> None:
    path = write()
    file = path / "20230201" / "entrust.csv"
    lines = [ENTRUST.encode(), *(line.encode() for line in ORDER_LINES)]
    lines.append(b"600001,4,09:31:00.000,\xff\xfe,90,10.00,100,B,20")
    file.write_bytes(b"\n".join(lines) + b"\n")
    found = read(datayes(path))["orders"]
    assert reasons(found) == {"unknown code in OrderType": 1}
    assert entered(found) == ENTERED


def test_every_fault_is_counted_once(write: Write) -> None:
    """Two days that are handed over one after the other, each with a bad line."""
    path = write([*ORDER_LINES, "600001,4,09:31:00.000,A,90,0,100,B,20", "torn"])
    shutil.copytree(path / "20230201", path / "20230202")
    found = read(datayes(path), hold_bytes=100)["orders"]
    assert reasons(found) == {"price is not positive": 2, "1 fields, expected 9": 2}
    assert found.rows_read == 2 * (len(ORDER_LINES) + 2)


def test_the_report_names_everything(write: Write, tmp_path: Path) -> None:
    lines = [*TRADE_LINES, TRADE_LINES[0], "600001,4,09:31:00.000,0,100,30,20,B,20"]
    lake = Lake(tmp_path / "lake", create=True)
    report = ingest([datayes(write(ORDER_LINES, lines))], lake, show_progress=False)
    text = report.to_text()
    assert "repaired             1  exact duplicate records left out" in text
    assert "noted                5  active sides by ids compared with the flag" in text
    assert "quarantined          1  price is not positive" in text
    assert "datayes_shanghai -> trades: 9 rows read, 7 added" in text
    aside = pl.read_parquet(list((lake.root / "quarantine").glob("trades-*.parquet")))
    assert aside["line"].to_list() == [10]
    assert isinstance(datayes(Path("x")), Level2Spec)


def test_small_files_read_together_keep_their_names_and_lines(tmp_path: Path) -> None:
    """Dates and symbols come from the paths, and so do the places of what is set aside."""
    header = "TradTime,TradPrice,TradVolume,TradeBuyNo,TradeSellNo,TradeBSFlag,BizIndex,TradeChan"
    rows = {"600001": (2, "x"), "600002": (3, "0"), "600003": (1, "-5")}
    for day in ("20230201", "20230202"):
        for code, (good, price) in rows.items():
            folder = tmp_path / day / f"{code}.SH"
            folder.mkdir(parents=True)
            lines = [f"10:00:00.000,1{good}.00,100,{n},{n + 9},B,{n},1" for n in range(1, good + 1)]
            lines.append(f"10:00:01.000,{price},100,7,8,B,9,1")
            (folder / "trade.csv").write_text("\n".join([header, *lines]))
    spec = Level2Spec.model_validate(
        {
            "path": str(tmp_path),
            "streams": {
                "trades": {
                    "holds": "trades",
                    "pattern": "{date}/{symbol}/trade.csv",
                    "columns": {
                        **{"time": "TradTime", "price": "TradPrice", "volume": "TradVolume"},
                        **{"buy_id": "TradeBuyNo", "sell_id": "TradeSellNo"},
                        **{"side": "TradeBSFlag", "seq": "BizIndex", "channel": "TradeChan"},
                    },
                }
            },
        }
    )
    found = read(spec)["trades"]
    counts = found.frame.group_by("date", "symbol").len().sort("date", "symbol")
    assert counts["symbol"].to_list() == [f"{code}.SH" for code in rows] * 2
    assert counts["len"].to_list() == [good for good, _ in rows.values()] * 2
    assert dict(found.frame.select("symbol", "price").unique().rows()) == {
        "600001.SH": 12.0,
        "600002.SH": 13.0,
        "600003.SH": 11.0,
    }
    bad = found.quarantined.sort("origin")
    want = [(d, code) for d in ("20230201", "20230202") for code in rows]
    assert bad["origin"].to_list() == [f"{tmp_path}/{d}/{code}.SH/trade.csv" for d, code in want]
    assert bad["line"].to_list() == [rows[code][0] + 2 for _, code in want]
    assert found.notes[NO_LINE_END] == 6
