"""Files beside daily rows: joined by stock and day; values that a column or title must hold."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from intralpha.market import Lake
from intralpha.sources import MappingSpec, SourceError, ingest
from intralpha.sources.joined import JoinSpec

DAILY = """ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount
600519.SH,20230103,10,10,10,10,9.9,0.1,1.0101,525152.77,525152.77
600519.SH,20230104,9.8,9.8,9.8,9.8,9.5,0.3,3.1579,10,9.8
000001.SZ,20230103,8.7,8.85,8.69,8.7,8.72,-0.02,-0.23,525152.77,460697.377
"""
FACTORS = """ts_code,trade_date,adj_factor
600519.SH,20230103,3.5
600519.SH,20230104,3.684
600519.SH,20230104,3.684
000002.SZ,20230103,1.0
"""


def tushare(folder: Path, **keys: object) -> MappingSpec:
    (folder / "daily.csv").write_text(DAILY)
    given = {"kind": "mapping", "preset": "tushare_daily", "path": str(folder / "daily.csv")}
    return MappingSpec.model_validate(given | keys)


def test_factors_of_a_second_file_come_to_their_rows(lake: Lake, vendor: Path) -> None:
    (vendor / "adj.csv").write_text(FACTORS)
    joined = [{"preset": "tushare_adj_factor", "path": str(vendor / "adj.csv")}]
    said = ingest([tushare(vendor, joined=joined)], lake, show_progress=False).to_text()
    daily = lake.scan("daily").collect()
    assert daily.select("symbol", "adj_factor").rows() == [
        ("000001.SZ", 1.0),  # no row in the file: derived
        ("600519.SH", 3.5),
        ("600519.SH", 3.684),
    ]
    derived = daily["derived"].str.contains("adj_factor").fill_null(value=False)
    assert derived.to_list() == [True, False, False]
    assert "1  daily rows without a row in adj.csv" in said
    assert "1  rows of adj.csv that repeat a stock's day, left out" in said
    # Lots with two digits are whole shares, thousands with three digits whole yuan.
    assert daily.select("volume", "amount").row(0) == (52_515_277, 460_697_377.0)


def test_shares_in_ten_thousand(lake: Lake, vendor: Path) -> None:
    text = "ts_code,trade_date,close,float_share,total_share\n"
    text += "600519.SH,20230103,10,125619.78,125619.7801\n"
    (vendor / "basic.csv").write_text(text)
    joined = [{"preset": "tushare_daily_basic", "path": str(vendor / "basic.csv")}]
    ingest([tushare(vendor, joined=joined)], lake, show_progress=False)
    shares = lake.scan("daily").collect().select("float_shares", "total_shares").row(1)
    assert shares == (1_256_197_800.0, 1_256_197_801.0)


def test_lines_of_joined_files_that_cannot_be_used_are_set_aside(lake: Lake, vendor: Path) -> None:
    (vendor / "adj.csv").write_text(FACTORS + "AAPL,20230103,1.0\n600519.SH,soon,2.0\n")
    joined = [{"preset": "tushare_adj_factor", "path": str(vendor / "adj.csv")}]
    said = ingest([tushare(vendor, joined=joined)], lake, show_progress=False).to_text()
    assert "quarantined          1  symbol of unknown form" in said
    assert "quarantined          1  date or time not readable" in said


def test_what_cannot_be_joined_is_refused(vendor: Path) -> None:
    with pytest.raises(ValidationError, match="did you mean 'adj_factor'"):
        tushare(
            vendor,
            joined=[{"path": "x", "columns": {"symbol": "s", "date": "d", "adj_facto": "a"}}],
        )
    with pytest.raises(ValidationError, match="columns lacks date"):
        tushare(vendor, joined=[{"path": "x", "columns": {"symbol": "s", "adj_factor": "a"}}])
    with pytest.raises(ValidationError, match="columns lacks a number to join"):
        tushare(vendor, joined=[{"path": "x", "columns": {"symbol": "s", "date": "d"}}])
    bars = {"preset": "tushare_5min", "joined": [{"preset": "tushare_adj_factor", "path": "x"}]}
    with pytest.raises(ValidationError, match="joined is for daily rows"):
        tushare(vendor, **bars)


BAOSTOCK = "date,time,code,open,high,low,close,volume,amount,adjustflag"


def test_adjusted_prices_are_refused_by_their_flag(lake: Lake, vendor: Path) -> None:
    lines = [
        f"2023-01-03,20230103{clock}00000,sh.600519,10,10,10,10,200,2000,{flag}"
        for clock, flag in (("0935", 3), ("0940", 2), ("0945", 3.0))
    ]
    (vendor / "a.csv").write_text("\n".join([BAOSTOCK, *lines]))
    given = MappingSpec(preset="baostock_5min", path=str(vendor))  # type: ignore[call-arg]
    said = ingest([given], lake, show_progress=False).to_text()
    assert "1  adjustflag is not 3" in said
    assert "a.csv line 3: found '2' in 'adjustflag', expected '3'" in said
    assert lake.scan("bars").collect().filter(volume=200).height == 2


def test_a_file_without_the_flag_is_counted(lake: Lake, vendor: Path) -> None:
    (vendor / "a.csv").write_text(
        f"{BAOSTOCK.removesuffix(',adjustflag')}\n"
        "2023-01-03,20230103093500000,sh.600519,10,10,10,10,200,2000"
    )
    given = MappingSpec(preset="baostock_5min", path=str(vendor))  # type: ignore[call-arg]
    said = ingest([given], lake, show_progress=False).to_text()
    assert "1  files without the column adjustflag, which was not checked" in said


def test_a_title_that_says_adjusted_is_refused(lake: Lake, vendor: Path) -> None:
    text = "600519 贵州茅台 日线 前复权\n日期\t开盘\t最高\t最低\t收盘\t成交量\t成交额\n"
    text += "2023/01/03\t10\t10\t10\t10\t200\t2000\n数据来源:通达信\n"
    (vendor / "SH#600519.txt").write_bytes(text.encode("gbk"))
    given = MappingSpec(preset="tdx_text_daily", path=str(vendor))  # type: ignore[call-arg]
    with pytest.raises(
        SourceError, match="found the title '600519 贵州茅台 日线 前复权'; expected '不复权'"
    ):
        ingest([given], lake, show_progress=False)
    (vendor / "SH#600519.txt").write_bytes(text.replace("前复权", "不复权").encode("gbk"))
    ingest([given], lake, show_progress=False)
    assert lake.scan("daily").collect().select("symbol", "volume").rows() == [("600519.SH", 200)]


def test_bars_with_the_auction_in_a_row_of_its_own(lake: Lake, vendor: Path) -> None:
    head = "ts_code,trade_time,close,open,high,low,vol,amount\n"
    rows = [
        "600519.SH,2023-01-03 09:31:00,10.02,10,10.03,10,500,5005",
        "600519.SH,2023-01-03 09:30:00,10,10,10,10,300,3000",
    ]
    (vendor / "a.csv").write_text(head + "\n".join(rows))
    given = MappingSpec(preset="tushare_1min", path=str(vendor))  # type: ignore[call-arg]
    ingest([given], lake, show_progress=False)
    assert lake.scan("auctions").collect().select("price", "volume").rows() == [(10.0, 300)]
    assert lake.scan("bars").collect().row(0, named=True)["volume"] == 500


def test_another_factor_changes_the_fingerprint_of_the_source(vendor: Path) -> None:
    (vendor / "adj.csv").write_text(FACTORS)
    joined = [{"preset": "tushare_adj_factor", "path": str(vendor / "adj.csv")}]
    given = tushare(vendor, joined=joined)
    before = given.make().fingerprint()
    assert given.make().fingerprint() == before
    (vendor / "adj.csv").write_text(FACTORS + "000001.SZ,20230103,1.0\n")
    assert given.make().fingerprint() != before


EVENTS = """ts_code,trade_date,adj_factor
600519.SH,20220701,3.5
600519.SH,20230104,3.684
000001.SZ,20230104,2.0
"""


def test_factors_that_hold_until_the_next_one(lake: Lake, vendor: Path) -> None:
    """A file of the days on which factors change; a stock's days before its first row have none."""
    (vendor / "adj.csv").write_text(EVENTS)
    given = {"preset": "tushare_adj_factor", "path": str(vendor / "adj.csv"), "hold": True}
    count = ingest([tushare(vendor, joined=[given])], lake, show_progress=False).counts[0]
    factors = lake.scan("daily").select("symbol", "adj_factor").collect().rows()
    assert factors == [("000001.SZ", 1.0), ("600519.SH", 3.5), ("600519.SH", 3.684)]
    assert count.notes["daily rows without a row in adj.csv"] == 1


def test_a_file_of_few_days_asks_whether_its_rows_hold(lake: Lake, vendor: Path) -> None:
    (vendor / "adj.csv").write_text(EVENTS)
    given = {"preset": "tushare_adj_factor", "path": str(vendor / "adj.csv")}
    said = ingest([tushare(vendor, joined=[given])], lake, show_progress=False).to_text()
    assert "2  daily rows without a row in adj.csv" in said
    assert "`hold: true` keeps a row until the next one" in said


def test_numerals_of_a_joined_file_are_counted(lake: Lake, vendor: Path) -> None:
    text = 'ts_code,trade_date,total_shares\n600519.SH,20230103,"1,256,197,801"\n'
    (vendor / "s.csv").write_text(text)
    columns = {"symbol": "ts_code", "date": "trade_date", "total_shares": "total_shares"}
    given = {"path": str(vendor / "s.csv"), "columns": columns, "datetime_format": "%Y%m%d"}
    said = ingest([tushare(vendor, joined=[given])], lake, show_progress=False).to_text()
    assert "1  numbers with thousands separators, read without them (s.csv)" in said
    assert lake.scan("daily").collect()["total_shares"].to_list()[1] == 1_256_197_801


def factors(lake: Lake, vendor: Path, **keys: object) -> list[float]:
    """Factors of the three daily rows, completed from what the keys describe."""
    join = {"datetime_format": "%Y-%m-%d"} | keys
    ingest([tushare(vendor, joined=[join])], lake, show_progress=False)
    return lake.scan("daily").sort("symbol", "date").collect()["adj_factor"].to_list()


NAMED = {"columns": {"symbol": "code", "date": "day", "adj_factor": "f"}}


def test_a_joined_file_without_a_header_has_its_columns_by_position(
    lake: Lake, vendor: Path
) -> None:
    (vendor / "f.csv").write_text("2023-01-03,x,600519.SH,3.5\n2023-01-04,x,600519.SH,3.684\n")
    given = NAMED | {"path": str(vendor / "f.csv"), "names": ["day", "note", "code", "f"]}
    assert factors(lake, vendor, **given) == [1.0, 3.5, 3.684]


def test_a_joined_file_without_a_header_says_how_it_is_named(lake: Lake, vendor: Path) -> None:
    (vendor / "f.csv").write_text("2023-01-03,600519.SH,3.5\n")
    with pytest.raises(SourceError, match=r"a file without a header\? `names: \[...\]`"):
        factors(lake, vendor, path=str(vendor / "f.csv"), **NAMED)
    with pytest.raises(ValidationError, match="names lacks f, which columns takes"):
        JoinSpec.model_validate(NAMED | {"path": "f.csv", "names": ["day", "code"]})


def test_a_joined_file_a_stock_has_its_symbol_in_its_name(lake: Lake, vendor: Path) -> None:
    (vendor / "f").mkdir()
    (vendor / "f" / "sh600519.csv").write_text("后复权因子\nday;f\n2023-01-03;3,5\n共 1 行\n")
    given = {"columns": {"date": "day", "adj_factor": "f"}, "symbol_from": "file", "separator": ";"}
    given |= {"title_lines": 1, "footer_lines": 1, "decimal": ",", "hold": True}
    assert factors(lake, vendor, path=str(vendor / "f"), **given) == [1.0, 3.5, 3.5]


def test_plain_codes_of_a_joined_file_have_a_suffix(lake: Lake, vendor: Path) -> None:
    (vendor / "f.csv").write_text("code,day,f\n600519,2023-01-03,3.5\n1,2023-01-03,2\n")
    given = NAMED | {"path": str(vendor / "f.csv"), "symbol_suffix": "SZ"}
    assert factors(lake, vendor, **given) == [2.0, 1.0, pytest.approx(10 / 9.5)]
