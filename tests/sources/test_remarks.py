"""What a vendor's rows say that is odd: counted, with what becomes of it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from intralpha.market import Lake
from intralpha.sources import IngestReport, MappingSpec, ingest
from intralpha.sources.quality.daily import FALLS, OUTSIDE
from intralpha.sources.remarks import ADJUSTED, CONTRADICTS, DEAR, EMPTY, LACKS
from intralpha.sources.source import SetAsideError

HEAD = "date,code,open,high,low,close,volume,amount"
FIELDS = {"symbol": "code"} | {c: c for c in HEAD.split(",") if c != "code"}
CLOSES = {"2023-01-03": 10.0, "2023-01-04": 10.1, "2023-01-05": 10.2}


def lines(more: list[str], name: str = "") -> str:
    rows = [
        f"{day},600519,{c},{c + 0.1:.2f},{c - 0.1:.2f},{c},1000,{1000 * c - 7}" + extra
        for (day, c), extra in zip(CLOSES.items(), more, strict=True)
    ]
    return "\n".join([HEAD + name, *rows]) + "\n"


def take(lake: Lake, path: Path, **more: str) -> IngestReport:
    given: dict[str, Any] = {"table": "daily", "path": str(path), "columns": FIELDS | more}
    spec = MappingSpec.model_validate({**given, "datetime_format": "%Y-%m-%d"})
    return ingest([spec], lake, show_progress=False)


def kept(lake: Lake, column: str) -> list:
    return lake.scan("daily").collect()[column].to_list()


@pytest.mark.parametrize("none", ["", "nan", "--", "0"])
def test_a_row_without_a_factor_stays_and_is_counted(lake: Lake, vendor: Path, none: str) -> None:
    (vendor / "a.csv").write_text(lines([",1.5", f",{none}", ",1.5"], ",f"))
    count = take(lake, vendor / "a.csv", adj_factor="f").counts[0]
    assert kept(lake, "adj_factor") == [1.5, 1.5, 1.5]
    assert dict(count.notes) == {LACKS.format("adj_factor"): 1}


def test_limits_that_lack_are_counted(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(lines([",11,9", ",,", ",0,0"], ",u,d"))
    notes = dict(take(lake, vendor / "a.csv", up_limit="u", down_limit="d").counts[0].notes)
    assert notes == {LACKS.format("up_limit"): 2, LACKS.format("down_limit"): 2}


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("交易", "停牌"), ("Y", "N"), ("是", "否")])
def test_a_volume_of_a_day_that_is_said_not_to_have_traded(
    lake: Lake, vendor: Path, yes: str, no: str
) -> None:
    (vendor / "a.csv").write_text(lines([f",{yes}", f",{no}", f",{yes}"], ",t"))
    assert dict(take(lake, vendor / "a.csv", traded="t").counts[0].notes) == {CONTRADICTS: 1}


@pytest.mark.parametrize(("yes", "no"), [("ST", "正常"), ("*ST", "N"), ("是", "否"), ("yes", "no")])
def test_words_of_st(lake: Lake, vendor: Path, yes: str, no: str) -> None:
    (vendor / "a.csv").write_text(lines([f",{yes}", f",{no}", ","], ",s"))
    take(lake, vendor / "a.csv", st="s")
    assert kept(lake, "st") == [True, False, None]


def test_a_day_whose_prices_say_that_it_was_suspended(lake: Lake, vendor: Path) -> None:
    text = lines(["", "", ""]) + "2023-01-06,600519,停牌,停牌,停牌,停牌,停牌,停牌\n"
    (vendor / "a.csv").write_text(text)
    assert not take(lake, vendor / "a.csv").counts[0].quarantined
    assert kept(lake, "suspended") == [False, False, False, True]


def test_files_without_rows_and_files_of_adjusted_prices_are_named(
    lake: Lake, vendor: Path
) -> None:
    (vendor / "600519_qfq.csv").write_text(lines(["", "", ""]))
    (vendor / "b.csv").write_text(HEAD + "\n")
    count = take(lake, vendor).counts[0]
    assert dict(count.notes) == {ADJUSTED: 1, EMPTY: 1}
    assert (count.first[ADJUSTED][:14], count.first[EMPTY]) == ("600519_qfq.csv", "b.csv")


@pytest.mark.parametrize(
    ("column", "values"),
    [("adj_factor", ["1.05", "1.05", "1.0"]), ("pct_change", ["0.01", "0.01", "0.0099"])],
)
def test_a_factor_that_falls_is_a_fault(
    lake: Lake, vendor: Path, column: str, values: list[str]
) -> None:
    """A factor that divides, and percent changes as fractions, which make precloses rise."""
    from intralpha.sources import quality

    (vendor / "a.csv").write_text(lines([f",{v}" for v in values], ",x"))
    take(lake, vendor / "a.csv", **{column: "x"})
    found = quality(lake)
    assert found.summary()[FALLS] >= 1
    assert FALLS in found.above(0.01)
    assert date(2023, 1, 5) in found.faults[FALLS]["date"].to_list()


def test_a_source_most_of_which_is_set_aside_is_an_error_though_its_rows_are_there(
    lake: Lake, vendor: Path
) -> None:
    text = lines(["", "", ""]).replace("2023-01-04", "4.1.23").replace("2023-01-05", "5.1.23")
    (vendor / "a.csv").write_text(text)
    report = take(lake, vendor / "a.csv")
    assert kept(lake, "close") == [10.0]
    with pytest.raises(SetAsideError, match=r"2 of 3 rows are set aside[^$]*a.csv line 3: found"):
        report.demand(None)
    report.demand(1.0)


@pytest.mark.parametrize(
    ("code", "times", "dear"),
    [
        ("600519", 1, 0),
        ("600519", 10_000, 3),
        ("000300", 400, 3),
        ("000905.SZ", 600, 3),
        ("000300.SH", 400, 0),
        ("600519", 200, 0),
    ],
)
def test_prices_that_no_share_has_had(
    lake: Lake, vendor: Path, code: str, times: int, dear: int
) -> None:
    """Prices in another scale, and an index that its plain number makes a share of Shenzhen."""
    rows = [f"{day},{code},{p},{p},{p},{p},100,{100 * p}" for day in CLOSES for p in [10 * times]]
    (vendor / "a.csv").write_text("\n".join([HEAD, *rows]))
    count = take(lake, vendor / "a.csv").counts[0]
    assert count.notes[DEAR] == dear


def test_rows_outside_a_listing_are_a_fault(lake: Lake, vendor: Path) -> None:
    from intralpha.sources import StockBasicSpec, quality

    text = "code,name,from,to\n600519,a,2023-01-04,2023-01-04\n000001.SZ,b,1991-04-03,\n"
    (vendor / "s.csv").write_text(text)
    columns = {"symbol": "code", "name": "name", "list_date": "from", "delist_date": "to"}
    stocks = StockBasicSpec(path=str(vendor / "s.csv"), columns=columns)
    ingest([stocks], lake, show_progress=False)
    both = lines(["", "", ""])
    both += both.split("\n", 1)[1].replace("600519", "000001.SZ")
    (vendor / "a.csv").write_text(both)
    take(lake, vendor / "a.csv")
    found = quality(lake).faults[OUTSIDE]
    outside = found.select("date", "symbol").sort("date").rows()
    assert outside == [(date(2023, 1, 3), "600519.SH"), (date(2023, 1, 5), "600519.SH")]
