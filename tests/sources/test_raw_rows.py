"""Files of bars and daily rows: every line is a row or is set aside with its reason."""

import gzip
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pytest

from intralpha.market import Lake
from intralpha.sources import IngestReport, MappingSpec, NothingReadError, SourceError, ingest

from .conftest import HEADER, bar_lines

DAYS = [date(2024, 1, d) for d in (2, 3, 4, 5, 8, 9)]
NAMES = ("code", "date", "open", "high", "low", "close", "volume", "amount", "preclose", "name")
FIELDS = {"symbol" if c == "code" else c: c for c in NAMES if c != "name"}


def row(day: object, code: str = "600000.SH", close: float = 10.0, name: str = "x") -> list[Any]:
    low, high = round(close - 0.1, 2), round(close + 0.1, 2)
    return [code, day, close, high, low, close, 1000, 1000 * close, close, name]


def lines(rows: list[list[Any]]) -> str:
    return "\n".join([",".join(NAMES), *(",".join(map(str, r)) for r in rows)]) + "\n"


def daily(path: Path, **changes: Any) -> MappingSpec:
    given = {"path": str(path), "table": "daily", "columns": FIELDS, "datetime_format": "%Y-%m-%d"}
    return MappingSpec.model_validate({"kind": "mapping", **given, **changes})


def take(lake: Lake, *specs: MappingSpec) -> IngestReport:
    return ingest(specs, lake, show_progress=False)


def kept(lake: Lake, *columns: str) -> list[tuple]:
    return lake.scan("daily").select(*columns).collect().rows()


def test_stray_quotes_anywhere_in_a_column_that_is_not_mapped_change_no_row(
    tmp_path: Path, vendor: Path
) -> None:
    """Any number of quotes in the names, at any place: all rows arrive, as they do without."""
    dice = random.Random(7)
    clean = [row(d, code) for d in DAYS for code in ("600000.SH", "000001.SZ", "300750.SZ")]
    (vendor / "clean.csv").write_text(lines(clean))
    plain = Lake(tmp_path / "plain", create=True)
    take(plain, daily(vendor / "clean.csv"))
    assert len(kept(plain, "symbol")) == len(clean)
    for trial in range(8):
        names = [dice.choice(['"*ST', 'a"', '""', '"a"', '"', 'x"y"z', '"a""']) for _ in clean]
        dirty = [[*r[:-1], name] for r, name in zip(clean, names, strict=True)]
        (vendor / "dirty.csv").write_text(lines(dirty))
        lake = Lake(tmp_path / f"dirty{trial}", create=True)
        report = take(lake, daily(vendor / "dirty.csv"))
        assert report.counts[0].rows_read == len(clean)
        assert lake.version() == plain.version()


def test_quotes_around_all_fields_and_commas_inside_them(tmp_path: Path, vendor: Path) -> None:
    rows = [row(d, name="A,B") for d in DAYS]
    text = "\n".join(",".join(f'"{v}"' for v in r) for r in [list(NAMES), *rows])
    (vendor / "quoted.csv").write_text(text)
    (vendor / "plain.csv").write_text(lines([row(d) for d in DAYS]))
    lakes = [Lake(tmp_path / name, create=True) for name in ("quoted", "plain")]
    for lake, name in zip(lakes, ("quoted.csv", "plain.csv"), strict=True):
        assert take(lake, daily(vendor / name)).counts[0].added == 6
    assert lakes[0].version() == lakes[1].version()


def test_a_line_with_too_few_or_too_many_fields_is_counted(lake: Lake, vendor: Path) -> None:
    rows = [row(d) for d in DAYS]
    rows[1], rows[3] = rows[1][:-2], [*rows[3], "more"]
    (vendor / "a.csv").write_text(lines(rows).replace("\n", "\r\n") + "\r\n\r\n")
    report = take(lake, daily(vendor / "a.csv"))
    count = report.counts[0]
    assert (count.rows_read, count.added) == (6, 4)
    assert dict(count.quarantined) == {
        "8 fields, expected 10": 1,
        "11 fields, expected 10": 1,
    }
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet").sort("line")
    assert aside["line"].to_list() == [3, 5]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_bars_in_any_time_zone_give_the_same_lake(
    tmp_path: Path, vendor: Path, zone: str, form: str
) -> None:
    grid = bar_lines(("2025-01-02", "2025-01-03"), freq=30)
    (vendor / "plain.csv").write_text("\n".join([HEADER, *grid]))
    columns = {c: c for c in HEADER.split(",")}
    spec = {"kind": "mapping", "columns": columns, "freq": 30}
    plain = Lake(tmp_path / "plain", create=True)
    take(plain, MappingSpec.model_validate({**spec, "path": str(vendor / "plain.csv")}))
    frame = pl.read_csv(vendor / "plain.csv", schema_overrides={"symbol": pl.String})
    local = frame["datetime"].str.to_datetime().dt.replace_time_zone("Asia/Shanghai")
    frame = frame.with_columns(local.dt.convert_time_zone(zone).alias("datetime"))
    if form == "parquet":
        frame.write_parquet(vendor / "a.parquet")
        spec |= {"path": str(vendor / "a.parquet"), "format": "parquet"}
    else:
        frame = frame.with_columns(pl.col("datetime").dt.to_string("%d/%m/%Y %H:%M:%S%z"))
        frame.write_csv(vendor / "a.csv")
        spec |= {"path": str(vendor / "a.csv"), "datetime_format": "%d/%m/%Y %H:%M:%S%z"}
    lake = Lake(tmp_path / "lake", create=True)
    take(lake, MappingSpec.model_validate(spec))
    assert lake.version() == plain.version()
    naive = frame.with_columns(
        local.dt.convert_time_zone(zone).dt.replace_time_zone(None).alias("datetime")
    )
    naive.write_parquet(vendor / "naive.parquet")
    other = Lake(tmp_path / "other", create=True)
    spec |= {"path": str(vendor / "naive.parquet"), "format": "parquet", "time_zone": zone}
    take(other, MappingSpec.model_validate(spec))
    assert other.version() == plain.version()


def test_daily_stamps_with_an_offset_keep_their_day(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(lines([row(f"{d} 00:00:00+08:00") for d in DAYS]))
    take(lake, daily(vendor / "a.csv", datetime_format="%Y-%m-%d %H:%M:%S%:z"))
    assert [d for (d,) in kept(lake, "date")] == DAYS


@pytest.mark.parametrize(
    "kind", [pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns", "Asia/Shanghai")]
)
def test_days_of_parquet_in_their_own_type(lake: Lake, vendor: Path, kind: Any) -> None:
    days = pl.Series("date", DAYS)
    if isinstance(kind, pl.Datetime):
        days = days.cast(pl.Datetime(kind.time_unit))
        days = days.dt.replace_time_zone(kind.time_zone) if kind.time_zone else days
    frame = pl.DataFrame([row(None) for _ in DAYS], schema=list(NAMES), orient="row")
    frame.with_columns(days).write_parquet(vendor / "a.parquet")
    take(lake, daily(vendor / "a.parquet", format="parquet"))
    assert [d for (d,) in kept(lake, "date")] == DAYS


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_bars_stamped_by_counts_since_1970(lake: Lake, vendor: Path, unit: str) -> None:
    """09:45 to 15:00 in Shanghai on 2025-01-02, a bar every 15 minutes."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    grid = bar_lines(("2025-01-02",))
    stamped = []
    for line in grid:
        stamp, rest = line.split(",", 1)
        at = datetime.fromisoformat(stamp).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        stamped.append(f"{int(at.timestamp()) * per_second},{rest}")
    (vendor / "a.csv").write_text("\n".join([HEADER, *stamped]))
    given = {"preset": "quant15", "path": str(vendor), "datetime_format": f"epoch_{unit}"}
    report = take(lake, MappingSpec.model_validate(given))
    assert report.counts[0].added == 16
    bars = lake.scan("bars").collect()
    assert (bars["date"][0], bars["time"][0], bars["time"][-1]) == (
        date(2025, 1, 2),
        time(9, 45),
        time(15),
    )


def test_title_lines_footers_and_packed_files(tmp_path: Path, vendor: Path) -> None:
    text = lines([row(d) for d in DAYS])
    (vendor / "plain.csv").write_text(text)
    framed = "Report of 2024,,\n\n" + text + "Total,6\nEnd of file"
    packed = {
        "a.csv.gz": gzip.compress(framed.encode()),
        "a.csv.zst": pa.compress(framed.encode(), "zstd", asbytes=True),
    }
    plain = Lake(tmp_path / "plain", create=True)
    take(plain, daily(vendor / "plain.csv"))
    for name, content in packed.items():
        (vendor / name).write_bytes(content)
        lake = Lake(tmp_path / name, create=True)
        spec = daily(vendor, pattern=f"*{name[1:]}", title_lines=2, footer_lines=2)
        assert take(lake, spec).counts[0].quarantined == {}
        assert lake.version() == plain.version()
        (vendor / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(SourceError, match=rf"{name}: found damaged content"):
            take(lake, spec)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("value", "forms", "fits"),
    [
        ("2024/01/02", "%Y-%m-%d", '`datetime_format: "%Y/%m/%d"` reads it'),
        ("2024-01-02 00:00:00", "%Y-%m-%d", '`datetime_format: "%Y-%m-%d %H:%M:%S"` reads it'),
        ("1704124800", "%Y-%m-%d", '`datetime_format: "epoch_s"` reads it'),
        ("tomorrow", "%Y-%m-%d", "expected '%Y-%m-%d'"),
    ],
)
def test_when_no_row_can_be_read_the_error_shows_value_format_and_what_fits(
    lake: Lake, vendor: Path, value: str, forms: str, fits: str
) -> None:
    (vendor / "a.csv").write_text(lines([row(value) for _ in range(3)]))
    with pytest.raises(NothingReadError) as caught:
        take(lake, daily(vendor / "a.csv", datetime_format=forms))
    assert caught.value.exit_code == 3
    said = str(caught.value)
    assert "found 3 rows" in said
    assert f"a.csv line 2: found '{value}' in 'date', expected '%Y-%m-%d'" in said
    assert fits in said
    assert pl.read_parquet(lake.root / "quarantine" / "*.parquet").height == 3


def test_a_second_source_that_cannot_be_read_is_an_error_too(lake: Lake, vendor: Path) -> None:
    (vendor / "good.csv").write_text(lines([row(d) for d in DAYS]))
    (vendor / "bad.csv").write_text(lines([row(d, code="AAPL") for d in DAYS]))
    with pytest.raises(NothingReadError, match=r"found 'AAPL' in 'code', expected a code"):
        take(lake, daily(vendor / "good.csv"), daily(vendor / "bad.csv"))
    assert len(kept(lake, "date")) == 6


def test_of_rows_that_are_set_aside_the_report_shows_the_first(lake: Lake, vendor: Path) -> None:
    rows = [row(d) for d in DAYS]
    rows[2][6], rows[4][0], rows[5][3] = "1e19", "999999", 1.0
    (vendor / "a.csv").write_text(lines(rows))
    text = take(lake, daily(vendor / "a.csv")).to_text()
    assert "1  volume is larger than can be" in text
    assert "a.csv line 4: found '1e19' in 'volume', expected a number" in text
    assert "1  unknown code 999999" in text
    assert "a.csv line 7: found '2024-01-09,600000.SH,10.0,1.0,9.9," in text
    assert len(kept(lake, "date")) == 3


def test_both_columns_of_a_stamp_are_shown_and_one_that_says_all(lake: Lake, vendor: Path) -> None:
    text = HEADER.replace("datetime", "day,clock")
    (vendor / "a.csv").write_text(f"{text}\n2025-01-02,20250102094500000,600519,1,1,1,1,1,1\n")
    columns = {**{c: c for c in HEADER.split(",")[1:]}, "date": "day", "time": "clock"}
    given = {"kind": "mapping", "path": str(vendor), "columns": columns, "freq": 15}
    spec = MappingSpec.model_validate({**given, "datetime_format": "HHMMSSmmm"})
    with pytest.raises(NothingReadError) as caught:
        take(lake, spec)
    assert "found '2025-01-02 20250102094500000' in 'day' and 'clock'" in str(caught.value)
    assert (
        '`datetime: clock` in place of date and time and `datetime_format: "%Y%m%d%H%M%S%3f"`'
        in (str(caught.value))
    )


def test_unused_columns_of_parquet_may_be_of_any_type(lake: Lake, vendor: Path) -> None:
    frame = pl.DataFrame([row(d) for d in DAYS], schema=list(NAMES), orient="row")
    odd = {"list": pl.lit([1.0]), "bytes": pl.lit(b"\xff"), "span": pl.lit(timedelta(1))}
    frame.with_columns(**odd).write_parquet(vendor / "a.parquet")
    assert take(lake, daily(vendor / "a.parquet", format="parquet")).counts[0].added == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"close": pl.lit([1.0])}, r"a.parquet: found column 'close' of type List\(Float64\)"),
        ({"code": pl.lit(b"\xff")}, "a.parquet: found column 'code' of type Binary"),
        ({"volume": pl.lit(timedelta(1))}, "a.parquet: found column 'volume' of type Duration"),
    ],
)
def test_a_used_column_of_parquet_must_hold_text_numbers_or_dates(
    lake: Lake, vendor: Path, change: dict, message: str
) -> None:
    frame = pl.DataFrame([row(d) for d in DAYS], schema=list(NAMES), orient="row")
    frame.with_columns(**change).write_parquet(vendor / "a.parquet")
    with pytest.raises(SourceError, match=message):
        take(lake, daily(vendor / "a.parquet", format="parquet"))


def test_parquet_that_lacks_a_column_or_is_damaged(lake: Lake, vendor: Path) -> None:
    path = vendor / "a.parquet"
    frame = pl.DataFrame([row(d) for d in DAYS], schema=list(NAMES), orient="row")
    frame.drop("amount").write_parquet(path)
    with pytest.raises(SourceError, match=r"a.parquet: found columns .*; expected also amount"):
        take(lake, daily(path, format="parquet"))
    frame.write_parquet(path)
    whole = path.read_bytes()
    for torn in (b"", b"PAR1", whole[:-20], whole[: len(whole) // 2]):
        path.write_bytes(torn)
        with pytest.raises(SourceError, match=r"a.parquet: found no readable Parquet"):
            take(lake, daily(path, format="parquet"))


def test_the_exchange_of_a_files_name_wins(lake: Lake, vendor: Path) -> None:
    columns = {k: v for k, v in FIELDS.items() if k != "symbol"}
    for name in ("000300.SH.csv", "000001.XSHG.csv", "000001.csv", "920819.csv"):
        (vendor / name).write_text(lines([row(d) for d in DAYS]))
    take(lake, daily(vendor, columns=columns, symbol_from="file"))
    symbols = {s for (s,) in kept(lake, "symbol")}
    assert symbols == {"000300.SH", "000001.SH", "000001.SZ", "920819.BJ"}


def test_a_suffix_for_plain_numbers_leaves_those_that_have_one(lake: Lake, vendor: Path) -> None:
    rows = [row(DAYS[0], "1"), row(DAYS[0], "000001.SZ"), row(DAYS[0], "sh.600000")]
    (vendor / "a.csv").write_text(lines(rows))
    take(lake, daily(vendor, symbol_suffix="SH"))
    assert {s for (s,) in kept(lake, "symbol")} == {"000001.SH", "000001.SZ", "600000.SH"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1....", "found a Parquet file; expected text; `format: parquet`"),
        (gzip.compress(b"a,b", mtime=0), r"found a file packed with gzip; .* ends in .gz"),
        (b"PK\x03\x04....", "found a zip archive or an Excel file"),
        ("a,b".encode("utf-16"), "found text in utf-16; expected `encoding: utf-16`"),
        ("代码,日期".encode("gbk"), "bytes that are not utf-8 .*`encoding: gbk` reads them"),
        (";".join(NAMES).encode(), "expected also amount, .*`separator: ';'` in the mapping gives"),
        ("\t".join(NAMES).encode(), "`separator: '.t'` in the mapping gives them all"),
    ],
)
def test_a_file_of_another_kind_is_named(
    lake: Lake, vendor: Path, content: bytes, message: str
) -> None:
    (vendor / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match=message):
        take(lake, daily(vendor))


@pytest.mark.parametrize("absent", ["", "nan", "NaN", "None", "NULL", "--", "N/A", "\\N"])
def test_a_number_that_may_be_absent_is_absent_however_it_is_written(
    lake: Lake, vendor: Path, absent: str
) -> None:
    rows = [row(d) for d in DAYS[:3]]
    rows[1][7] = rows[1][8] = absent
    (vendor / "a.csv").write_text(lines(rows))
    assert not take(lake, daily(vendor / "a.csv")).counts[0].quarantined
    assert kept(lake, "amount", "preclose") == [(1e4, 10.0), (None, 10.0), (1e4, 10.0)]


@pytest.mark.parametrize("junk", ['"10,00.0"', "1e4CNY", "10.000,0", "100手"])
def test_one_that_is_there_and_is_no_number_is_not_taken_for_absent(
    lake: Lake, vendor: Path, junk: str
) -> None:
    rows = [row(d) for d in DAYS[:3]]
    rows[1][7] = junk
    (vendor / "a.csv").write_text(lines(rows).replace("10.000,0", '"10.000,0"'))
    report = take(lake, daily(vendor / "a.csv"))
    assert dict(report.counts[0].quarantined) == {"amount is not a number": 1}
    assert f"found {junk.strip(chr(34))!r} in 'amount'" in report.to_text()
    assert kept(lake, "date") == [(DAYS[0],), (DAYS[2],)]


def test_a_day_of_another_age_stops_nothing(lake: Lake, vendor: Path) -> None:
    """Day 0 of a counter is no session; of 1991 the rules of limits say nothing."""
    days = [date(1970, 1, 1), date(1991, 1, 2), DAYS[0], date(2262, 4, 11)]
    (vendor / "a.csv").write_text(lines([row(d) for d in days]))
    report = take(lake, daily(vendor / "a.csv"))
    assert dict(report.counts[0].quarantined) == {"date before 1990 or after 2099": 2}
    assert kept(lake, "date", "up_limit") == [(days[1], None), (days[2], 11.0)]


def test_flags_may_be_words(lake: Lake, vendor: Path) -> None:
    text = lines([row(d, name=w) for d, w in zip(DAYS, ("True", "false", "1", "0"), strict=False)])
    (vendor / "a.csv").write_text(text)
    take(lake, daily(vendor / "a.csv", columns={**FIELDS, "st": "name"}))
    assert kept(lake, "st") == [(True,), (False,), (True,), (False,)]


def test_lines_may_end_as_on_an_old_mac(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(lines([row(d) for d in DAYS]).replace("\n", "\r"), newline="")
    assert take(lake, daily(vendor / "a.csv")).counts[0].added == len(DAYS)


@pytest.mark.parametrize("form", ["%Y%m%d", "epoch_s"])
def test_days_that_float32_has_rounded_are_refused(lake: Lake, vendor: Path, form: str) -> None:
    days = [20240102, 20240103] if form == "%Y%m%d" else [1704124801, 1704211201]
    frame = pl.DataFrame([row(d) for d in days], schema=list(NAMES), orient="row")
    frame.with_columns(pl.col("date").cast(pl.Float32)).write_parquet(vendor / "a.parquet")
    spec = daily(vendor / "a.parquet", format="parquet", datetime_format=form)
    with pytest.raises(SourceError, match="column 'date' of type Float32, which rounds"):
        take(lake, spec)


def test_titles_above_the_header_are_told_from_it(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text("600000 daily rows\n\n" + lines([row("2024-01-02")]))
    with pytest.raises(SourceError, match="line 3 holds them all: `title_lines: 2`"):
        take(lake, daily(vendor / "a.csv"))
    take(lake, daily(vendor / "a.csv", title_lines=2))
    assert lake.scan("daily").collect().height == 1
