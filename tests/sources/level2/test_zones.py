"""Stamps of any time zone, however they are written, are one lake."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.sources.level2.source import Level2Spec

from .conftest import read, reasons

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Monday after New York's clocks were set back, a day of summer, a leap day.
MOMENTS = [
    datetime(2022, 11, 7, 9, 30, 0, 120_000),
    datetime(2022, 11, 7, 11, 29, 59),
    datetime(2022, 11, 7, 14, 59, 59, 990_000),
    datetime(2023, 7, 3, 9, 30),
    datetime(2024, 2, 29, 13, 0, 0, 10_000),
]
ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Asia/Kolkata", "Europe/London")
WHOLE, CLOCK = "%Y-%m-%d %H:%M:%S%.3f", "%H:%M:%S%.3f"
FACTS = {"s": "600001.SH", "p": 10.0, "v": 100, "b": 2, "a": 1}
COLUMNS = {"symbol": "s", "seq": "n", "price": "p", "volume": "v", "buy_id": "b", "sell_id": "a"}


def spec(path: Path, columns: dict[str, str], form: str, **keys: Any) -> Level2Spec:
    stream = {"holds": "trades", "pattern": "*", "columns": {**COLUMNS, **columns}, **keys}
    streams = {"trades": {**stream, "time_format": form}}
    return Level2Spec.model_validate({"path": str(path), "streams": streams})


def table(**stamps: list[Any]) -> pl.DataFrame:
    return (
        pl.DataFrame(stamps)
        .with_row_index("n", 1)
        .with_columns(pl.lit(value).alias(name) for name, value in FACTS.items())
    )


def local(zone: str) -> list[datetime]:
    return [m.replace(tzinfo=SHANGHAI).astimezone(ZoneInfo(zone)) for m in MOMENTS]


def text(moments: list[datetime], form: str) -> list[str]:
    return [f"{m.strftime(form)}.{m.microsecond // 1000:03d}" for m in moments]


def expected(tmp_path: Path) -> pl.DataFrame:
    rows = table(t=text(MOMENTS, "%Y-%m-%d %H:%M:%S"))
    rows.write_csv(tmp_path / "expected.csv")
    found = read(spec(tmp_path / "expected.csv", {"datetime": "t"}, WHOLE))["trades"].frame
    assert found["date"].to_list() == [m.date() for m in MOMENTS]
    seconds = [(m.hour * 60 + m.minute) * 60 + m.second for m in MOMENTS]
    ms = [1000 * s + m.microsecond // 1000 for s, m in zip(seconds, MOMENTS, strict=True)]
    assert found["time"].to_list() == ms
    return found


@pytest.mark.slow
@pytest.mark.one_in(3)
@pytest.mark.parametrize("zone", ZONES)
def test_any_declared_zone_gives_the_same_lake(tmp_path: Path, zone: str) -> None:
    whole, there = expected(tmp_path), local(zone)
    days = [f"{m:%Y%m%d}" for m in there]
    numbers = [int(t.replace(".", "")) for t in text(there, "%H%M%S")]
    dated = [int(t.replace(".", "")) for t in text(there, "%Y%m%d%H%M%S")]
    since = [round(m.timestamp() * 1000) for m in there]
    offsets = [m.isoformat(sep=" ", timespec="milliseconds") for m in there]
    one, two = {"datetime": "t"}, {"date": "d", "time": "t"}
    ways: dict[str, tuple[pl.DataFrame, dict[str, str], str]] = {
        "text": (table(t=text(there, "%Y-%m-%d %H:%M:%S")), one, WHOLE),
        "parts": (table(d=days, t=text(there, "%H:%M:%S")), two, CLOCK),
        "numbers": (table(d=days, t=numbers), two, "HHMMSSmmm"),
        "dated": (table(t=dated), one, "YYYYMMDDHHMMSSmmm"),
        "epoch": (table(t=since), one, "epoch_ms"),
        "epoch_and_day": (table(d=days, t=since), two, "epoch_ms"),
        "offset": (table(t=offsets), one, "%Y-%m-%d %H:%M:%S%.3f%z"),
        "offset_and_day": (table(d=days, t=[o[11:] for o in offsets]), two, "%H:%M:%S%.3f%z"),
    }
    for name, (rows, columns, form) in ways.items():
        path = tmp_path / f"{name}.csv"
        rows.write_csv(path)
        found = read(spec(path, columns, form, time_zone=zone))["trades"]
        assert found.frame.equals(whole), (name, found.frame, reasons(found))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("zone", ZONES)
def test_datetimes_of_parquet_and_logs_likewise(tmp_path: Path, zone: str) -> None:
    whole, there = expected(tmp_path), local(zone)
    naive = table(t=[m.replace(tzinfo=None) for m in there])
    aware = naive.with_columns(pl.col("t").dt.replace_time_zone(zone))
    for name, rows in (("naive", naive), ("aware", aware)):
        rows.write_parquet(tmp_path / f"{name}.parquet")
        made = spec(
            tmp_path / f"{name}.parquet", {"datetime": "t"}, CLOCK, format="parquet", time_zone=zone
        )
        assert read(made)["trades"].frame.equals(whole)
    lines = [
        " ".join(f"{key}={value}" for key, value in row.items())
        for row in table(t=text(there, "%Y-%m-%d %H:%M:%S")).iter_rows(named=True)
    ]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n")
    made = spec(tmp_path / "a.log", {"datetime": "t"}, WHOLE, format="kv_log", time_zone=zone)
    assert read(made)["trades"].frame.equals(whole)


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_in_the_path_is_the_session(tmp_path: Path, zone: str) -> None:
    whole, there = expected(tmp_path), local(zone)
    rows = table(t=text(there, "%H:%M:%S"))
    for moment in MOMENTS:
        folder = tmp_path / "days" / f"{moment:%Y%m%d}"
        folder.mkdir(parents=True, exist_ok=True)
        mine = pl.Series([m.date() == moment.date() for m in MOMENTS])
        rows.filter(mine).write_csv(folder / "t.csv")
    made = spec(tmp_path / "days", {"time": "t"}, CLOCK, pattern="{date}/t.csv", time_zone=zone)
    assert read(made)["trades"].frame.sort("date", "seq").equals(whole)


def test_a_time_that_the_clock_skips_is_set_aside(tmp_path: Path) -> None:
    table(t=["2023-03-12 02:30:00.000", "2023-03-12 21:30:00.000"]).write_csv(tmp_path / "a.csv")
    made = spec(tmp_path / "a.csv", {"datetime": "t"}, WHOLE, time_zone="America/New_York")
    found = read(made)["trades"]
    assert found.frame["time"].to_list() == [34_200_000]
    assert found.quarantined["line"].to_list() == [2]


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="Asia/Peking"):
        spec(tmp_path, {"datetime": "t"}, WHOLE, time_zone="Asia/Peking")
