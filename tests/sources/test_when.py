"""Dates and times of vendors in the exchange's time zone."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.sources.when import (
    EPOCHS,
    days,
    fitting,
    from_epoch,
    moment,
    moments,
    refuse_zone_names,
)

OPEN = datetime(2024, 1, 2, 9, 31)
STAMPS = st.datetimes(datetime(1992, 1, 1), datetime(2099, 12, 31)).map(
    lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000)
)


def one(text: object, form: str, zone: str = "Asia/Shanghai") -> datetime | None:
    return moment(pl.Series([text]), form, zone)[0]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-01-02 09:31:00", "%Y-%m-%d %H:%M:%S"),
        ("2024-01-02 09:31:00+08:00", "%Y-%m-%d %H:%M:%S%z"),
        ("2024-01-02 09:31:00+0800", "%Y-%m-%d %H:%M:%S%:z"),
        ("2024-01-02T01:31:00Z", "%Y-%m-%dT%H:%M:%S%z"),
        ("2024-01-02T01:31:00Z", "%Y-%m-%dT%H:%M:%SZ"),
        ("2024-01-02T01:31:00+00:00", "%Y-%m-%dT%H:%M:%S+00:00"),
        ("2024-01-01 20:31:00-05:00", "%Y-%m-%d %H:%M:%S%z"),
        ("2024-01-02 10:31:00+09", "%Y-%m-%d %H:%M:%S%#z"),
        ("1704159060", "epoch_s"),
        ("1704159060000", "epoch_ms"),
        ("1704159060000000", "epoch_us"),
        ("1704159060000000000", "epoch_ns"),
        (1704159060.0, "epoch_s"),
        (1704159060000, "epoch_ms"),
    ],
)
def test_every_way_to_write_the_same_minute(text: object, form: str) -> None:
    assert one(text, form) == OPEN


def test_stamps_without_an_offset_are_of_the_zone_that_is_given() -> None:
    form = "%Y-%m-%d %H:%M:%S"
    assert one("2024-01-02 01:31:00", form, "UTC") == OPEN
    assert one("2024-01-01 20:31:00", form, "America/New_York") == OPEN
    # An offset of the stamp's own wins.
    assert one("2024-01-02 09:31:00+08:00", form + "%z", "UTC") == OPEN
    # The clock of New York never showed half past two on that morning.
    assert one("2024-03-10 02:30:00", form, "America/New_York") is None


def test_a_day_without_a_time_has_no_zone() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"]})
    assert moments(frame, "%Y-%m-%d", "Asia/Tokyo")[0].date() == date(2024, 1, 2)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Asia/Shanghai"])
def test_datetimes_of_parquet_need_no_format(unit: str, zone: str | None) -> None:
    local = OPEN if zone is None else OPEN.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    values = pl.Series([local if zone is None else local.astimezone(ZoneInfo(zone))])
    assert moment(values.cast(pl.Datetime(unit, zone)), "no format")[0] == OPEN


@given(STAMPS, st.sampled_from(sorted(EPOCHS)))
def test_counts_since_1970_are_utc(stamp: datetime, unit: str) -> None:
    count = (stamp.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )
    count = count * 10**6 // EPOCHS[unit]
    ms = count * EPOCHS[unit] // 10**6
    there = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    expected = there.astimezone(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)
    for values in (pl.Series([count]), pl.Series([str(count)])):
        assert from_epoch(values, unit)[0] == expected


@given(STAMPS, st.integers(-12, 14), st.sampled_from(["", ":"]))
def test_an_offset_moves_a_stamp_by_its_hours(stamp: datetime, hours: int, mark: str) -> None:
    there = stamp.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = stamp.strftime("%Y-%m-%d %H:%M:%S") + f"{hours:+03d}{mark}00"
    expected = there.astimezone(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)
    assert one(text, "%Y-%m-%d %H:%M:%S%z") == expected


def test_counts_of_another_unit_are_no_stamps() -> None:
    assert one("1704159060000", "epoch_s") is None
    assert one("1704159060", "epoch_ms") is None
    assert one("soon", "epoch_ms") is None


@pytest.mark.parametrize(
    ("day", "clock", "form"),
    [
        ("20240102", "93100000", "HHMMSSmmm"),
        (date(2024, 1, 2), 93100000, "HHMMSSmmm"),
        (20240102.0, 93100, "%Y%m%d %H%M%S"),
        ("2024/01/02", "9:31", "%Y/%m/%d %H:%M"),
        (datetime(2024, 1, 2), time(9, 31), "%Y-%m-%d %H:%M:%S"),
        (date(2024, 1, 2), timedelta(hours=9, minutes=31), "%Y-%m-%d %H:%M:%S"),
        ("20240102", time(9, 31), "%Y%m%d %H:%M"),
    ],
)
def test_a_date_and_a_time_in_two_columns(day: object, clock: object, form: str) -> None:
    assert moments(pl.DataFrame({"date": [day], "time": [clock]}), form)[0] == OPEN


def test_a_clock_that_no_clock_shows_is_null() -> None:
    clocks = ["96100000", "250000000", "93161000", "", "x"]
    frame = pl.DataFrame({"date": ["20240102"] * 5, "time": clocks})
    assert moments(frame, "HHMMSSmmm").to_list() == [None] * 5


@pytest.mark.parametrize(
    "value",
    ["20240102", "2024-01-02", "2024/1/2", "2024.01.02", 20240102, 20240102.0, "20240102.0"],
)
def test_days_however_they_are_written(value: object) -> None:
    assert days(pl.Series([value])).to_list() == [date(2024, 1, 2)]


def test_what_is_no_day_is_null() -> None:
    assert days(pl.Series(["--", "", "20241302", "2024-02-30"])).to_list() == [None] * 4
    assert days(pl.Series([float("nan"), None])).to_list() == [None, None]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024/01/02 09:31", "%Y/%m/%d %H:%M"),
        ("20240102093100000", "%Y%m%d%H%M%S%3f"),
        ("2024-01-02T01:31:00Z", "%Y-%m-%dT%H:%M:%S%z"),
        ("1704159060000", "epoch_ms"),
        ("AAPL", None),
    ],
)
def test_a_format_that_fits_is_found_and_reads_the_text(text: str, form: str | None) -> None:
    assert fitting(text) == form
    assert form is None or one(text, form) == OPEN


@pytest.mark.parametrize("form", ["%Y-%m-%d %I:%M:%S", "%Y-%m-%d %I %p", "%Y-%m-%d %H:%M %P", "%Z"])
def test_a_format_that_cannot_be_read_with_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"found .*; expected"):
        refuse_zone_names(form)


def test_a_day_that_float32_has_rounded_is_no_day() -> None:
    """20240103 has no float32; the nearest is that of the day behind it."""
    assert days(pl.Series([20240103], dtype=pl.Float32)).to_list() == [None]
    assert days(pl.Series([20240103], dtype=pl.Float64)).to_list() == [date(2024, 1, 3)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2001-08-27 00:00:00", date(2001, 8, 27)),
        ("2001-08-27T09:30:00.000", date(2001, 8, 27)),
        ("2001/8/27 0:00", date(2001, 8, 27)),
        ("2001年8月27日", date(2001, 8, 27)),
        ("20010827 00:00:00", date(2001, 8, 27)),
        ("2001-08-26T16:00:00Z", date(2001, 8, 27)),
        ("2001-08-26T16:00:00.000+00:00", date(2001, 8, 27)),
        ("2001-08-27 00:00:00+08:00", date(2001, 8, 27)),
        ("2001-08-27 x", None),
        ("2001-08-27 9", None),
    ],
)
def test_a_day_with_a_time_of_day(text: str, day: date | None) -> None:
    assert days(pl.Series([text])).to_list() == [day]


@pytest.mark.parametrize("clock", ["935", "93500", "93500000"])
def test_clocks_that_lost_a_zero_beside_their_format(clock: str) -> None:
    form = {3: "%H%M", 5: "%H%M%S", 8: "%H%M%S%3f"}[len(clock)]
    fields = pl.DataFrame({"date": ["20240102"], "time": [clock]})
    assert moments(fields, f"%Y%m%d {form}")[0] == datetime(2024, 1, 2, 9, 35)
