"""Snapshots: levels, what is left out, and several at the same time."""

from datetime import date
from pathlib import Path

import pytest

from intralpha.sources import SourceError
from intralpha.sources.level2 import snapshots as s
from intralpha.sources.level2.source import Level2Spec
from intralpha.sources.source import Batch

from .conftest import read, reasons

HEADER = "code,day,clock,last,volume,turnover,n,b1,bv1,bn1,b2,bv2,bn2,a1,av1,an1,a2,av2,an2"
FORMS = {"b": "bid", "a": "ask"}


def snapshots(folder: Path, *lines: str, header: str = HEADER, **keys: object) -> Batch:
    folder.mkdir(exist_ok=True)
    (folder / "snap.csv").write_text("\n".join([header, *lines]) + "\n")
    columns = {"symbol": "code", "date": "day", "time": "clock", "last": "last", "volume": "volume"}
    columns |= {"amount": "turnover", "trades": "n"}
    for short, side in FORMS.items():
        columns |= {f"{side}_price": f"{short}{{}}", f"{side}_volume": f"{short}v{{}}"}
        columns |= {f"{side}_orders": f"{short}n{{}}"}
    stream = {"holds": "snapshots", "pattern": "*.csv", "columns": columns, **keys}
    spec = {"path": str(folder), "streams": {"snapshots": stream}}
    return read(Level2Spec.model_validate(spec))["snapshots"]


def line(clock: str, rest: str, code: str = "1") -> str:
    return f"{code},20230201,{clock},{rest}"


FULL = "10.01,500,5003.5,7,10.00,300,2,9.99,100,1,10.02,200,1,10.03,0,0"


def test_a_row(tmp_path: Path) -> None:
    row = snapshots(tmp_path, line("09:30:03.000", FULL)).frame.row(0, named=True)
    assert (row["date"], row["symbol"], row["time"]) == (date(2023, 2, 1), "000001.SZ", 34_203_000)
    assert (row["last"], row["volume"], row["amount"], row["trades"]) == (10.01, 500, 5003.5, 7)
    assert [row[f"bid_{w}{k}"] for k in (1, 2) for w in ("price", "volume", "orders")] == [
        *(10.00, 300, 2),
        *(9.99, 100, 1),
    ]
    assert [row[f"ask_{w}2"] for w in ("price", "volume", "orders")] == [10.03, 0, 0]
    assert row["bid_price3"] is None
    assert row["ask_volume10"] is None


def test_levels_without_a_price_are_null(tmp_path: Path) -> None:
    """As in an auction: what does not match stands at level 2 with price 0."""
    rest = "0,0,0,0,10.00,300,0,0,100,0,10.00,300,0,,,"
    row = snapshots(tmp_path, line("09:20:00.000", rest)).frame.row(0, named=True)
    assert (row["bid_price1"], row["bid_volume1"], row["bid_orders1"]) == (10.0, 300, 0)
    assert [row[f"bid_{w}2"] for w in ("price", "volume", "orders")] == [None] * 3
    assert [row[f"ask_{w}2"] for w in ("price", "volume", "orders")] == [None] * 3
    assert row["last"] == 0


def test_rows_without_information_are_counted(tmp_path: Path) -> None:
    nothing = "0,0,0,0" + ",0" * 12
    batch = snapshots(
        tmp_path,
        line("09:14:57.000", nothing),
        line("09:15:00.000", nothing),
        line("09:15:03.000", "0,0,0,0,0,0,0,0,0,0,10.00,100,1,0,0,0"),
        line("09:15:06.000", "0,0,0,0,0,0,0,0,0,0,0,0,0,10.00,100,1"),
        line("09:30:00.000", "10.00,100,1000,1" + ",0" * 12),
        line("15:04:59.000", "10.00,100,1000,1" + ",0" * 12),
        line("15:05:00.000", "10.00,100,1000,1" + ",0" * 12),
    )
    assert batch.frame["time"].to_list() == [33_303_000, 33_306_000, 34_200_000, 54_299_000]
    assert batch.repairs == {s.NOTHING: 2, s.AFTER_HOURS: 1}
    assert batch.rows_read == 7


def test_the_latest_of_a_time_is_kept(tmp_path: Path) -> None:
    later = FULL.replace("500,5003.5,7", "600,6003.5,8")
    other = FULL.replace("10.01,", "10.02,")
    batch = snapshots(
        tmp_path,
        line("09:30:03.000", later),
        line("09:30:03.000", FULL),
        line("09:30:06.000", FULL),
        line("09:30:06.000", other),
        line("09:30:06.000", FULL, code="2"),
    )
    assert batch.frame.select("symbol", "volume", "last").rows() == [
        ("000001.SZ", 600, 10.01),
        ("000001.SZ", 500, 10.02),
        ("000002.SZ", 500, 10.01),
    ]
    assert batch.repairs == {s.SUPERSEDED: 2}
    assert batch.notes == {s.SHRINKING: 1}


def test_bad_snapshots_are_set_aside(tmp_path: Path) -> None:
    batch = snapshots(
        tmp_path,
        line("09:30:03.000", FULL),
        line("09:30:06.000", FULL.replace("10.01,500", "-10.01,500")),
        line("09:30:09.000", FULL.replace("10.01,500", "10.01,x")),
        line("25:30:09.000", FULL),
    )
    assert batch.frame.height == 1
    assert reasons(batch) == {
        "last is negative": 1,
        "volume is not a number": 1,
        "date or time not readable": 1,
    }


def test_units_and_levels_from_zero(tmp_path: Path) -> None:
    header = HEADER.replace("1", "0").replace("2", "1")
    rest = "100100,5,5.0035,7,100000,3,2,99900,1,1,100200,2,1,100300,4,1"
    row = snapshots(
        tmp_path,
        line("09:30:03.000", rest),
        header=header,
        first_level=0,
        price_scale=10000,
        volume_unit="lots",
        amount_unit_yuan=10000,
    ).frame.row(0, named=True)
    assert (row["last"], row["volume"], row["amount"]) == (10.01, 500, 50_035)
    assert (row["bid_price1"], row["bid_volume1"]) == (10.0, 300)
    assert (row["ask_price2"], row["ask_volume2"], row["ask_orders2"]) == (10.03, 400, 1)


def test_the_first_level_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="also a1"):
        snapshots(tmp_path, line("09:30:03.000", FULL), header=HEADER.replace(",a1,", ",x1,"))
    with pytest.raises(SourceError, match="also bn1"):
        snapshots(tmp_path, line("09:30:03.000", FULL), header=HEADER.replace(",bn1,", ",x1,"))


@pytest.mark.parametrize(
    ("part", "wrong", "said"),
    [
        (4, "x", "a level in b{}"),
        (5, "1e", "a level in bv{}"),
        (6, "many", "a level in bn{}"),
        (13, "9.9.9", "a level in a{}"),
        (14, "12.5", "a level in av{}"),
        (3, "?", "n"),
        (0, "nan", "last"),
    ],
)
def test_a_level_that_is_no_number_is_told(
    tmp_path: Path, part: int, wrong: str, said: str
) -> None:
    values = FULL.split(",")
    values[part] = wrong
    clean, broken = line("09:30:03.000", FULL), line("09:30:06.000", ",".join(values))
    batch = snapshots(tmp_path, clean, broken)
    assert reasons(batch) == {f"{said} is not a number": 1}
    assert batch.frame["time"].to_list() == [34_203_000]


@pytest.mark.parametrize("nothing", ["", "0", "-", "--", "NaN", "null", " "])
def test_a_level_that_is_not_there_is_null(tmp_path: Path, nothing: str) -> None:
    values = FULL.split(",")
    values[7:10] = [nothing] * 3
    batch = snapshots(tmp_path, line("09:30:03.000", ",".join(values)))
    assert reasons(batch) == {}
    assert batch.frame["bid_price2"].to_list() == [None]
