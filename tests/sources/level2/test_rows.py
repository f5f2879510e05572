"""Symbols in the forms vendors use, with the exchange in a column, a suffix, a digit or given."""

from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import NothingReadError, SourceError, ingest
from intralpha.sources.level2.source import Level2Spec

from .conftest import read, reasons

COLUMNS = {"symbol": "s", "exchange": "x", "time": "t", "seq": "n", "price": "p", "volume": "v"}


def symbol_of(folder: Path, symbol: str, exchange: str, given: str = "") -> str | None:
    (folder / "20230103.csv").write_text(f"s,x,t,n,p,v\n{symbol},{exchange},10:00:00,1,10.0,100\n")
    stream = {"holds": "trades", "pattern": "*.csv", "columns": COLUMNS, "exchange": given}
    spec = Level2Spec.model_validate({"path": str(folder), "streams": {"t": stream}})
    found = read(spec)["trades"]
    if found.frame.is_empty():
        assert reasons(found) == {"symbol of unknown form": 1}
        return None
    return found.frame["symbol"].item()


@pytest.mark.parametrize(
    ("symbol", "exchange", "expected"),
    [
        ("600519", "", "600519.SH"),
        ("1", "", "000001.SZ"),
        ("300750.SZ", "", "300750.SZ"),
        ("sh600519", "", "600519.SH"),
        ("830799", "", "830799.BJ"),
        ("1", "SZ", "000001.SZ"),
        ("000001", "SSE", "000001.SH"),
        ("000001.XSHE", "102", "000001.SZ"),
        ("2", "102 ", "000002.SZ"),
        ("600519", "NYSE", None),
        ("AAPL", "", None),
        ("AAPL", "SH", None),
    ],
)
def test_symbols(tmp_path: Path, symbol: str, exchange: str, expected: str | None) -> None:
    assert symbol_of(tmp_path, symbol, exchange) == expected


def test_a_given_exchange_wins(tmp_path: Path) -> None:
    assert symbol_of(tmp_path, "000001", "SZ", given="SH") == "000001.SH"


@pytest.mark.parametrize("day", ["-2023-01-03", "1889-01-03", "20231-01-03", "2100-01-01"])
def test_a_date_of_another_age_is_set_aside(tmp_path: Path, day: str) -> None:
    """Numbers of such records count for no day either."""
    (tmp_path / "a.csv").write_text(
        f"s,d,t,n,p,v\n600519,{day},10:00:00,1,10.0,100\n600519,2023-01-03,10:00:01,2,10.0,100\n"
    )
    columns = {"symbol": "s", "date": "d", "time": "t", "seq": "n", "price": "p", "volume": "v"}
    stream = {"holds": "trades", "pattern": "*.csv", "columns": columns, "exchange": "SH"}
    found = read(Level2Spec.model_validate({"path": str(tmp_path), "streams": {"t": stream}}))
    assert found["trades"].frame["seq"].to_list() == [2]
    (why,) = reasons(found["trades"])
    assert why in ("date before 1990 or after 2099", "date or time not readable")


def trades(folder: Path, seq: pl.Series, time: pl.Series, form: str) -> Level2Spec:
    """Two trades of 600519 as Parquet."""
    fixed = {"s": ["600519"] * 2, "d": ["20230103"] * 2, "p": [10.0] * 2, "v": [100] * 2}
    pl.DataFrame({**fixed, "n": seq, "t": time}).write_parquet(folder / "a.parquet")
    columns = {"symbol": "s", "date": "d", "time": "t", "seq": "n", "price": "p", "volume": "v"}
    stream = {"holds": "trades", "pattern": "*.parquet", "columns": columns, "format": "parquet"}
    given = {"path": str(folder), "streams": {"t": stream | {"time_format": form}}}
    return Level2Spec.model_validate(given)


def test_numbers_that_pandas_has_made_fractions_are_whole(tmp_path: Path) -> None:
    seq, time = pl.Series([20000001.0, 20000003.0]), pl.Series([93000000.0, 145700120.0])
    found = read(trades(tmp_path, seq, time, "HHMMSSmmm"))["trades"].frame
    assert found["seq"].to_list() == [20000001, 20000003]
    assert found["time"].to_list() == [34200000, 53820120]


def test_numbers_that_float32_has_rounded_are_refused(tmp_path: Path) -> None:
    """20000001 and 20000003 have no float32: they would be 20000000 and 20000004."""
    seq = pl.Series([20000001, 20000003], dtype=pl.Float32)
    spec = trades(tmp_path, seq, pl.Series(["09:30:00", "14:57:00"]), "%H:%M:%S%.f")
    with pytest.raises(SourceError, match="column 'n' of type Float32, which rounds"):
        read(spec)


def test_the_form_of_numbers_is_told_where_another_is_said(tmp_path: Path, lake: Lake) -> None:
    spec = trades(tmp_path, pl.Series([1, 2]), pl.Series([93000000, 145700120]), "%H:%M:%S%.f")
    with pytest.raises(NothingReadError, match='`time_format: "HHMMSSmmm"` reads it'):
        ingest([spec], lake, show_progress=False)
