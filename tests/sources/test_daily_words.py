"""Change, percent change and capitalisation of daily rows: what they supply and what they check."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.sources import MappingSpec, ingest

NAMES = "date,code,open,high,low,close,volume"
COLUMNS = {
    **{c: c for c in NAMES.split(",") if c != "code"},
    "symbol": "code",
}


def spec(path: Path, columns: dict[str, str], **keys: object) -> MappingSpec:
    given = {"kind": "mapping", "table": "daily", "path": str(path), **keys}
    given |= {"columns": COLUMNS | columns, "datetime_format": "%Y-%m-%d"}
    return MappingSpec.model_validate(given)


def row(day: str, close: float, *more: object, code: str = "600519") -> str:
    return ",".join(map(str, (day, code, close, close, close, close, 1000, *more)))


def read(lake: Lake, path: Path, names: str, lines: list[str], **keys: object) -> str:
    path.write_text("\n".join([f"{NAMES},{names}", *lines]))
    columns = {n: n for n in names.split(",")}
    return ingest([spec(path, columns, **keys)], lake, show_progress=False).to_text()


def test_the_change_gives_the_preclose_and_with_it_the_dividend(lake: Lake, vendor: Path) -> None:
    # On the third day the stock goes ex a dividend of 0.50: 10.20 - 0.50 = 9.70; 9.80 is + 0.10.
    lines = [
        row("2023-01-03", 10.0, 0.1),
        row("2023-01-04", 10.2, 0.2),
        row("2023-01-05", 9.8, 0.1),
    ]
    said = read(lake, vendor / "a.csv", "change", lines)
    daily = lake.scan("daily").collect()
    assert daily["preclose"].to_list() == [9.9, 10.0, 9.7]
    assert daily["adj_factor"].to_list() == [1.0, 1.0, 10.2 / 9.7]
    assert "3  precloses from close - change" in said


def test_a_percent_change_gives_the_preclose_to_the_tick(lake: Lake, vendor: Path) -> None:
    # 10.20 / 1.0515 = 9.7004: 9.70, of which 10.20 is 5.1546 % and shown as 5.15.
    lines = [row("2023-01-03", 10.2, 5.15), row("2023-01-04", 10.2, 0)]
    said = read(lake, vendor / "a.csv", "pct_change", lines)
    assert lake.scan("daily").collect()["preclose"].to_list() == [9.7, 10.2]
    assert "2  precloses from close and percent change" in said
    assert "several ticks fit" not in said


def test_a_fraction_is_declared_and_two_digits_do_not_settle_a_high_price(
    lake: Lake, vendor: Path
) -> None:
    lines = [row("2023-01-03", 1700.0, 0.0123)]
    said = read(lake, vendor / "a.csv", "pct_change", lines, scale={"pct_change": 100})
    assert lake.scan("daily").collect()["preclose"].to_list() == [1679.34]  # 1700 / 1.0123
    assert "1  precloses from a percent change whose two digits several ticks fit" in said


def test_the_change_comes_before_the_percent_change(lake: Lake, vendor: Path) -> None:
    read(lake, vendor / "a.csv", "change,pct_change", [row("2023-01-03", 1700.0, 20.66, 1.23)])
    assert lake.scan("daily").collect()["preclose"].to_list() == [1679.34]


def test_a_preclose_that_is_given_is_kept_and_checked(lake: Lake, vendor: Path) -> None:
    lines = [
        row("2023-01-03", 10.0, 9.9, 0.1, 1.01),
        row("2023-01-04", 10.2, 10.0, 0.2, 2.0),
        row("2023-01-05", 9.8, 10.2, 0.1, 1.03),  # the change counts from 9.70
    ]
    said = read(lake, vendor / "a.csv", "preclose,change,pct_change", lines)
    assert lake.scan("daily").collect()["preclose"].to_list() == [9.9, 10.0, 10.2]
    assert "1  change is not close - preclose" in said
    assert "600519.SH 2023-01-05: change 0.1, close 9.8, preclose 10.2" in said
    assert "Days ex dividend" in said
    assert "1  percent change is not that of close and preclose" in said


@pytest.mark.parametrize(
    ("percent", "cause"),
    [(0.0101, "`scale: {pct_change: 100}`"), (101.0, "`scale: {pct_change: 0.01}`")],
)
def test_a_wrong_unit_of_the_percent_is_named(
    lake: Lake, vendor: Path, percent: float, cause: str
) -> None:
    lines = [row(f"2023-01-0{d}", 10.0, 9.9, percent) for d in (3, 4, 5)]
    said = read(lake, vendor / "a.csv", "preclose,pct_change", lines)
    assert "3  percent change is not that" in said
    assert cause in said


def test_adjusted_prices_beside_raw_changes_are_named(lake: Lake, vendor: Path) -> None:
    lines = [row(f"2023-01-0{d}", 20.0, 19.8, 0.1) for d in (3, 4, 5)]
    said = read(lake, vendor / "a.csv", "preclose,change", lines)
    assert "3  change is not close - preclose" in said
    assert "Adjusted prices beside raw changes" in said


def test_suspended_rows_of_zeros_supply_nothing(lake: Lake, vendor: Path) -> None:
    idle = "2023-01-04,600519,0,0,0,0,0,0,0"
    lines = [row("2023-01-03", 10.0, 0.1, 1.01), idle]
    read(lake, vendor / "a.csv", "change,pct_change", lines)
    daily = lake.scan("daily").collect()
    assert daily["preclose"].to_list() == [9.9, 10.0]
    assert daily["suspended"].to_list() == [False, True]


def test_capitalisation_gives_shares(lake: Lake, vendor: Path) -> None:
    lines = [row("2023-01-03", 10.5, 8400.0, 12600.0)]
    read(
        lake,
        vendor / "a.csv",
        "float_cap,total_cap",
        lines,
        scale=dict.fromkeys(("float_cap", "total_cap"), 1e4),
    )
    daily = lake.scan("daily").collect()
    assert daily.select("float_shares", "total_shares").row(0) == (8e6, 12e6)


def test_words_of_daily_rows_are_refused_for_bars_and_scales_without_a_field(vendor: Path) -> None:
    bars = {"table": "bars", "freq": 5, "datetime_format": "%Y-%m-%d %H:%M:%S"}
    given = {"kind": "mapping", "path": "x", "symbol_from": "file"}
    columns = COLUMNS | {"datetime": "date", "amount": "a", "change": "c"}
    with pytest.raises(ValidationError, match="change is for daily rows; found table: bars"):
        MappingSpec.model_validate({**given, **bars, "columns": columns})
    with pytest.raises(
        ValidationError, match=r"scale has unknown 'pct_chg' \(did you mean 'pct_ch"
    ):
        spec(vendor, {"pct_change": "p"}, scale={"pct_chg": 100})
    with pytest.raises(ValidationError, match="did you mean 'pct_change'"):
        spec(vendor, {"pct_chang": "p"})


def test_a_preclose_that_does_not_know_of_the_dividend_is_seen_by_the_limits(
    lake: Lake, vendor: Path
) -> None:
    # 0.50 are paid on the second day: the exchange counts from 9.50, the vendor's preclose from 10.
    lines = [
        row("2023-01-03", 10.0, 9.9, 10.89, 8.91),
        row("2023-01-04", 9.6, 10.0, 10.45, 8.55),
        row("2023-01-05", 9.6, 9.6, "", ""),  # no limits: nothing to compare
    ]
    names = "preclose,up_limit,down_limit"
    said = read(lake, vendor / "a.csv", names, lines)
    assert "1  preclose is not the middle of the day's limits" in said
    assert "600519.SH 2023-01-04: preclose 10, limits 8.55 .. 10.45. Days ex dividend" in said
