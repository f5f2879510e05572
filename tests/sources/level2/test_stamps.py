"""Compiled reading of stamps agrees with the standard library, and leaves the rest unread."""

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.sources.level2.clock import moments
from intralpha.sources.level2.stamps import UNREAD, read, steps

EPOCH = date(1970, 1, 1).toordinal()
FULL = "%Y.%m.%dT%H:%M:%S%.3f"


def _of(stamp: datetime) -> tuple[int, int]:
    below = stamp.microsecond // 1000
    seconds = (stamp.hour * 60 + stamp.minute) * 60 + stamp.second
    return stamp.toordinal() - EPOCH, seconds * 1000 + below


def _read(texts: list[str | None], form: str) -> list[tuple[int, int]]:
    found = read(pl.Series(texts, dtype=pl.String()), form)
    assert found is not None
    return list(zip(found.days.tolist(), found.ms.tolist(), strict=True))


@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2399, 12, 31)), max_size=20))
def test_dates_and_times(stamps: list[datetime]) -> None:
    texts = [f"{s:%Y.%m.%dT%H:%M:%S}.{s.microsecond // 1000:03d}" for s in stamps]
    # strftime writes years below 1000 without zeros on some systems; there are none here.
    assert _read(texts, FULL) == [_of(s) for s in stamps]


@pytest.mark.parametrize(
    ("below", "ms"),
    [("5", 500), ("25", 250), ("3209", 320), ("999999", 999), ("123456789", 123)],
)
def test_any_digits_below_the_second(below: str, ms: int) -> None:
    assert _read([f"09:30:00.{below}"], "%H:%M:%S%.f") == [(UNREAD, 34_200_000 + ms)]


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "2023.02.01", "2023.02.01T09:30:00", "2023.02.01T09:30:00.", "x"),
        *("2023.02.01T09:30:00.12", "2023.02.01T09:30:00.1234", "2023.02.01T09:30:00.123x"),
        *("2023.02.29T09:30:00.123", "2023.00.01T09:30:00.123", "2023.13.01T09:30:00.123"),
        *("2023.04.31T09:30:00.123", "2100.02.29T09:30:00.123", "2023.02.00T09:30:00.123"),
        *("2023.02.01T24:30:00.123", "2023.02.01T09:60:00.123", "2023.02.01T09:30:60.123"),
        *("2023-02-01T09:30:00.123", "2023.2.01T09:30:00.123", "1969.12.31T09:30:00.123"),
        "-023.02.01T09:30:00.123",
    ],
)
def test_what_is_not_as_the_format_is_unread(text: str) -> None:
    good = "2024.02.29T09:30:00.123"
    assert _read([good, text, None, f" {good}\r"], FULL) == [
        (19_782, 34_200_123),
        (UNREAD, UNREAD),
        (UNREAD, UNREAD),
        (19_782, 34_200_123),
    ]


@pytest.mark.parametrize("form", ["%H:%M", "%I:%M:%S", "%Y %H:%M:%S", "%H:%M:%S%z", "%H%H:%M:%S"])
def test_formats_for_polars(form: str) -> None:
    assert steps(form) is None


def test_what_is_unread_is_read_leniently() -> None:
    texts = pl.Series(["2023-02-01 09:30:00", "2023-02-1 9:30:00", "2023-02-31 09:30:00", None])
    days, ms = moments(texts, "%Y-%m-%d %H:%M:%S")
    assert days.to_list() == [date(2023, 2, 1), date(2023, 2, 1), None, None]
    assert ms.to_list() == [34_200_000, 34_200_000, None, None]


def test_a_slice_of_a_column() -> None:
    texts = pl.Series([f"09:30:{s:02d}" for s in range(60)])[17:20]
    found = read(texts, "%H:%M:%S")
    assert found is not None
    assert found.ms.tolist() == [34_217_000, 34_218_000, 34_219_000]
