"""Dates and times in every form a vendor may print."""

from datetime import date, datetime, time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.sources.level2.clock import NUMBERS, plain_date, stamp_date, time_ms

T = ((9 * 60 + 25) * 60 + 3) * 1000 + 320


def ms(text: object, form: str) -> int | None:
    frame = pl.DataFrame({"t": [text]})
    return frame.select(time_ms("t", frame.schema["t"], form)).item()


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("09:25:03.320", "%H:%M:%S%.f", T),
        (" 09:25:03.320 ", "%H:%M:%S%.3f", T),
        ("09:25:03", "%H:%M:%S%.f", T - 320),
        ("2023.02.01T09:25:03.320", "%Y.%m.%dT%H:%M:%S%.3f", T),
        ("2023-02-01 09:25:03", "%Y-%m-%d %H:%M:%S", T - 320),
        ("092503320", "HHMMSSmmm", T),
        ("92503320", "HHMMSSmmm", T),
        ("9250332", "HHMMSSmm", T),
        ("92503", "HHMMSS", T - 320),
        ("20230201092503320", "YYYYMMDDHHMMSSmmm", T),
        ("20230201092503", "YYYYMMDDHHMMSS", T - 320),
        (str(T), "ms", T),
        ("0", "HHMMSSmmm", 0),
        ("235959999", "HHMMSSmmm", 86_399_999),
        ("96000000", "HHMMSSmmm", None),
        ("240000000", "HHMMSSmmm", None),
        ("-1", "HHMMSSmmm", None),
        ("86400000", "ms", None),
        ("09:25", "HHMMSSmmm", None),
        ("", "%H:%M:%S%.f", None),
        (time(9, 25, 3, 320_000), "%H:%M:%S", T),
        (datetime(2023, 2, 1, 9, 25, 3, 320_000), "%H:%M:%S", T),
    ],
)
def test_times(text: object, form: str, expected: int | None) -> None:
    assert ms(text, form) == expected


@given(st.integers(0, 86_399_999), st.sampled_from(["HHMMSSmmm", "YYYYMMDDHHMMSSmmm"]))
def test_numbers_hold_the_millisecond(value: int, form: str) -> None:
    seconds, below = divmod(value, 1000)
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60:02d}{minutes % 60:02d}{second:02d}{below:03d}"
    assert ms(("20230201" if NUMBERS[form][1] else "") + text, form) == value


@pytest.mark.parametrize("text", ["20230201", "2023-02-01", "2023.02.01", " 2023/02/01 "])
def test_dates(text: str) -> None:
    frame = pl.DataFrame({"d": [text]})
    assert frame.select(plain_date("d", frame.schema["d"])).item() == date(2023, 2, 1)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("20230201092503320", "YYYYMMDDHHMMSSmmm", date(2023, 2, 1)),
        ("2023.02.01T09:25:03.320", "%Y.%m.%dT%H:%M:%S%.3f", date(2023, 2, 1)),
        (datetime(2023, 2, 1, 9), "", date(2023, 2, 1)),
        ("20231301092503320", "YYYYMMDDHHMMSSmmm", None),
        ("x", "%Y-%m-%d %H:%M:%S", None),
    ],
)
def test_dates_of_stamps(text: object, form: str, expected: date | None) -> None:
    frame = pl.DataFrame({"d": [text]})
    assert frame.select(stamp_date("d", frame.schema["d"], form)).item() == expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-01-02 09:25:03.320", "%Y-%m-%d %H:%M:%S%.3f"),
        ("2024-01-02 09:25:03.320+08:00", "%Y-%m-%d %H:%M:%S%.3f%z"),
        ("2024-01-02T01:25:03.320Z", "%Y-%m-%dT%H:%M:%S%.3fZ"),
        ("2024-01-02T01:25:03.320+00:00", "%Y-%m-%dT%H:%M:%S%.3f+00:00"),
        ("2024-01-01T20:25:03.320-0500", "%Y-%m-%dT%H:%M:%S%.f%z"),
        ("1704158703320", "epoch_ms"),
        ("1704158703320000", "epoch_us"),
        ("1704158703320000000", "epoch_ns"),
        ("1704158703.32", "epoch_s"),
    ],
)
def test_moments_of_any_zone_are_the_exchanges(text: str, form: str) -> None:
    frame = pl.DataFrame({"t": [text]})
    kind = frame.schema["t"]
    assert frame.select(time_ms("t", kind, form)).item() == T
    assert frame.select(stamp_date("t", kind, form)).item() == date(2024, 1, 2)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
def test_datetimes_of_parquet_in_another_zone_are_the_exchanges(zone: str) -> None:
    moment = pl.Series("t", [datetime(2024, 1, 2, 9, 25, 3, 320_000)])
    moment = moment.dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone(zone)
    frame, kind = moment.to_frame(), moment.dtype
    assert frame.select(time_ms("t", kind, "%H:%M:%S%.f")).item() == T
    assert frame.select(stamp_date("t", kind, "%H:%M:%S%.f")).item() == date(2024, 1, 2)
    assert frame.select(plain_date("t", kind)).item() == date(2024, 1, 2)


def test_a_time_of_day_with_an_offset() -> None:
    assert ms("01:25:03.320+00:00", "%H:%M:%S%.f%z") == T
