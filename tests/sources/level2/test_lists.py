"""Levels of the book as lists in one column, of csv and of Parquet."""

from pathlib import Path

import polars as pl
import pytest

from intralpha.sources.level2.lists import DEEPER
from intralpha.sources.level2.source import Level2Spec
from intralpha.sources.source import SourceError

from .conftest import read, reasons

COLUMNS = {
    **{"symbol": "s", "datetime": "t", "last": "p", "volume": "v", "amount": "a"},
    **{
        f"{side}_{what}": f"{side}{what}" for side in ("bid", "ask") for what in ("price", "volume")
    },
}
FORM = "%Y-%m-%d %H:%M:%S"


def spec(path: Path, **keys: object) -> Level2Spec:
    stream = {"holds": "snapshots", "pattern": "*", "columns": COLUMNS, "time_format": FORM, **keys}
    return Level2Spec.model_validate({"path": str(path), "streams": {"books": stream}})


def csv(path: Path, *levels: tuple[str, str, str, str]) -> Path:
    head = "s,t,p,v,a,bidprice,bidvolume,askprice,askvolume"
    rows = [
        f"600001.SH,2023-02-01 10:00:{k:02d},10.01,{k + 1}00,1001,"
        + ",".join(f'"{x}"' for x in row)
        for k, row in enumerate(levels)
    ]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def books(found: pl.DataFrame) -> list[tuple]:
    names = [f"{s}_{w}{k}" for k in (1, 2, 10) for s in ("bid", "ask") for w in ("price", "volume")]
    return found.select(names).rows()


TEN = "[" + ", ".join(f"{10 - k / 100:.2f}" for k in range(10)) + "]"
COUNTS = "[" + ", ".join(str(100 * k) for k in range(1, 11)) + "]"


@pytest.mark.parametrize(
    "spelt", ["[10.0, 9.99]|[100, 200]", "10.0;9.99|100;200", "(10 9.99)|[100 200]"]
)
def test_short_lists_lack_their_last_levels(tmp_path: Path, spelt: str) -> None:
    prices, volumes = spelt.split("|")
    path = csv(
        tmp_path / "a.csv", (prices, volumes, "[]", ""), (TEN, COUNTS, "[10.01, nan]", "[5, 0]")
    )
    assert books(read(spec(path))["snapshots"].frame) == [
        (10.0, 100, None, None, 9.99, 200, None, None, None, None, None, None),
        (10.0, 100, 10.01, 5, 9.99, 200, None, None, 9.91, 1000, None, None),
    ]


def test_units_and_scales_are_those_of_other_levels(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", ("[100000, 99900]", "[1, 2]", "[100100]", "[3]"))
    rows = read(spec(path, price_scale=10000, volume_unit="lots"))["snapshots"].frame
    assert books(rows)[0][:6] == (10.0, 100, 10.01, 300, 9.99, 200)


def test_lists_that_make_no_book_are_set_aside_with_their_line(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a.csv",
        ("[10.0, 9.99]", "[100]", "[]", "[]"),
        ("[10.0, x]", "[100, 5]", "[]", "[]"),
        ("[[10.0], [9.99]]", "[100, 5]", "[]", "[]"),
        ("[10.0]", "[100]", "[]", "[]"),
    )
    found = read(spec(path))["snapshots"]
    assert found.frame.height == 1
    assert found.quarantined.select("line", "reason").rows() == [
        (2, "bidprice and bidvolume have lists of different lengths"),
        (3, "a level in bidprice is not a number"),
        (4, "a level in bidprice is not a number"),
    ]


def test_levels_beyond_the_tenth_are_counted(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", (TEN[:-1] + ", 9.9]", COUNTS[:-1] + ", 9]", "[]", "[]"))
    found = read(spec(path))["snapshots"]
    assert found.repairs == {DEEPER: 1}
    assert found.frame["bid_price10"].to_list() == [9.91]


def test_lists_of_parquet_are_those_of_csv(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", (TEN, COUNTS, "[10.01]", "[7]"), ("[9.5]", "[2]", "[]", "[]"))
    expected = read(spec(path))["snapshots"].frame
    plain = pl.read_csv(path)
    lists = {
        name: [[float(x) for x in text.strip("[]").split(",") if x.strip()] for text in plain[name]]
        for name in ("bidprice", "askprice", "bidvolume", "askvolume")
    }
    table = plain.with_columns(pl.Series(n, v, dtype=pl.List(pl.Float64)) for n, v in lists.items())
    table.write_parquet(tmp_path / "b.parquet")
    found = read(spec(tmp_path / "b.parquet", format="parquet"))["snapshots"]
    assert found.frame.equals(expected)
    assert not reasons(found)
    padded = table[:1].with_columns(
        pl.col("bidprice", "bidvolume").list.to_array(10), pl.col("askprice", "askvolume")
    )
    padded.write_parquet(tmp_path / "c.parquet")
    arrays = read(spec(tmp_path / "c.parquet", format="parquet"))["snapshots"].frame
    assert arrays.equals(expected[:1])


def test_lists_of_something_else_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", (TEN, COUNTS, "[10.01]", "[7]"))
    deep = pl.read_csv(path).with_columns(bidprice=pl.Series([[[1.0]]]))
    deep.write_parquet(tmp_path / "b.parquet")
    with pytest.raises(SourceError, match=r"b.parquet: found column 'bidprice' of type List.List"):
        read(spec(tmp_path / "b.parquet", format="parquet"))
