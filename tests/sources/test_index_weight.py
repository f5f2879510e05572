"""Lists of constituents by day as periods of membership; lists of stocks as csv."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.market.merge import ConflictError
from intralpha.sources import MembersSpec, SourceError, StockBasicSpec, ingest
from intralpha.sources.index_weight import NOT_WHOLE, IndexWeightSpec

HEAD = "index_code,con_code,trade_date,weight\n"
JANUARY = "000300.SH,600519.SH,20230103,60\n000300.SH,000001.SZ,20230103,40\n"
FEBRUARY = "000300.SH,600519.SH,20230201,70.5\n000300.SH,600000.SH,20230201,29.5\n"


def rows(lake: Lake) -> list[tuple]:
    found = lake.scan("membership").sort("in_date", "symbol").collect()
    return found.select("symbol", "in_date", "out_date", "weight").rows()


def test_a_list_holds_until_the_next_one(lake: Lake, vendor: Path) -> None:
    (vendor / "202301.csv").write_text(HEAD + JANUARY)
    spec = IndexWeightSpec(path=str(vendor))
    ingest([spec], lake, show_progress=False)
    first = date(2023, 1, 3)
    assert rows(lake) == [("000001.SZ", first, None, 0.4), ("600519.SH", first, None, 0.6)]
    (vendor / "202302.csv").write_text(HEAD + FEBRUARY)
    report = ingest([spec], lake, show_progress=False)  # closes the list before, without a conflict
    last, second = date(2023, 1, 31), date(2023, 2, 1)
    assert rows(lake) == [
        ("000001.SZ", first, last, 0.4),
        ("600519.SH", first, last, 0.6),
        ("600000.SH", second, None, 0.295),
        ("600519.SH", second, None, 0.705),
    ]
    assert (report.counts[0].added, report.counts[0].replaced) == (2, 2)
    assert ingest([spec], lake, show_progress=False).unchanged


def test_another_weight_of_a_known_list_is_a_conflict(lake: Lake, vendor: Path) -> None:
    (vendor / "202301.csv").write_text(HEAD + JANUARY)
    ingest([IndexWeightSpec(path=str(vendor))], lake, show_progress=False)
    (vendor / "202301.csv").write_text(HEAD + JANUARY.replace("60\n", "61\n"))
    with pytest.raises(ConflictError):
        ingest([IndexWeightSpec(path=str(vendor))], lake, show_progress=False)


def test_rows_that_cannot_be_used_and_columns_of_another_vendor(lake: Lake, vendor: Path) -> None:
    text = "idx,code,day\n000300.XSHG,600519.XSHG,2023-01-03\n000300.XSHG,AAPL,2023-01-03\n"
    (vendor / "a.csv").write_text(text + "000300.XSHG,000001.XSHE,\n")
    columns = {"index": "idx", "symbol": "code", "date": "day"}
    spec = IndexWeightSpec(path=str(vendor), columns=columns)
    said = ingest([spec], lake, show_progress=False).to_text()
    assert rows(lake) == [("600519.SH", date(2023, 1, 3), None, None)]
    assert "1  symbol of unknown form" in said
    assert "1  date is empty" in said
    with pytest.raises(ValidationError, match="did you mean 'weight'"):
        IndexWeightSpec(path="x", columns=columns | {"wieght": "w"})


def test_stocks_as_csv_of_another_vendor_in_gbk(lake: Lake, vendor: Path) -> None:
    text = "code,display_name,start_date,end_date\n600519.XSHG,贵州茅台,2001-08-27,2200-01-01\n"
    (vendor / "a.csv").write_bytes(text.encode("gbk"))
    columns = {"symbol": "code", "name": "display_name", "list_date": "start_date"}
    columns["delist_date"] = "end_date"  # far away: listed still
    ingest([StockBasicSpec(path=str(vendor), columns=columns)], lake, show_progress=False)
    found = lake.scan("instruments").collect().row(0, named=True)
    assert (found["name"], found["list_date"]) == ("贵州茅台", date(2001, 8, 27))
    assert found["delist_date"] is None


def test_an_end_of_the_listing_is_read(lake: Lake, vendor: Path) -> None:
    text = "ts_code,name,industry,list_date,delist_date\n000003.SZ,PT,综合,19910114,20020614\n"
    (vendor / "a.csv").write_text(text)
    columns = {"symbol": "ts_code", "name": "name", "list_date": "list_date"}
    columns |= {"industry": "industry", "delist_date": "delist_date"}
    ingest([StockBasicSpec(path=str(vendor), columns=columns)], lake, show_progress=False)
    assert lake.scan("instruments").collect()["delist_date"].to_list() == [date(2002, 6, 14)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 0, 2)])
def test_lists_that_come_one_by_one_end_where_the_next_begins(
    lake: Lake, tmp_path: Path, order: tuple[int, ...]
) -> None:
    lists = (JANUARY, FEBRUARY, FEBRUARY.replace("202302", "202303"))
    vendor = tmp_path / "lists"
    vendor.mkdir()
    for i, text in enumerate(lists):
        (vendor / f"{i}.csv").write_text(HEAD + text)
    specs = [IndexWeightSpec(path=str(vendor / f"{i}.csv")) for i in order]
    ingest(specs, lake, show_progress=False)
    at_once = Lake(tmp_path / "at_once", create=True)
    ingest([IndexWeightSpec(path=str(vendor))], at_once, show_progress=False)
    assert rows(lake) == rows(at_once)
    assert ingest(specs, lake, show_progress=False).unchanged


def test_a_list_is_not_ended_by_periods_from_elsewhere(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(HEAD + JANUARY)
    (vendor / "m").mkdir()
    (vendor / "m" / "csi300.txt").write_text("600519.SH 2023-01-20 2099-12-31\n")
    members = MembersSpec(path=str(vendor / "m"))
    ingest([members, IndexWeightSpec(path=str(vendor / "a.csv"))], lake, show_progress=False)
    assert [row[2] for row in rows(lake)] == [None, None, date(2099, 12, 31)]


@pytest.mark.parametrize("mode", ["keep", "replace"])
def test_a_corrected_list_among_others(lake: Lake, vendor: Path, mode: Any) -> None:
    (vendor / "a.csv").write_text(HEAD + JANUARY + FEBRUARY)
    spec = IndexWeightSpec(path=str(vendor))
    ingest([spec], lake, show_progress=False)
    (vendor / "a.csv").write_text(HEAD + JANUARY.replace("60\n", "61\n"))
    ingest([spec], lake, mode, show_progress=False)
    weight = 0.6 if mode == "keep" else 0.61
    assert ("600519.SH", date(2023, 1, 3), date(2023, 1, 31), weight) in rows(lake)


def test_a_weight_that_is_none_is_set_aside(lake: Lake, vendor: Path) -> None:
    text = JANUARY.replace("40\n", "many\n") + "000300.SH,600000.SH,20230103,-1\n"
    (vendor / "a.csv").write_text(HEAD + text + "000300.SH,600004.SH,20230103,\n")
    said = ingest([IndexWeightSpec(path=str(vendor))], lake, show_progress=False).to_text()
    assert "2  weight is no number from 0 on" in said
    assert [(row[0], row[3]) for row in rows(lake)] == [("600004.SH", None), ("600519.SH", 0.6)]


@pytest.mark.parametrize(("unit", "other"), [("percent", "fraction"), ("fraction", "percent")])
def test_weights_in_the_other_unit_are_refused(
    lake: Lake, vendor: Path, unit: str, other: str
) -> None:
    text = (
        JANUARY if unit == "fraction" else JANUARY.replace("60\n", ".6\n").replace("40\n", ".4\n")
    )
    (vendor / "a.csv").write_text(HEAD + text)
    spec = IndexWeightSpec(path=str(vendor), weight_unit=unit)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=f"`weight_unit: {other}` fits"):
        ingest([spec], lake, show_progress=False)


def test_weights_that_are_not_the_whole_are_noted(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(HEAD + JANUARY.replace("60\n", "30\n"))
    count = ingest([IndexWeightSpec(path=str(vendor))], lake, show_progress=False).counts[0]
    assert dict(count.notes) == {NOT_WHOLE: 1}
    assert count.first[NOT_WHOLE].startswith("000300.SH 2023-01-03: 70 %")


@pytest.mark.parametrize("index", ["000300", "300", "000300.CSI", "000300.XSHG"])
def test_plain_numbers_and_percent_signs(lake: Lake, vendor: Path, index: str) -> None:
    """The number of an index is not the stock of Shenzhen that shares it."""
    text = JANUARY.replace("000300.SH", index).replace("60\n", "60%\n")
    (vendor / "a.csv").write_text(HEAD + text.replace("20230103", "2023-01-03 00:00:00"))
    count = ingest([IndexWeightSpec(path=str(vendor))], lake, show_progress=False).counts[0]
    first = date(2023, 1, 3)
    assert rows(lake) == [("000001.SZ", first, None, 0.4), ("600519.SH", first, None, 0.6)]
    assert lake.scan("membership").collect()["index"].unique().to_list() == ["000300.SH"]
    assert sum(count.notes.values()) == 2  # days with a time of day
