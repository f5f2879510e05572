"""TDX daily records: by hand, torn, of no calendar and of no code."""

import struct
from pathlib import Path

import polars as pl
import pytest

from intralpha.market import Lake
from intralpha.sources import SourceError, ingest
from intralpha.sources.tdx_day import TdxDaySpec


def record(day: int, close: int = 1234, volume: int = 5000) -> bytes:
    return struct.pack("<IIIIIfII", day, close, close + 6, close - 4, close, 61_700.0, volume, 0)


def test_prices_are_hundredths_and_volumes_shares(lake: Lake, vendor: Path) -> None:
    (vendor / "sh600519.day").write_bytes(record(20230103) + record(20230104, 1240))
    ingest([TdxDaySpec(path=str(vendor))], lake, show_progress=False)
    daily = lake.scan("daily").collect()
    columns = ("symbol", "open", "high", "low", "close", "preclose", "volume", "amount")
    first = ("600519.SH", 12.34, 12.4, 12.3, 12.34, 12.34, 5000, 61_700.0)
    assert daily.select(columns).row(0) == first
    assert daily["preclose"].to_list()[1] == 12.34
    assert daily["adj_factor"].to_list() == [1.0, 1.0]


def test_what_cannot_be_used_is_set_aside(lake: Lake, vendor: Path) -> None:
    (vendor / "sh600519.day").write_bytes(record(20230103) + record(20231332) + b"torn")
    (vendor / "xx.day").write_bytes(record(20230103))
    said = ingest([TdxDaySpec(path=str(vendor))], lake, show_progress=False).to_text()
    assert "1  date is null" in said
    assert "1  4 bytes at the end, expected 32" in said
    assert "1  symbol of unknown form" in said
    assert lake.scan("daily").collect().height == 1
    (vendor / "sh600519.day").write_bytes(b"short")
    with pytest.raises(SourceError, match="no whole record"):
        ingest([TdxDaySpec(path=str(vendor))], lake, show_progress=False)


def test_funds_have_three_digits(lake: Lake, vendor: Path) -> None:
    (vendor / "sh510050.day").write_bytes(record(20230103, 2651))
    ingest([TdxDaySpec(path=str(vendor), price_scale=1000)], lake, show_progress=False)
    assert lake.scan("daily").collect()["close"].to_list() == [2.651]


def test_a_repeated_day_is_named_by_its_own_record(lake: Lake, vendor: Path) -> None:
    days = (record(20230103), record(20230104), record(20230103, 1300), record(20230104, 1310))
    (vendor / "sh600519.day").write_bytes(b"".join(days))
    ingest([TdxDaySpec(path=str(vendor))], lake, show_progress=False)
    aside = pl.read_parquet(lake.root / "quarantine" / "*.parquet").sort("line")
    assert aside.select("line", "reason").rows() == [(3, "duplicate key"), (4, "duplicate key")]
    assert lake.scan("daily").collect()["close"].to_list() == [12.34, 12.34]


def test_a_folder_of_an_exchange_tells_an_index_from_a_share(tmp_path):
    """Shanghai's 000001 is an index; without its exchange the number is a share of Shenzhen."""
    (tmp_path / "sh" / "lday").mkdir(parents=True)
    (tmp_path / "sh" / "lday" / "000001.day").write_bytes(record(20230103))
    for path in (tmp_path, tmp_path / "sh", tmp_path / "sh" / "lday" / "000001.day"):
        frames = [b.frame for b in TdxDaySpec(path=str(path)).make().batches()]
        assert frames[0]["symbol"].to_list() == ["000001.SH"]
