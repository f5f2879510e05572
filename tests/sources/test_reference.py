"""Reference, TDX and qlib files in every form, and such as cannot be read."""

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import (
    DailyBasicSpec,
    MembersSpec,
    NothingReadError,
    QlibSpec,
    SourceError,
    StockBasicSpec,
    TdxSpec,
    ingest,
)
from intralpha.sources.tdx import RECORD

MEMBERS = "SH600000 2020-01-02 2099-12-31\nSZ000001 2020-01-02 2020-06-30\n"
LISTED = [date(1999, 11, 10), date(1991, 4, 3)]


def members(folder: Path, content: bytes, name: str = "csi300.txt") -> MembersSpec:
    (folder / name).write_bytes(content)
    return MembersSpec(path=str(folder))


@pytest.mark.parametrize(
    "content",
    [
        MEMBERS.encode(),
        b"\xef\xbb\xbf" + MEMBERS.encode(),
        MEMBERS.replace("\n", "\r\n").encode(),
        MEMBERS.replace("-", "").encode(),
        MEMBERS.replace("-", "/").encode(),
        MEMBERS.replace("SH600000", "600000.XSHG").replace("SZ000001", "sz.000001").encode(),
        ("# 沪深300\n\n" + MEMBERS).encode("gbk"),
    ],
)
def test_members_in_every_form_give_the_same_table(
    lake: Lake, vendor: Path, content: bytes
) -> None:
    ingest([members(vendor, content)], lake, show_progress=False)
    rows = lake.scan("membership").select("index", "symbol", "in_date", "out_date").collect()
    assert rows.rows() == [
        ("000300.SH", "000001.SZ", date(2020, 1, 2), date(2020, 6, 30)),
        ("000300.SH", "600000.SH", date(2020, 1, 2), date(2099, 12, 31)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"code,in_date,out_date\nSH600000,2020-01-02,\nSZ000001,2020-01-02,2020-06-30\n",
        b'"SH600000", "2020-01-02", "2099-12-31"\r\n000001.XSHE,20200102,20200630\r\n',
        "\ufeff代码,纳入,剔除\n600000,2020/1/2,\n1,2020/1/2,2020/6/30".encode(),
        "代码,纳入,剔除\n600000,2020/1/2,\n1,2020/1/2,2020/6/30\n".encode("gbk"),
    ],
)
def test_members_of_a_csv(lake: Lake, vendor: Path, content: bytes) -> None:
    ingest([members(vendor, content, "csi300.csv")], lake, show_progress=False)
    rows = lake.scan("membership").select("symbol", "in_date", "out_date").collect()
    assert rows.rows() == [
        ("000001.SZ", date(2020, 1, 2), date(2020, 6, 30)),
        ("600000.SH", date(2020, 1, 2), date(2099, 12, 31)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SH600000 2020-01-02 --\n", "csi300.txt line 1: found '--'; expected a day like"),
        (MEMBERS.encode() + b"SH600001 2020-13-01 2021-01-01\n", "line 3: found '2020-13-01'"),
        (b"SH600000 2020-01-02\n", "line 1: found 'SH600000 2020-01-02'; expected code, first"),
        (b"\xff\x00\x81", "neither utf-8 nor GBK"),
    ],
)
def test_members_that_cannot_be_read(
    lake: Lake, vendor: Path, content: bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        ingest([members(vendor, content)], lake, show_progress=False)


def test_a_member_of_no_known_code_is_set_aside_with_its_line(lake: Lake, vendor: Path) -> None:
    spec = members(vendor, b"SH600000 2020-01-02 2099-12-31\nSZ777777 2020-01-02 2099-12-31\n")
    count = ingest([spec], lake, show_progress=False).counts[0]
    assert (count.rows_read, count.added) == (2, 1)
    assert dict(count.quarantined) == {"unknown code 777777.SZ": 1}
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet")
    assert aside.select("origin", "line").rows() == [("csi300.txt", 2)]


def test_a_folder_without_a_known_index_is_an_error(lake: Lake, vendor: Path) -> None:
    spec = members(vendor, MEMBERS.encode(), "hs300.txt")
    with pytest.raises(SourceError, match=r"found hs300 only; expected one of csi300.txt"):
        ingest([spec], lake, show_progress=False)


def stocks(path: Path, listed: Any) -> StockBasicSpec:
    frame = {"ts_code": ["600000.SH", "000001.SZ"], "name": ["a", "b"], "industry": ["x", "y"]}
    pl.DataFrame({**frame, "list_date": listed}).write_parquet(path)
    return StockBasicSpec(path=str(path))


@pytest.mark.parametrize(
    "listed",
    [
        ["19991110", "19910403"],
        [19991110, 19910403],
        [19991110.0, 19910403.0],
        ["19991110.0", "19910403.0"],
        ["1999-11-10", "1991-04-03"],
        ["1999/11/10", "1991/4/3"],
        ["1999-11-10 00:00:00", "1991-04-03T00:00:00"],
        ["1999-11-09T16:00:00.000Z", "1991年4月3日"],
        LISTED,
        [datetime(1999, 11, 10), datetime(1991, 4, 3)],
    ],
)
def test_listing_dates_in_every_type_keep_dates_and_industries(
    lake: Lake, vendor: Path, listed: Any
) -> None:
    ingest([stocks(vendor / "a.parquet", listed)], lake, show_progress=False)
    rows = dict(lake.scan("instruments").select("symbol", "list_date").collect().rows())
    assert rows == {"600000.SH": LISTED[0], "000001.SZ": LISTED[1]}
    industries = lake.scan("industry").select("symbol", "in_date", "code").collect().rows()
    assert sorted(industries) == [("000001.SZ", LISTED[1], "y"), ("600000.SH", LISTED[0], "x")]


@pytest.mark.parametrize("absent", [None, ""])
def test_a_listing_date_that_is_absent_is_counted(
    lake: Lake, vendor: Path, absent: str | None
) -> None:
    report = ingest([stocks(vendor / "a.parquet", ["19991110", absent])], lake)
    counts = {c.table: c for c in report.counts}
    assert (counts["instruments"].added, counts["industry"].added) == (2, 1)
    assert counts["industry"].repairs == {"industries of stocks without a list_date left out": 1}


def test_a_listing_date_that_is_no_day_is_set_aside(lake: Lake, vendor: Path) -> None:
    report = ingest([stocks(vendor / "a.parquet", ["19991110", "10 Nov"])], lake)
    counts = {c.table: c for c in report.counts}
    assert dict(counts["instruments"].quarantined) == {"list_date is no day": 1}
    assert (counts["instruments"].added, counts["industry"].added) == (1, 1)


def test_stocks_of_beijing_come_in(lake: Lake, vendor: Path) -> None:
    frame = pl.DataFrame(
        {"ts_code": ["920819.BJ"], "name": ["a"], "industry": ["x"], "list_date": ["20211115"]}
    )
    frame.write_parquet(vendor / "a.parquet")
    ingest([StockBasicSpec(path=str(vendor / "a.parquet"))], lake, show_progress=False)
    row = lake.scan("instruments").select("symbol", "exchange", "board").collect().row(0)
    assert row == ("920819.BJ", "BSE", "bse")


def caps(path: Path, day: Any) -> DailyBasicSpec:
    frame = {"ts_code": ["600000.SH"], "trade_date": [day], "total_mv": [3.0], "circ_mv": [2.0]}
    pl.DataFrame(frame).write_parquet(path)
    return DailyBasicSpec(path=str(path))


@pytest.mark.parametrize(
    "day", ["20240102", "2024-01-02", 20240102, 20240102.0, date(2024, 1, 2), datetime(2024, 1, 2)]
)
def test_days_of_capitalisations_in_every_type(lake: Lake, vendor: Path, day: Any) -> None:
    ingest([caps(vendor / "a.parquet", day)], lake, show_progress=False)
    rows = lake.scan("fundamentals").select("announce_date", "item", "value").collect().rows()
    on = date(2024, 1, 2)
    assert sorted(rows) == [(on, "float_cap", 20_000.0), (on, "total_cap", 30_000.0)]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("soon", "trade_date is no day"),
        ("--", "trade_date is empty"),
        (None, "trade_date is empty"),
    ],
)
def test_a_capitalisation_of_no_day_is_an_error(
    lake: Lake, vendor: Path, day: str | None, why: str
) -> None:
    spec = caps(vendor / "a.parquet", pl.Series([day], dtype=pl.String)[0])
    with pytest.raises(NothingReadError, match=why):
        ingest([spec], lake, show_progress=False)


def test_a_reference_file_that_is_damaged(lake: Lake, vendor: Path) -> None:
    (vendor / "a.parquet").write_bytes(b"PAR1 torn")
    for kind in (StockBasicSpec, DailyBasicSpec):
        with pytest.raises(SourceError, match=r"a.parquet: found no readable Parquet"):
            ingest([kind(path=str(vendor / "a.parquet"))], lake, show_progress=False)


def records() -> np.ndarray:
    """A full day of 5-minute bars at 2.5."""
    day = np.zeros(48, RECORD)
    day["day"] = (2024 - 2004) * 2048 + 102
    day["minute"] = [*range(575, 691, 5), *range(785, 901, 5)]
    for name in ("open", "high", "low", "close"):
        day[name] = 2.5
    return day


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("day", 20 * 2048 + 1302, "date is null"),
        ("day", 20 * 2048 + 230, "date is null"),
        ("day", 0, "date is null"),
        ("minute", 1500, "time is null"),
        ("close", np.nan, "close is not finite"),
    ],
)
def test_a_tdx_record_of_no_day_is_set_aside_with_its_number(
    lake: Lake, vendor: Path, field: str, value: float, why: str
) -> None:
    day = records()
    day[field][3] = value
    (vendor / "sh510050.lc5").write_bytes(day.tobytes())
    count = ingest([TdxSpec(path=str(vendor))], lake, show_progress=False).counts[0]
    assert dict(count.quarantined) == {why: 1}
    assert pl.read_parquet(lake.root / "quarantine" / "*.parquet")["line"].to_list() == [4]
    assert lake.scan("bars").select(pl.len()).collect().item() == 48


@pytest.mark.parametrize("name", ["sh510050.lc5", "510050.lc5", "510050.SH.lc5", "SH#510050.lc5"])
def test_the_exchange_of_a_tdx_file(lake: Lake, vendor: Path, name: str) -> None:
    (vendor / name).write_bytes(records().tobytes())
    ingest([TdxSpec(path=str(vendor))], lake, show_progress=False)
    assert lake.scan("bars").collect()["symbol"].unique().to_list() == ["510050.SH"]


def test_a_tdx_file_of_no_known_code_or_without_a_day(lake: Lake, vendor: Path) -> None:
    (vendor / "ds880301.lc5").write_bytes(records().tobytes())
    with pytest.raises(NothingReadError, match="symbol of unknown form"):
        ingest([TdxSpec(path=str(vendor))], lake, show_progress=False)
    (vendor / "ds880301.lc5").unlink()
    none = records()
    none["day"] = 0
    (vendor / "sh510050.lc5").write_bytes(none.tobytes())
    with pytest.raises(NothingReadError, match="48 x date is null"):
        ingest([TdxSpec(path=str(vendor))], lake, show_progress=False)


def qlib(folder: Path, calendar: bytes, listed: bytes) -> QlibSpec:
    (folder / "calendars").mkdir()
    (folder / "calendars/day.txt").write_bytes(calendar)
    (folder / "instruments").mkdir()
    (folder / "instruments/all.txt").write_bytes(listed)
    for code in ("SH600519", "SH000300", "XX123456"):
        (folder / "features" / code).mkdir(parents=True)
        for field in ("open", "high", "low", "close", "volume", "factor"):
            values = np.array([0, 20, 22], "<f4")
            values.tofile(folder / f"features/{code}/{field}.day.bin")
    return QlibSpec(path=str(folder))


def test_codes_of_qlib_that_are_none_are_set_aside(lake: Lake, vendor: Path) -> None:
    listed = b"\xef\xbb\xbfSH600519\t2024-01-02\t2024-01-03\nXX123456\t20240102\t20240103\n"
    spec = qlib(vendor, b"2024-01-02\r\n2024-01-03\r\n", listed)
    report = ingest([spec], lake, show_progress=False)
    assert {c.table: dict(c.quarantined) for c in report.counts} == {
        "instruments": {"symbol of unknown form": 1},
        "daily": {"symbol of unknown form": 1},
    }
    symbols = lake.scan("daily").collect()["symbol"].unique().sort().to_list()
    assert symbols == ["000300.SH", "600519.SH"]


@pytest.mark.parametrize(
    ("calendar", "listed", "message"),
    [
        (b"2024-01-02\nsoon\n", b"", "day.txt line 2: found 'soon'; expected a day"),
        (b"2024-01-03\n2024-01-02\n", b"", "day.txt: found days in another order"),
        (b"2024-01-02\n2024-01-03\n", b"SH600519\n", "all.txt line 1: found 'SH600519'"),
        (b"2024-01-02\n2024-01-03\n", b"SH600519 -- --\n", "all.txt line 1: found '--'"),
    ],
)
def test_calendars_and_lists_of_qlib_that_cannot_be_read(
    lake: Lake, vendor: Path, calendar: bytes, listed: bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        ingest([qlib(vendor, calendar, listed)], lake, show_progress=False)


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("close", [np.nan, 20, 22], "SH600519: found 2 rows from place"),
        ("close", [-1, 20, 22], "SH600519: found 2 rows from place -1 or 0"),
        ("volume", [0, np.inf, 22], "volume.day.bin: found a volume of inf"),
        ("volume", [0, 20, 1e30], r"volume.day.bin: found a volume of 1e\+30"),
    ],
)
def test_binary_files_of_qlib_that_cannot_be(
    lake: Lake, vendor: Path, field: str, values: list[float], message: str
) -> None:
    spec = qlib(vendor, b"2024-01-02\n2024-01-03\n", b"")
    np.array(values, "<f4").tofile(vendor / f"features/SH600519/{field}.day.bin")
    with pytest.raises(SourceError, match=message):
        ingest([spec], lake, show_progress=False)


def test_what_qlib_does_not_say_is_counted(lake: Lake, vendor: Path) -> None:
    spec = qlib(vendor, b"2024-01-02\n2024-01-03\n", b"")
    np.array([0, np.nan, 22], "<f4").tofile(vendor / "features/SH600519/volume.day.bin")
    np.array([0, 22, np.nan], "<f4").tofile(vendor / "features/SH000300/factor.day.bin")
    report = ingest([spec], lake, show_progress=False)
    repairs = next(c.repairs for c in report.counts if c.table == "daily")
    assert repairs["days without a volume taken as suspended"] == 1
    assert repairs["days with a close but no factor left out"] == 1


def test_an_infinite_close_of_qlib_is_set_aside(lake: Lake, vendor: Path) -> None:
    spec = qlib(vendor, b"2024-01-02\n2024-01-03\n", b"")
    np.array([0, np.inf, 22], "<f4").tofile(vendor / "features/SH600519/close.day.bin")
    count = next(c for c in ingest([spec], lake, show_progress=False).counts if c.table == "daily")
    assert count.quarantined["close is not a number"] == 1
    aside = pl.read_parquet(lake.root / "quarantine" / "daily*.parquet")
    assert "SH600519,2024-01-02,inf" in aside["row"].to_list()


def test_every_parquet_of_a_folder_is_read(lake: Lake, vendor: Path) -> None:
    caps(vendor / "a.parquet", "20240102")
    caps(vendor / "b.parquet", "20240103")
    ingest([DailyBasicSpec(path=str(vendor))], lake, show_progress=False)
    assert lake.scan("fundamentals").collect()["announce_date"].n_unique() == 2


def test_a_column_of_lists_is_refused(lake: Lake, vendor: Path) -> None:
    frame = {"ts_code": [["600000.SH"]], "trade_date": ["20240102"], "total_mv": [1.0]}
    pl.DataFrame({**frame, "circ_mv": [1.0]}).write_parquet(vendor / "a.parquet")
    with pytest.raises(SourceError, match=r"column 'ts_code' of type List\(String\)"):
        ingest([DailyBasicSpec(path=str(vendor))], lake, show_progress=False)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (-5.0, "circ_mv is not positive"),
        (0.0, "circ_mv is not positive"),
        ("9,00", "circ_mv is not a number"),
        (float("nan"), None),
        ("--", None),
        (None, None),
    ],
)
def test_a_capitalisation_that_is_there_is_a_number_above_0(
    lake: Lake, vendor: Path, value: float | str | None, why: str | None
) -> None:
    first = "8" if isinstance(value, str) else 8.0
    rows = {"ts_code": ["600000.SH", "000001.SZ"], "trade_date": ["20240102"] * 2}
    rows |= {"total_mv": [10.0, 9.0], "circ_mv": [first, value]}
    pl.DataFrame(rows).write_parquet(vendor / "caps.parquet")
    spec = DailyBasicSpec(path=str(vendor / "caps.parquet"))
    count = ingest([spec], lake, show_progress=False).counts[0]
    assert dict(count.quarantined) == ({why: 1} if why else {})
    held = lake.scan("fundamentals").filter(pl.col("item") == "float_cap").collect()
    assert held.select("symbol", "value").rows() == [("600000.SH", 80_000.0)]
    assert lake.scan("fundamentals").collect().height == (2 if why else 3)


def test_members_of_a_packed_csv(lake: Lake, vendor: Path) -> None:
    packed = gzip.compress(b"code,in,out\n600000.SH,2020-01-02,\n")
    ingest([members(vendor, packed, "csi300.csv.gz")], lake, show_progress=False)
    assert lake.scan("membership").collect()["symbol"].to_list() == ["600000.SH"]


def test_a_stock_that_is_set_aside_as_a_twin_gives_no_industry(lake: Lake, vendor: Path) -> None:
    text = "ts_code,name,industry,list_date\n600000.SH,a,b,19991110\n600000.SH,a,c,20000101\n"
    (vendor / "a.csv").write_text(text)
    ingest([StockBasicSpec(path=str(vendor))], lake, show_progress=False)
    assert lake.scan("industry").collect()["code"].to_list() == ["b"]


@pytest.mark.parametrize("none", ["0", "--", "None", "NaT"])
def test_a_listing_that_is_not_there_keeps_the_stock(lake: Lake, vendor: Path, none: str) -> None:
    ingest([stocks(vendor / "a.parquet", ["19991110", none])], lake, show_progress=False)
    rows = dict(lake.scan("instruments").select("symbol", "list_date").collect().rows())
    assert rows == {"600000.SH": LISTED[0], "000001.SZ": None}


def test_times_of_day_and_stocks_that_left_before_they_came_are_noted(
    lake: Lake, vendor: Path
) -> None:
    text = "code,name,from,to\n600000.SH,a,1999-11-10 09:30:00,\n000001.SZ,b,20230103,19910403\n"
    (vendor / "a.csv").write_text(text)
    columns = {"symbol": "code", "name": "name", "list_date": "from", "delist_date": "to"}
    spec = StockBasicSpec(path=str(vendor / "a.csv"), columns=columns)
    notes = dict(ingest([spec], lake, show_progress=False).counts[0].notes)
    assert sorted(notes.values()) == [1, 1]


def test_a_float_above_the_total_is_noted_with_its_line(lake: Lake, vendor: Path) -> None:
    text = (
        "ts_code,trade_date,total_mv,circ_mv\n600000.SH,20230103,10,8\n\n000001.SZ,20230103,8,10\n"
    )
    (vendor / "a.csv").write_text(text)
    spec = DailyBasicSpec(path=str(vendor / "a.csv"))
    count = ingest([spec], lake, show_progress=False).counts[0]
    assert dict(count.notes) == {"circ_mv above total_mv": 1}
    assert "a.csv line 4: 000001.SZ" in count.first["circ_mv above total_mv"]


def test_a_capitalisation_in_ten_thousands_of_ten_thousands_is_no_number(
    lake: Lake, vendor: Path
) -> None:
    text = "ts_code,trade_date,total_mv,circ_mv\n600000.SH,20230103,2万,1万\n"
    (vendor / "a.csv").write_text(text)
    with pytest.raises(NothingReadError, match=r"a.csv line 2: found"):
        ingest([DailyBasicSpec(path=str(vendor / "a.csv"))], lake, show_progress=False)


@pytest.mark.parametrize("name", ["CSI300.CSV", "000300.SH.csv", "000300.csv"])
def test_members_of_csv_with_times_of_day_and_absent_ends(
    lake: Lake, vendor: Path, name: str
) -> None:
    text = "code,in,out\n600000.SH,2020-01-02 00:00:00,NaT\n000001.SZ,2020-01-02,2021-01-01\n"
    ingest([members(vendor, text.encode(), name)], lake, show_progress=False)
    found = lake.scan("membership").select("index", "symbol", "out_date").collect().rows()
    assert found == [
        ("000300.SH", "000001.SZ", date(2021, 1, 1)),
        ("000300.SH", "600000.SH", date(2099, 12, 31)),
    ]
