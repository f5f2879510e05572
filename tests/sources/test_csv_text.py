"""Csv as people save it: headers that lack or differ, other kinds of files, spreadsheets' text."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.sources import MappingSpec, NothingReadError, SourceError, StockBasicSpec, ingest

NAMES = ("date", "code", "open", "high", "low", "close", "volume")
ROW = "2023-01-03,600519.SH,10,10.1,9.9,10,100"
FIELDS = {"symbol" if c == "code" else c: c for c in NAMES}


def take(lake: Lake, vendor: Path, content: str | bytes, **keys: Any) -> list[tuple]:
    path = vendor / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    given = {"table": "daily", "path": str(path), "columns": FIELDS, "datetime_format": "%Y-%m-%d"}
    ingest([MappingSpec.model_validate({**given, **keys})], lake, show_progress=False)
    return lake.scan("daily").select("symbol", "close", "volume").collect().rows()


def test_a_file_without_a_header_has_the_columns_that_the_mapping_names(
    lake: Lake, vendor: Path
) -> None:
    with pytest.raises(SourceError, match=r"without a header\? `names: \[\.\.\.\]`"):
        take(lake, vendor, ROW + "\n")
    assert take(lake, vendor, ROW + "\n", names=NAMES) == [("600519.SH", 10.0, 100)]


def test_names_hold_every_column_that_is_mapped() -> None:
    given = {"table": "daily", "path": "a.csv", "columns": FIELDS, "names": NAMES[:-1]}
    with pytest.raises(ValidationError, match="names lacks volume"):
        MappingSpec.model_validate(given)


@pytest.mark.parametrize("cell", ['"=""{}"""', '="{}"', "'{}", "'{}'"])
def test_text_as_spreadsheets_keep_it(lake: Lake, vendor: Path, cell: str) -> None:
    first, code, *rest = ROW.split(",")
    line = ",".join([cell.format(first), cell.format(code), *rest])
    assert take(lake, vendor, f"{','.join(NAMES)}\n{line}\n") == [("600519.SH", 10.0, 100)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("DATE,CODE,Open,high,low,close,volume", "'date' may be 'DATE'"),
        ("date,code,open,high,low,close,volume(股)", "'volume' may be 'volume(股)'"),
        ("date,code,open,high,low,close,vol ume", "'volume' may be 'vol ume'"),
    ],
)
def test_columns_that_come_near(lake: Lake, vendor: Path, header: str, said: str) -> None:
    with pytest.raises(SourceError) as error:
        take(lake, vendor, f"{header}\n{ROW}\n")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Rar!\x1a\x07\x00", "a rar archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel file of old"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"ARROW1\0\0", "Feather"),
        (b"\x80\x04\x95", "pickle"),
        (b"\n <HTML><table>", "HTML"),
        (b'[{"date": "2023-01-03"}]', "JSON"),
    ],
)
def test_other_files_are_named_and_no_encoding_is_blamed(
    lake: Lake, vendor: Path, content: bytes, said: str
) -> None:
    with pytest.raises(SourceError) as error:
        take(lake, vendor, content)
    assert said in str(error.value)
    assert "encoding" not in str(error.value)


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named(lake: Lake, vendor: Path, name: str) -> None:
    text = f"{','.join(NAMES)},名称\n{ROW},茅台\n"
    with pytest.raises(SourceError, match=f"`encoding: {name}`"):
        take(lake, vendor, text.encode(name))
    assert take(lake, vendor, text.encode(name), encoding=name)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_reference_tables_need_neither_encoding_nor_separator(
    lake: Lake, vendor: Path, encoding: str, mark: str
) -> None:
    text = "ts_code,name,industry,list_date\n600519.SH,贵州茅台,白酒,20010827\n"
    (vendor / "S.CSV").write_bytes(text.replace(",", mark).encode(encoding))
    ingest([StockBasicSpec(path=str(vendor / "S.CSV"))], lake, show_progress=False)
    assert lake.scan("instruments").collect()["name"].to_list() == ["贵州茅台"]


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (("01/13/2023", "01/04/2023"), '`datetime_format: "%m/%d/%Y"` reads it'),
        (("01/03/2023", "01/04/2023"), "day or month first?"),
        (("20230103", "2023/1/4"), '`datetime_format: "%Y%m%d"` reads it'),
    ],
)
def test_all_days_of_a_file_choose_the_format(
    lake: Lake, vendor: Path, stamps: tuple[str, ...], said: str
) -> None:
    lines = [ROW.replace("2023-01-03", stamp) for stamp in stamps]
    with pytest.raises(NothingReadError) as error:
        take(lake, vendor, "\n".join([",".join(NAMES), *lines]))
    assert said in str(error.value)


def test_a_file_of_two_forms_says_so(lake: Lake, vendor: Path) -> None:
    path = vendor / "a.csv"
    path.write_text("\n".join([",".join(NAMES), ROW, ROW.replace("2023-01-03", "20230104")]))
    given = {"table": "daily", "path": str(path), "columns": FIELDS, "datetime_format": "%Y-%m-%d"}
    report = ingest([MappingSpec.model_validate(given)], lake, show_progress=False)
    assert "the file has more than one form" in report.to_text()


@pytest.mark.parametrize("change", ["\t{}", "{}\t"])
def test_empty_columns_at_the_ends_of_tabs_stay_columns(
    lake: Lake, vendor: Path, change: str
) -> None:
    text = "\n".join(change.format(line.replace(",", "\t")) for line in (",".join(NAMES), ROW))
    assert take(lake, vendor, text + "\n", separator="\t") == [("600519.SH", 10.0, 100)]
