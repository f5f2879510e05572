"""Small oddities of vendors' files: read right and counted, or refused with the true cause."""

import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.market.merge import ConflictError
from intralpha.sources import MappingSpec, NothingReadError, SourceError, ingest
from intralpha.sources.csv_text import CLOSED
from intralpha.sources.ingest import SourceCount
from intralpha.sources.numerals import GROUPED
from intralpha.sources.parquet import ROUNDED
from intralpha.sources.raw_rows import TIMED
from intralpha.sources.remarks import EMPTY, UNSOLD

NAMES = ("code", "date", "open", "high", "low", "close", "volume", "amount")
HEAD = ",".join(NAMES) + "\n"
ROWS = (
    "600000.SH,2024-01-02,10,10.5,9.9,10.2,1000,10200",
    "600000.SH,2024-01-03,10.2,10.6,10.1,10.5,2000,20800",
)
COLUMNS = {("symbol" if n == "code" else n): n for n in NAMES}


def take(lake: Lake, path: Path, **keys: Any) -> tuple[pl.DataFrame, SourceCount]:
    given = {"table": "daily", "path": str(path), "columns": COLUMNS}
    spec = MappingSpec.model_validate(given | {"datetime_format": "%Y-%m-%d"} | keys)
    (count,) = ingest([spec], lake, show_progress=False).counts
    return lake.scan("daily").sort("symbol", "date").collect(), count


def text(vendor: Path, *rows: str, head: str = HEAD) -> Path:
    (vendor / "d.csv").write_text(head + "\n".join(rows) + "\n")
    return vendor / "d.csv"


def test_a_separator_at_the_end_of_every_line_but_the_header(lake: Lake, vendor: Path) -> None:
    plain, _ = take(Lake(vendor / "plain", create=True), text(vendor, *ROWS))
    rows, count = take(lake, text(vendor, *(f"{row},\r" for row in ROWS)))
    assert rows.equals(plain)
    assert (count.repairs[CLOSED], count.quarantined) == (2, {})


def test_one_line_with_a_separator_at_its_end_is_torn(lake: Lake, vendor: Path) -> None:
    rows, count = take(lake, text(vendor, ROWS[0], ROWS[1] + ","))
    assert (rows.height, dict(count.quarantined)) == (1, {"9 fields, expected 8": 1})


def test_a_file_of_a_byte_order_mark_alone_is_a_file_without_rows(lake: Lake, vendor: Path) -> None:
    text(vendor, *ROWS)
    (vendor / "mark.csv").write_bytes(b"\xef\xbb\xbf\r\n")
    rows, count = take(lake, vendor)
    assert (rows.height, count.notes[EMPTY]) == (2, 1)


def test_day_counts_of_spreadsheets_are_named(lake: Lake, vendor: Path) -> None:
    path = text(vendor, *(row.replace("2024-01-02", "45293") for row in ROWS[:1]))
    with pytest.raises(NothingReadError, match="a spreadsheet counts days so, 45293 is 2024-01-02"):
        take(lake, path)


def test_a_day_where_a_bar_has_a_time_asks_for_daily_rows(lake: Lake, vendor: Path) -> None:
    columns = {k: v for k, v in COLUMNS.items() if k != "date"} | {"datetime": "date"}
    keys = {"table": "bars", "freq": 5, "columns": columns}
    with pytest.raises(NothingReadError, match=r"a day without a time: `table: daily`\?"):
        take(lake, text(vendor, *ROWS), **keys, datetime_format="%Y-%m-%d %H:%M:%S")


def test_codes_in_letters_of_double_width(lake: Lake, vendor: Path) -> None:
    rows, _ = take(lake, text(vendor, ROWS[0].replace("600000.SH", "６０００００．ＳＨ")))
    assert rows["symbol"].to_list() == ["600000.SH"]


def test_a_code_in_no_range_says_what_is_read(lake: Lake, vendor: Path) -> None:
    with pytest.raises(NothingReadError, match=r"'204001' in 'code', which is in no range"):
        take(lake, text(vendor, ROWS[0].replace("600000.SH", "204001")))


def test_prices_of_float32_are_what_the_vendor_wrote(lake: Lake, vendor: Path) -> None:
    row = {"code": "600000.SH", "date": "2024-01-02", "open": 10.05, "high": 10.5, "low": 9.9}
    row |= {"close": 10.23, "volume": 123_456_789.0, "amount": 1.25e9}
    frame = pl.DataFrame([row]).with_columns(pl.col(pl.Float64).cast(pl.Float32))
    frame.write_parquet(vendor / "d.parquet")
    rows, count = take(lake, vendor / "d.parquet", format="parquet")
    assert rows.select("open", "high", "low", "close").row(0) == (10.05, 10.5, 9.9, 10.23)
    assert rows["volume"].to_list() == [123_456_792]  # the nearest float32
    assert count.notes[ROUNDED] == 1


def test_a_conflict_names_the_columns_of_the_vendor_only(lake: Lake, vendor: Path) -> None:
    take(lake, text(vendor, *ROWS))
    with pytest.raises(ConflictError, match=r"other values \(columns amount\)"):
        take(lake, text(vendor, ROWS[0], ROWS[1].replace("20800", "20900")))


def test_rows_of_a_joined_file_that_contradict_each_other_are_set_aside(
    lake: Lake, vendor: Path
) -> None:
    (vendor / "f.csv").write_text(
        "c,d,f\n600000,2024-01-02,2\n600000,2024-01-02,2\n600000,2024-01-02,3\n"
    )
    columns = {"symbol": "c", "date": "d", "adj_factor": "f"}
    joined = [{"path": str(vendor / "f.csv"), "columns": columns}]
    rows, count = take(lake, text(vendor, *ROWS), joined=joined)
    assert rows["adj_factor"][0] == 2
    assert count.repairs["rows of f.csv that repeat a stock's day, left out"] == 1
    assert dict(count.quarantined) == {"another row of the stock's day, with other values": 1}
    assert "f.csv line 4" in count.first["another row of the stock's day, with other values"]


def test_decimals_that_no_library_reads(lake: Lake, vendor: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = {
        "code": ["600000.SH"],
        "date": ["2024-01-02"],
        "close": pa.array([1], pa.decimal256(50)),
    }
    table |= {name: [1] for name in ("open", "high", "low", "volume", "amount")}
    pq.write_table(pa.table(table), vendor / "d.parquet")
    with pytest.raises(SourceError, match="decimals of at most 38 digits, or Float64"):
        take(lake, vendor / "d.parquet", format="parquet")


def test_a_tar_of_the_folder_itself(lake: Lake, vendor: Path) -> None:
    with tarfile.open(vendor / "v.tar.gz", "w:gz") as archive:
        archive.add(text(vendor, *ROWS), "./a/d.csv")
    assert take(lake, vendor / "v.tar.gz")[0].height == 2


def test_thousands_that_stand_apart(lake: Lake, vendor: Path) -> None:
    rows = [row.replace(",1000,10200", ",1 000,10\u00a0200") for row in ROWS]
    found, count = take(lake, text(vendor, *rows))
    assert found.select("volume", "amount").row(0) == (1000, 10_200)
    assert count.repairs[GROUPED] == 2


def test_percents_that_are_fractions_are_guessed(lake: Lake, vendor: Path) -> None:
    head = HEAD.replace("\n", ",pct\n")
    columns = COLUMNS | {"pct_change": "pct"}
    path = text(vendor, ROWS[0] + ",0.02", ROWS[1] + ",0.0294", head=head)
    _, count = take(lake, path, columns=columns)
    assert "`scale: {pct_change: 100}`" in " ".join(count.first.values())


def stamps(vendor: Path, *clocks: str) -> Path:
    rows = [row.split(",") for row in ROWS]
    frame = pl.DataFrame(rows, schema=list(NAMES), orient="row").with_columns(
        pl.Series("date", clocks).str.to_datetime(), pl.exclude("code", "date").cast(pl.Float64)
    )
    frame.write_parquet(vendor / "d.parquet")
    return vendor / "d.parquet"


def test_midnights_in_utc_are_noted_and_a_time_zone_reads_them(lake: Lake, vendor: Path) -> None:
    path = stamps(vendor, "2024-01-01 16:00:00", "2024-01-02 16:00:00")
    assert take(lake, path, format="parquet")[1].notes[TIMED] == 2
    other = Lake(vendor / "utc", create=True)
    rows, count = take(other, path, format="parquet", time_zone="UTC")
    assert rows["date"].cast(pl.String).to_list() == ["2024-01-02", "2024-01-03"]
    assert TIMED not in count.notes


def test_dates_at_midnight_have_no_time_zone(lake: Lake, vendor: Path) -> None:
    path = stamps(vendor, "2024-01-02 00:00:00", "2024-01-03 00:00:00")
    rows, count = take(lake, path, format="parquet", time_zone="Asia/Tokyo")
    assert rows["date"].cast(pl.String).to_list() == ["2024-01-02", "2024-01-03"]
    assert TIMED not in count.notes


def test_a_parquet_column_in_other_capitals_is_named(lake: Lake, vendor: Path) -> None:
    pl.DataFrame({name.capitalize(): ["1"] for name in NAMES}).write_parquet(vendor / "d.parquet")
    with pytest.raises(SourceError, match="'close' may be 'Close'"):
        take(lake, vendor / "d.parquet", format="parquet")


def test_an_amount_without_a_volume_is_noted(lake: Lake, vendor: Path) -> None:
    _, count = take(lake, text(vendor, ROWS[0], ROWS[1].replace(",2000,", ",0,")))
    assert count.notes[UNSOLD] == 1
