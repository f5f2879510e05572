"""Numbers of Level-2 files as people write them: read and counted, whatever the chunks."""

from pathlib import Path

import pytest

from intralpha.sources import Level2Spec
from intralpha.sources.level2 import chunks
from intralpha.sources.level2.source import Level2Source
from intralpha.sources.numerals import GROUPED, SIZED, UNITS, WIDE

from .conftest import read, reasons
from .test_snapshots import FULL, line, snapshots

HEAD = "sym|chan|time|price|shares|buy|sell|side|seq"
COLUMNS = {"symbol": "sym", "channel": "chan", "time": "time", "price": "price"}
COLUMNS |= {"volume": "shares", "buy_id": "buy", "sell_id": "sell", "side": "side", "seq": "seq"}
BIG = 9_007_199_254_740_993  # no float64 holds it


def trades(folder: Path, *lines: str, mark: str = "|", **keys: object) -> Level2Spec:
    (folder / "20230201").mkdir(exist_ok=True)
    text = "\n".join([HEAD.replace("|", mark), *lines]) + "\n"
    (folder / "20230201/t.csv").write_text(text)
    stream = {"holds": "trades", "pattern": "{date}/t.csv", "columns": COLUMNS, "separator": mark}
    stream |= keys
    return Level2Spec.model_validate({"path": str(folder), "streams": {"t": stream}})


@pytest.mark.parametrize("bytes_a_chunk", [1 << 24, 60])
def test_thousands_separators_in_every_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_a_chunk: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", bytes_a_chunk)
    spec = trades(
        tmp_path,
        "600519|2,011|09:30:00.000|1,700.50|1,234,567|9,007,199,254,740,993|1,001|B|1,000",
        "600519|2011|09:30:00.010|1700.51|100|1003|1002|B|1001",
    )
    found = read(spec)["trades"]
    assert found.frame.select("seq", "price", "volume", "buy_id", "sell_id").rows() == [
        (1000, 1700.5, 1_234_567, BIG, 1001),
        (1001, 1700.51, 100, 1003, 1002),
    ]
    assert (found.repairs[GROUPED], reasons(found), found.rows_read) == (6, {}, 2)


def test_thousands_separators_inside_quotes(tmp_path: Path) -> None:
    spec = trades(tmp_path, '600519,1,09:30:00.000,"1,700.5","1,200",1,2,B,5', mark=",")
    assert read(spec)["trades"].frame["volume"].to_list() == [1200]


def test_units_and_wide_letters(tmp_path: Path) -> None:
    spec = trades(tmp_path, "600519|1|09:30:00.000|¥10.5|12手|１|2|B|5 ", volume_unit="lots")
    found = read(spec)["trades"]
    assert found.frame.select("price", "volume", "buy_id").row(0) == (10.5, 1200, 1)
    assert (found.repairs[UNITS], found.repairs[WIDE]) == (2, 1)


@pytest.mark.parametrize(
    ("price", "shares", "why", "said"),
    [
        ("9,95", "100", "price is not a number", "'9,95' in 'price', expected a number; `decimal"),
        ("3,950", "100", "price is not a number", "decimals or thousands? `decimal:"),
        ("10", "12手", "volume is not a number", "it counts lots; `volume_unit: lots`"),
        ("10", "x", "volume is not a number", "found 'x' in 'shares', expected a number"),
    ],
)
def test_what_may_mean_something_else_is_set_aside(
    tmp_path: Path, price: str, shares: str, why: str, said: str
) -> None:
    good = "600519|1|09:31:00.000|10|100|3|4|B|6"
    spec = trades(tmp_path, f"600519|1|09:30:00.000|{price}|{shares}|1|2|B|5", good)
    batches = [b for b in Level2Source(spec).batches() if b.quarantined.height]
    assert reasons(batches[0]) == {why: 1}
    assert said in batches[0].first[why]


def test_decimal_commas_that_the_stream_names(tmp_path: Path) -> None:
    spec = trades(tmp_path, "600519|1|09:30:00.000|1.700,5|1.200|1|2|B|5", decimal=",")
    found = read(spec)["trades"]
    assert found.frame.select("price", "volume").row(0) == (1700.5, 1200)


def test_snapshots_with_thousands_and_ten_thousands(tmp_path: Path) -> None:
    plain = snapshots(tmp_path / "a", line("09:30:03.000", FULL)).frame
    spelt = FULL.replace("500,5003.5", "500股,0.50035万").replace("300", "0.03万").replace(",", "|")
    head = "code|day|clock|last|volume|turnover|n|b1|bv1|bn1|b2|bv2|bn2|a1|av1|an1|a2|av2|an2"
    row = line("09:30:03.000", "").replace(",", "|") + spelt
    found = snapshots(tmp_path / "b", row, header=head, separator="|")
    assert found.frame.equals(plain)
    assert (found.repairs[SIZED], found.repairs[UNITS]) == (2, 1)
