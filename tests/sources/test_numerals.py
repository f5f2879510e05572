"""Numbers as people write them: read and counted, or set aside where two scales would meet."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import IngestReport, MappingSpec, NothingReadError, ingest
from intralpha.sources.numerals import GROUPED, PERCENT, SIZED, WIDE, spelt

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
