"""Numbers as people write them: read and counted, or set aside where two scales would meet."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import IngestReport, MappingSpec, NothingReadError, ingest
from intralpha.sources.ingest import SourceCount
from intralpha.sources.numerals import GROUPED, PERCENT, SIZED, UNITS, WIDE, spelt

HEAD = "date,code,open,high,low,close,volume,amount,turn"
FIELDS = {"symbol": "code", "turnover_percent": "turn"}
FIELDS |= {c: c for c in ("date", "open", "high", "low", "close", "volume", "amount")}


def take(
    lake: Lake, vendor: Path, volume: str, amount: str, turn: str, **keys: Any
) -> IngestReport:
    text = f'{HEAD}\n2023-01-03,600519.SH,10,10.1,9.9,10,"{volume}","{amount}",{turn}\n'
    (vendor / "a.csv").write_text(text)
    given = {"table": "daily", "path": str(vendor / "a.csv"), "columns": FIELDS}
    given |= {"datetime_format": "%Y-%m-%d", **keys}
    return ingest([MappingSpec.model_validate(given)], lake, show_progress=False)


def test_thousands_ten_thousands_and_percent_are_numbers_and_counted(
    lake: Lake, vendor: Path
) -> None:
    report = take(lake, vendor, "120,000", "0.012亿", "0.3%")
    found = lake.scan("daily").select("volume", "amount", "float_shares").collect().row(0)
    assert found == (120_000, 1_200_000.0, pytest.approx(4e7))
    assert dict(report.counts[0].repairs) == {GROUPED: 1, SIZED: 1, PERCENT: 1}


def test_lots_in_ten_thousands_are_a_hundred_times_as_many_shares(lake: Lake, vendor: Path) -> None:
    take(lake, vendor, "0.12万", "1200000", "0.3", volume_unit="lots")
    assert lake.scan("daily").collect()["volume"].to_list() == [120_000]


@pytest.mark.parametrize(
    ("values", "keys", "said"),
    [
        (("120000", "120万", "1"), {"amount_unit_yuan": 10_000}, "found '120万' in 'amount'"),
        (("12万", "1200000", "1"), {"volume_scale": 10}, "found '12万' in 'volume'"),
        (("120000", "1200000", "1%"), {"scale": {"turnover_percent": 100}}, "found '1%' in 'turn'"),
    ],
)
def test_a_number_that_says_its_size_in_a_field_that_is_scaled_is_no_number(
    lake: Lake, vendor: Path, values: tuple[str, str, str], keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(NothingReadError) as error:
        take(lake, vendor, *values, **keys)
    assert said in str(error.value)
    if "万" in said:
        assert "which one counts?" in str(error.value)


def test_what_is_no_numeral_stays_none() -> None:
    text = pl.Series(["9,95", "1,00,000", "100手", "1%", "¥1", "1万2", "千", "1e4万", "", None])
    read, counts = spelt(text, text.cast(pl.Float64, strict=False))
    assert read.null_count() == len(text)
    assert counts == {}


def test_letters_of_double_width() -> None:
    text = pl.Series(["１２．５", "１，０００"])
    read, counts = spelt(text, text.cast(pl.Float64, strict=False))
    assert read.to_list() == [12.5, 1000.0]
    assert counts == {GROUPED: 1, WIDE: 2}


def test_sizes_leave_no_dust() -> None:
    text = pl.Series(["1.15万", "0.0029亿", "4606.97377万", "2万亿", "-3.3百万"])
    read = spelt(text, text.cast(pl.Float64, strict=False))[0]
    assert read.to_list() == [11_500.0, 290_000.0, 46_069_737.7, 2e12, -3_300_000.0]


@pytest.mark.parametrize(
    ("volume", "amount", "keys"),
    [
        ("1,200手", "120万元", {"volume_unit": "lots"}),
        ("0.12万手", "¥1,200,000", {"volume_unit": "lots"}),
        ("12万股", "￥1200000.00 ", {}),
        ("120000 股", "CNY 1,200,000", {}),
        (" １２００００　", "1200000元", {}),
    ],
)
def test_a_unit_that_the_mapping_says_too_is_read_and_counted(
    lake: Lake, vendor: Path, volume: str, amount: str, keys: dict[str, Any]
) -> None:
    report = take(lake, vendor, volume, amount, "0.3", **keys)
    found = lake.scan("daily").select("volume", "amount").collect().row(0)
    assert found == (120_000, 1_200_000.0)
    assert report.counts[0].repairs[UNITS] == 1 + ("手" in volume or "股" in volume)


@pytest.mark.parametrize(
    ("volume", "amount", "keys", "said"),
    [
        ("1200手", "1200000", {}, "it counts lots; `volume_unit: lots`"),
        ("120000股", "1200000", {"volume_unit": "lots"}, "it counts shares; `volume_unit: shares`"),
        ("1200", "120元", {"amount_unit_yuan": 10_000, "volume_unit": "lots"}, "which one counts?"),
        ("120000", "$1200000", {}, "found '$1200000' in 'amount', expected a number"),
        ("120000", "1200000手", {}, "found '1200000手' in 'amount', expected a number"),
    ],
)
def test_a_unit_that_the_mapping_contradicts_is_no_number(
    lake: Lake, vendor: Path, volume: str, amount: str, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(NothingReadError) as error:
        take(lake, vendor, volume, amount, "0.3", **keys)
    assert said in str(error.value)


def prices(
    lake: Lake, vendor: Path, rows: list[str], **keys: Any
) -> tuple[list[float], SourceCount]:
    """Closes of rows of ``open;high;low;close;volume;amount``, and what was counted."""
    head = HEAD.removesuffix(",turn").replace(",", ";")
    lines = [f"2023-01-0{3 + i};510300.SH;{row}" for i, row in enumerate(rows)]
    (vendor / "a.csv").write_text("\n".join([head, *lines]) + "\n")
    columns = {k: v for k, v in FIELDS.items() if k != "turnover_percent"}
    given = {"table": "daily", "path": str(vendor / "a.csv"), "columns": columns, "separator": ";"}
    given |= {"datetime_format": "%Y-%m-%d", **keys}
    (count,) = ingest([MappingSpec.model_validate(given)], lake, show_progress=False).counts
    return lake.scan("daily").sort("date").collect()["close"].to_list(), count


ALL_COMMAS = ["3,950;3,990;3,910;3,950;120000;474000", "4,010;4,050;3,990;4,010;120000;481200"]


def test_prices_with_three_digits_behind_a_comma_may_be_decimals_and_nobody_guesses(
    lake: Lake, vendor: Path
) -> None:
    with pytest.raises(NothingReadError) as error:
        prices(lake, vendor, ALL_COMMAS)
    said = "found '3,950' in 'open', expected a number; decimals or thousands? "
    assert said + '`decimal: ","` or `decimal: "."`' in str(error.value)


def test_a_mapping_says_what_a_comma_is(lake: Lake, vendor: Path) -> None:
    assert prices(lake, vendor, ALL_COMMAS, decimal=",")[0] == [3.95, 4.01]
    other = Lake(vendor / "thousands", create=True)
    assert prices(other, vendor, ALL_COMMAS, decimal=".")[0] == [3950.0, 4010.0]


def test_points_elsewhere_say_that_commas_group(lake: Lake, vendor: Path) -> None:
    rows = ["1,700;1,712.5;1,699;1,700;100;170000", "1,700;1,700;1,700;1,700;100;170000"]
    found, count = prices(lake, vendor, rows)
    assert found == [1700.0, 1700.0]
    assert count.repairs[GROUPED] == 8


def test_one_decimal_comma_says_that_the_others_are(lake: Lake, vendor: Path) -> None:
    rows = ["3,950;3,990;3,910;3,95;1;4", "4,010;4,050;3,990;4,010;120000;481,2", "4;4;4;4;9;36"]
    found, count = prices(lake, vendor, rows)
    assert found == [4.0]
    assert sum(count.quarantined.values()) == 2
    assert 'decimals or thousands? `decimal: ","`' in " ".join(count.first.values())


def test_decimal_commas_beside_points_that_group(lake: Lake, vendor: Path) -> None:
    rows = ["3,95;3,99;3,91;3,95;1.200.000;4.740.000,50", "4.01;4,05;3,99;4,01;120.000;481.200,1"]
    found, count = prices(lake, vendor, rows, decimal=",")
    assert found == [3.95]
    assert "found '4.01' in 'open', expected a number" in " ".join(count.first.values())
    assert lake.scan("daily").collect()["volume"].to_list() == [1_200_000]
    assert lake.scan("daily").collect()["amount"].to_list() == [4_740_000.5]


def test_text_of_parquet_with_spaces_around_numbers(lake: Lake, vendor: Path) -> None:
    row = {"code": "600519.SH", "date": "2023-01-03", "open": " 10", "high": "10.1 "}
    row |= {"low": "9.9\u3000", "close": "\u00a010", "volume": "100 ", "amount": "1000\t"}
    pl.DataFrame([row]).write_parquet(vendor / "a.parquet")
    columns = {k: v for k, v in FIELDS.items() if k != "turnover_percent"}
    given = {"table": "daily", "path": str(vendor / "a.parquet"), "columns": columns}
    given |= {"datetime_format": "%Y-%m-%d", "format": "parquet"}
    ingest([MappingSpec.model_validate(given)], lake, show_progress=False)
    assert lake.scan("daily").select("low", "close", "volume").collect().row(0) == (9.9, 10.0, 100)
