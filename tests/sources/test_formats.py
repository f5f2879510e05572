"""Every vendor format: small files by hand, and the real ones where they are at hand."""

import tarfile
from collections.abc import Callable
from datetime import date, time
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
import pytest
import yaml

from intralpha.market import Lake, bar_times
from intralpha.sources import (
    DailyBasicSpec,
    MappingSpec,
    MembersSpec,
    QlibSpec,
    StockBasicSpec,
    TdxSpec,
    ingest,
    presets,
    quality,
)
from intralpha.sources.shipped import UnknownPresetError
from intralpha.sources.symbols import normal_symbol

from .conftest import HEADER, bar_lines


def test_a_second_ingest_changes_nothing_and_a_new_day_touches_one_file(
    lake: Lake, vendor: Path
) -> None:
    path = vendor / "600519.csv"
    spec = MappingSpec(preset="quant15", path=str(path))  # type: ignore[call-arg]
    path.write_text("\n".join([HEADER, *bar_lines(("2025-01-02", "2025-01-03"))]))
    assert not ingest([spec], lake, show_progress=False).unchanged
    before = {p: p.stat().st_mtime_ns for p in lake.root.rglob("*.parquet")}
    assert ingest([spec], lake, show_progress=False).unchanged
    path.write_text("\n".join([HEADER, *bar_lines(("2025-01-02", "2025-01-03", "2025-01-06"))]))
    ingest([spec], lake, show_progress=False)
    after = {p: p.stat().st_mtime_ns for p in lake.root.rglob("*.parquet")}
    assert {p.name for p in set(after) - set(before)} == {"date=2025-01-06.parquet"}
    assert all(after[p] == stamp for p, stamp in before.items())


def test_a_new_vendor_is_a_yaml_file(lake: Lake, vendor: Path) -> None:
    """Bar-start stamps, lots, prices x 10000, amounts in 10,000 CNY, Parquet."""
    starts = [time((570 + m) // 60, (570 + m) % 60) for m in range(0, 120, 30)]
    starts += [time((780 + m) // 60, (780 + m) % 60) for m in range(0, 120, 30)]
    pl.DataFrame(
        {
            "code": ["sz.1"] * 8,
            "day": ["20240102"] * 8,
            "clock": [t.strftime("%H%M") for t in starts],
            **{c: [123400] * 8 for c in ("o", "h", "l", "c")},
            "lots": [7] * 8,
            "wan": [0.5] * 8,
        }
    ).write_parquet(vendor / "a.parquet")
    mapping = vendor / "mapping.yaml"
    mapping.write_text(
        f"""
kind: mapping
path: {vendor}
pattern: "*.parquet"
format: parquet
freq: 30
stamp: start
columns: {{symbol: code, date: day, time: clock, open: o, high: h, low: l, close: c,
  volume: lots, amount: wan}}
datetime_format: "%Y%m%d %H%M"
volume_unit: lots
amount_unit_yuan: 10000
price_scale: 10000
"""
    )
    spec = MappingSpec.model_validate(yaml.safe_load(mapping.read_text()))
    ingest([spec], lake, show_progress=False)
    bars = lake.scan("bars").collect()
    assert bars["time"].to_list() == list(bar_times(30))
    assert bars.select("symbol", "close", "volume", "amount").row(0) == (
        "000001.SZ",
        12.34,
        700,
        5000,
    )


def test_the_auctions_own_row_is_moved(lake: Lake, vendor: Path) -> None:
    lines = ["datetime,open,high,low,close,volume,成交额", "2026-03-23 09:30:00,0,11,11,11,2,2200"]
    lines += [
        f"2026-03-23 {t},0.0,11.2,10.9,{11 + i % 2 / 10},1,1100" for i, t in enumerate(bar_times(1))
    ]
    (vendor / "600519_1min.csv").write_text("\n".join(lines))
    spec = MappingSpec(preset="eastmoney_1min", path=str(vendor))  # type: ignore[call-arg]
    report = ingest([spec], lake, show_progress=False)
    auction = lake.scan("auctions").collect().row(0, named=True)
    assert (auction["time"], auction["price"], auction["volume"]) == (time(9, 25), 11.0, 200)
    bars = lake.scan("bars").collect()
    assert bars.height == 240
    assert not bars["auc_in_first"].any()
    # The vendor's opens are 0: each takes the close before, the first its own close.
    assert bars["open"].to_list()[:3] == [11.0, 11.0, 11.1]
    repairs = next(c for c in report.counts if c.table == "bars").repairs
    assert repairs["opens of 0 took the close before"] == 240


def test_baostock_rows_get_factor_shares_and_limits(lake: Lake, vendor: Path) -> None:
    (vendor / "sz.000001.csv").write_text(
        "volume,code,high,tradestatus,preclose,open,close,isST,turn,low,date,amount\n"
        "1000,sz.000001,10.5,1,10,10,10,0,1,9.9,2024-01-02,10100\n"
        "2000,sz.000001,5.4,1,5,5,5.2,1,2,4.9,2024-01-03,10300\n"
    )
    spec = MappingSpec(preset="baostock_daily", path=str(vendor))  # type: ignore[call-arg]
    ingest([spec], lake, show_progress=False)
    rows = lake.scan("daily").collect()
    # A 10-for-10 split: 10 / 5 = 2; 1,000 shares are 1 % of 100,000; ST limits are 5 %.
    assert rows["adj_factor"].to_list() == [1.0, 2.0]
    assert rows["float_shares"].to_list() == [100_000, 100_000]
    assert rows["up_limit"].to_list() == [11.0, 5.25]
    assert rows["st"].to_list() == [False, True]


def test_a_suspended_row_of_baostock_has_no_volume(lake: Lake, vendor: Path) -> None:
    (vendor / "sz.000001.csv").write_text(
        "volume,code,high,tradestatus,preclose,open,close,isST,turn,low,date,amount,adjustflag\n"
        "1000,sz.000001,10.5,1,10,10,10,0,1,9.9,2024-01-02,10100,3\n"
        ",sz.000001,10,0,10,10,10,0,,10,2024-01-03,,3\n"
        ",sz.000001,10,1,10,10,10,0,,10,2024-01-04,,3\n"
    )
    spec = MappingSpec(preset="baostock_daily", path=str(vendor))  # type: ignore[call-arg]
    said = ingest([spec], lake, show_progress=False).to_text()
    rows = lake.scan("daily").select("volume", "amount", "suspended", "float_shares").collect()
    assert rows.rows() == [(1000, 10_100.0, False, 100_000.0), (0, 0.0, True, 100_000.0)]
    assert "repaired             1  empty volumes of days that did not trade are 0" in said
    assert "quarantined          1  volume is not a number" in said
    assert "line 4: found none in 'volume', expected a number on a day that traded" in said


@pytest.mark.parametrize(
    ("raw", "symbol"),
    [
        ("600519", "600519.SH"),
        ("1", "000001.SZ"),
        ("sz.000630", "000630.SZ"),
        ("SH600519", "600519.SH"),
        ("000001.XSHG", "000001.SH"),
        ("300750.SZ", "300750.SZ"),
        ("830799", "830799.BJ"),
        ("AAPL", None),
        ("", None),
        ("60051x", None),
    ],
)
def test_symbols_in_every_form(raw: str, symbol: str | None) -> None:
    frame = pl.DataFrame({"s": [raw]}).select(normal_symbol(pl.col("s")))
    assert frame.item() == symbol


def test_presets_are_listed_and_wrong_ones_refused() -> None:
    assert "quant15" in presets()
    with pytest.raises(UnknownPresetError, match="quant15"):
        MappingSpec(preset="quant16", path="x")  # type: ignore[call-arg]


@pytest.mark.slow
@pytest.mark.real_data
def test_real_minute_files(real_data: Path, lake: Lake) -> None:
    minute = real_data / "minute"
    specs = [
        MappingSpec(preset="minute_yyyymmdd", path=str(minute / "sz000001_1min_201801.csv")),  # type: ignore[call-arg]
        MappingSpec(preset="eastmoney_1min", path=str(minute / "600519_1min.csv")),  # type: ignore[call-arg]
        MappingSpec(preset="eastmoney_5min", path=str(minute)),  # type: ignore[call-arg]
        TdxSpec(path=str(minute / "etf_5min_tdx_lc5.tar.xz")),
    ]
    report = ingest(specs, lake, show_progress=False)
    bars = {c.source: c for c in report.counts if c.table == "bars"}
    assert bars["minute_yyyymmdd"].added == 21 * 240
    assert lake.scan("auctions").collect().height == 5
    raw = pl.read_csv(minute / "600519_1min.csv").filter(~pl.col("datetime").str.contains("09:30"))
    zeros = int((raw["open"] == 0).sum())
    assert zeros > 900
    assert bars["eastmoney_1min"].repairs["opens of 0 took the close before"] == zeros
    assert bars["tdx"].added > 1_000_000
    quarantined = {c.source: dict(c.quarantined) for c in report.counts if c.quarantined}
    assert set(quarantined) <= {"tdx"}, quarantined


@pytest.mark.real_data
def test_real_reference_files(real_data: Path, lake: Lake) -> None:
    folder = real_data / "reference"
    ingest(
        [
            MembersSpec(path=str(folder / "index_members.tar.xz")),
            StockBasicSpec(path=str(folder / "stock_basic.parquet")),
            DailyBasicSpec(path=str(folder / "daily_basic.parquet")),
        ],
        lake,
        show_progress=False,
    )
    on = date(2024, 1, 2)
    rows = lake.scan("membership").filter(pl.col("in_date") <= on, pl.col("out_date") >= on)
    counts = dict(rows.group_by("index").len().collect().iter_rows())
    assert [counts[i] for i in ("000300.SH", "000905.SH", "000906.SH", "000852.SH")] == [
        300,
        500,
        800,
        1000,
    ]


def _cut(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> Path:
    """Some of the members of an archive as files; its first folder."""
    first = ""
    with tarfile.open(archive, "r|*") as whole:  # as it comes: going back unpacks all again
        for member in whole:
            if member.isdir() or wanted(PurePosixPath(member.name)):
                first = first or PurePosixPath(member.name).parts[0]
                whole.extract(member, folder, filter="data")
    return folder / first


def _one_in_twelve(path: PurePosixPath) -> bool:
    digits = path.stem if path.suffix == ".csv" else path.parent.name
    return int("".join(filter(str.isdigit, digits)) or 1) % 12 == 0 or path.suffix == ".txt"


@pytest.mark.slow
@pytest.mark.real_data
def test_real_bars_against_daily_rows(real_data: Path, lake: Lake, tmp_path: Path) -> None:
    """One stock in twelve of the real archives."""
    bars = _cut(real_data / "bars15_500.tar.xz", tmp_path, _one_in_twelve)
    days = _cut(real_data / "daily_qlib_960.tar.xz", tmp_path, _one_in_twelve)
    here = {path.name.upper() for path in (days / "features").iterdir() if any(path.iterdir())}
    listed = days / "instruments" / "all.txt"
    lines = [s for s in listed.read_text().splitlines() if s.split()[0].upper() in here]
    listed.write_text("\n".join(lines))
    for path in (days / "features").iterdir():
        if path.name.upper() not in here:
            path.rmdir()
    ingest(
        [MappingSpec(preset="quant15", path=str(bars)), QlibSpec(path=str(days))],  # type: ignore[call-arg]
        lake,
        show_progress=False,
    )
    found = quality(lake, 15)
    both = found.checked["stock-days with bars and a daily row that traded"]
    assert found.checked["15-minute bars"] == sum(
        len(path.read_text().splitlines()) - 1 for path in bars.glob("*.csv")
    )
    assert both > 9_000
    assert found.summary()["bars: close is not the daily close"] > 0.05 * both
    assert found.summary()["bars: volume over 0.5 % off the daily volume"] > 0.15 * both
    daily = lake.scan("daily").select("symbol", "close").collect()
    index = daily["symbol"].str.contains(r"^(000\d{3}\.SH|399\d{3}\.SZ)$")
    for rows, steps in ((daily.filter(~index), 100), (daily.filter(index), 1000)):
        ticks = rows["close"].to_numpy() * steps
        np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)
