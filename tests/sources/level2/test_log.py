"""Logs of key=value with records of several types, one reading for all of them."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.sources.level2 import source as reader
from intralpha.sources.level2.log import find, texts_of
from intralpha.sources.level2.shared import UNNAMED
from intralpha.sources.level2.source import Level2Spec

from .conftest import read, reasons

ORDER = {"symbol": "Code", "date": "Day", "time": "At", "seq": "No", "id": "Id"}
STREAMS: dict[str, Any] = {
    "trades": {
        "holds": "trades",
        "records": {"Type": "T"},
        "columns": {
            **{k: v for k, v in ORDER.items() if k != "id"},
            **{"buy_id": "Bid", "sell_id": "Ask", "price": "Px", "volume": "Qty", "side": "Flag"},
        },
    },
    "orders": {
        "holds": "orders",
        "records": {"Type": ["O", "C"]},
        "columns": {**ORDER, "what": "Type", "price": "Px", "volume": "Qty", "side": "Side"},
        "what_codes": {"O": "order", "C": "cancel"},
    },
    "books": {
        "holds": "snapshots",
        "records": {"Type": "Q"},
        "columns": {
            **{k: v for k, v in ORDER.items() if k not in ("id", "seq")},
            **{"last": "Last", "volume": "Vol", "amount": "Amt"},
            **{"bid_price": "b[{}].p", "bid_volume": "b[{}].q"},
            **{"ask_price": "a[{}].p", "ask_volume": "a[{}].q"},
        },
        "first_level": 0,
    },
}
HEAD = "Code=000001.SZ Day=20230201 "
# An order to buy 300 at 10.00, one to sell 100, their trade, the book, the rest taken back.
LINES = [
    "Type=O " + HEAD + "At=09:30:01.010 No=1 Id=1 Side=B Px=10.00 Qty=300",
    "Type=O " + HEAD + "At=09:30:02.020 No=2 Id=2 Side=S Px=10.00 Qty=100",
    "Type=T " + HEAD + "At=09:30:02.020 No=3 Bid=1 Ask=2 Flag=S Px=10.00 Qty=100",
    "Type=Q " + HEAD + "At=09:30:03 Last=10.00 Vol=100 Amt=1000 b[0].p=10.00 b[0].q=200 a[0].p=0",
    "Type=C " + HEAD + "At=09:31:00.000 No=4 Id=1 Side=B Px=10.00 Qty=200",
]
MS = 34_200_000


def spec(folder: Path, streams: dict[str, Any] = STREAMS, **keys: object) -> Level2Spec:
    given = {"format": "kv_log", "pattern": "*.log", **keys}
    streams = {name: {**stream, **given} for name, stream in streams.items()}
    return Level2Spec.model_validate({"path": str(folder), "streams": streams})


def log(folder: Path, lines: list[str], name: str = "a.log", end: str = "\n") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines) + end, encoding="utf-8", newline="")
    return folder


def test_one_file_gives_trades_orders_and_snapshots(tmp_path: Path) -> None:
    found = read(spec(log(tmp_path, LINES)))
    trade = ("000001.SZ", 3, MS + 2020, 10.0, 100, 1, 2, -1)
    assert found["trades"].frame.drop("date").rows() == [trade]
    orders = found["orders"].frame.select("seq", "time", "id", "side", "price", "volume", "cancel")
    assert orders.rows() == [
        (1, MS + 1010, 1, 1, 10.0, 300, False),
        (2, MS + 2020, 2, -1, 10.0, 100, False),
        (4, MS + 60_000, 1, 1, 10.0, 200, True),
    ]
    book = found["snapshots"].frame
    shown = ("time", "last", "volume", "bid_price1", "bid_volume1", "ask_price1", "bid_price2")
    assert book.select(shown).rows() == [(MS + 3000, 10.0, 100, 10.0, 200, None, None)]
    assert not any(reasons(batch) for batch in found.values())


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("separator", "assign", "ending"),
    [(" ", "=", "\n"), ("|", "=", "\r\n"), ("\x01", "=", "\n"), (";, ", ":=", "\n")],
)
def test_any_separators_order_of_keys_and_padding_give_the_same(
    tmp_path: Path, separator: str, assign: str, ending: str
) -> None:
    expected = read(spec(log(tmp_path / "plain", LINES)))
    shuffle, lines, assign = random.Random(5), [], assign[-1]
    for line in LINES:
        fields = [*line.split(" "), "other=", "名=万科A"]
        shuffle.shuffle(fields)
        made = [f.replace("=", assign, 1) + " " * shuffle.randrange(4) for f in fields]
        lines.append("\t//" + (separator[0] * shuffle.randrange(1, 3)).join(made))
    folder = log(tmp_path / "other", lines, end=ending)
    found = read(spec(folder, separator=separator, assign=assign))
    for table, batch in expected.items():
        assert found[table].frame.equals(batch.frame)
        assert found[table].quarantined.is_empty()


@pytest.mark.slow
def test_any_cut_into_files_and_chunks_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        line.replace("000001", f"{k:06d}") for k in (2, 1, 300001) for line in LINES for _ in "a"
    ]
    whole = read(spec(log(tmp_path / "whole", lines)))
    for k in range(0, len(lines), 2):
        log(tmp_path / "cut", lines[k : k + 2], f"{k:02d}.log")
    monkeypatch.setattr("intralpha.sources.level2.chunks.CHUNK_BYTES", 150)
    monkeypatch.setattr(reader, "CHUNK_BYTES", 400)
    for folder in ("cut", "whole"):
        found = read(spec(tmp_path / folder))
        for table, batch in whole.items():
            key = ["date", "symbol", "time", *(["seq"] if table != "snapshots" else [])]
            assert found[table].frame.sort(key).equals(batch.frame.sort(key))


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    torn = LINES[2][:60]
    lines = [
        "\ufeff" + LINES[0],
        "",
        "0A FF 30",
        torn,
        LINES[1] + " " + LINES[2],
        "Type=X " + HEAD,
        "Type=X " + HEAD,
        HEAD + "At=09:30:01.010",
        *LINES[1:],
    ]
    found = read(spec(log(tmp_path, lines)))
    assert found["orders"].rows_read == 3
    lost = pl.concat(batch.quarantined for batch in found.values()).sort("line")
    assert lost.select("line", "reason").rows() == [
        (3, "no key=value on the line"),
        (4, "no key Ask"),
        (5, "key Type stands twice: two records on one line?"),
        (8, "no key Type"),
    ]
    assert lost["row"].to_list() == [line.strip() for line in (*lines[2:5], lines[7])]
    assert found["trades"].repairs == {f"{UNNAMED}: Type=X": 2}


def test_lines_that_begin_otherwise_are_counted(tmp_path: Path) -> None:
    lines = [part for line in LINES for part in ("//" + line, "  66  6F 60 01")]
    found = read(spec(log(tmp_path, lines), line_start="//"))
    assert found["orders"].frame.height == 3
    counts = found["trades"].repairs
    assert counts == {"lines that begin otherwise than records left out": len(LINES)}


def test_a_record_cut_at_the_end_of_its_file_is_set_aside(tmp_path: Path) -> None:
    moved = [line.replace(" No=", " X=1 No=").replace("Id=1 ", "") for line in LINES[:2]]
    lines = [f"{line.replace(' No=', ' no=')} Id=1234 No=12345" for line in moved]
    lines = [line.replace("Id=2 ", "") for line in lines]
    lines[1] = lines[1][:-2]
    only = {"orders": STREAMS["orders"]}
    found = read(spec(log(tmp_path, lines, end=""), only))["orders"]
    assert found.frame.height == 1
    assert found.quarantined.select("line", "reason").rows() == [
        (2, "the file may end inside this line")
    ]


def test_types_of_one_csv_are_read_alike(tmp_path: Path) -> None:
    rows = [dict(f.split("=", 1) for f in line.split(" ")) for line in LINES]
    names = [*sorted({k for r in rows for k in r}), "a[0].q"]
    table = pl.DataFrame(rows, infer_schema_length=None, schema=names)
    expected = read(spec(log(tmp_path / "log", LINES)))
    for form in ("csv", "parquet"):
        folder = tmp_path / form
        folder.mkdir()
        write = table.write_csv if form == "csv" else table.write_parquet
        write(folder / f"all.{form}")
        given = {name: dict(stream) for name, stream in STREAMS.items()}
        found = read(spec(folder, given, format=form, pattern=f"*.{form}"))
        for name, batch in expected.items():
            assert found[name].frame.equals(batch.frame)


def test_streams_of_one_pattern_without_records_are_refused(tmp_path: Path) -> None:
    given = {k: {a: b for a, b in v.items() if a != "records"} for k, v in STREAMS.items()}
    with pytest.raises(ValidationError, match=r"trades, orders, books have one pattern.*records"):
        spec(tmp_path, given)
    twice = {"a": STREAMS["trades"], "b": STREAMS["trades"]}
    with pytest.raises(ValidationError, match="name the same `records`"):
        spec(tmp_path, twice)


def test_values_are_found_where_plain_python_finds_them() -> None:
    """Reference: split and partition, on random bytes of keys, marks and ends."""
    draw, words = random.Random(7), ["a=1", "bb=", "c=x y", "=", "z", "a", "//a=2", "ccc=3", "b=ä"]
    wanted = ["a", "bb", "c", "ä"]
    lines = [" ".join(draw.choices(words, k=draw.randrange(7))) for _ in range(500)]
    data = np.frombuffer("\n".join(lines).encode(), np.uint8)
    found = find(data, wanted, " ", "=", "")
    rows = np.arange(len(found.lines))
    kept = [line for line in lines if line.strip()]
    for number, key in enumerate(wanted):
        got = texts_of(data, found, rows, number).to_list()
        assert got == [_values(line).get(key) for line in kept]


def _values(line: str) -> dict[str, str]:
    out: dict[str, str] = {}
    key: str | None = None
    for word in line.split():
        name, mark, value = word.partition("=")
        name = name.removeprefix("//")
        if mark and name:
            key = None if name in out else name
            out.setdefault(name, value)
        elif key is not None:
            out[key] = f"{out[key]} {word}".strip()
    return out
