"""Clock: date and time of a record, in milliseconds since midnight, from a vendor's text."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.sources.level2.stamps import UNREAD, read
from intralpha.sources.when import EPOCHS, OFFSET, exchange_time, from_epoch, moment

DAY_MS = 86_400_000
# Numbers of digits below the second, and whether the date stands before the time.
NUMBERS = {
    "HHMMSSmmm": (3, False),
    "HHMMSSmm": (2, False),
    "HHMMSS": (0, False),
    "YYYYMMDDHHMMSSmmm": (3, True),
    "YYYYMMDDHHMMSS": (0, True),
}


def time_ms(column: str, kind: Any, time_format: str) -> pl.Expr:
    """Milliseconds since midnight; null where the text is no time.

    Parameters
    ----------
    column : name
    kind : its type; times of Parquet need no format
    time_format : of ``StreamSpec``
    """
    value = pl.col(column)
    if kind == pl.Time or isinstance(kind, pl.Datetime):
        return _of_day(_local(value, kind).cast(pl.Time))
    if isinstance(kind, pl.Duration):
        return _checked(value.dt.total_milliseconds())
    text = value.str.strip_chars()
    if time_format in EPOCHS:
        return _of_day(_since(text, time_format).dt.time())
    if time_format == "ms":
        return _checked(_whole(text))
    if time_format in NUMBERS:
        below, dated = NUMBERS[time_format]
        number = _whole(text)
        return _clock(number % 10 ** (6 + below) if dated else number, below)
    return value.map_batches(partial(_text_ms, time_format=time_format), return_dtype=pl.Int32())


def number_form(text: str) -> str | None:
    """The name of the numbers that read a text as a time of an exchange's day; None if none does.

    Parameters
    ----------
    text : of a vendor

    Examples
    --------
    >>> [number_form(t) for t in ("93000000", "093000", "10300012", "20240102093000000", "9:30")]
    ['HHMMSSmmm', 'HHMMSS', 'HHMMSSmm', 'YYYYMMDDHHMMSSmmm', None]
    """
    for name, (below, dated) in NUMBERS.items():
        digits = text.strip().removesuffix(".0")
        if not digits.isdecimal() or dated != (len(digits) >= len("YYYYMMDDHHMMSS")):
            continue
        clock = int(digits[8:] if dated else digits)
        second, minute, hour = (clock // 10 ** (below + k) for k in (0, 2, 4))
        long = not dated or len(digits) == 14 + below
        if long and 9 <= hour <= 15 and minute % 100 < 60 and second % 100 < 60:
            return name
    return None


def stamp_date(column: str, kind: Any, time_format: str) -> pl.Expr:
    """Date of a column that holds date and time; null where the text is no date.

    Parameters
    ----------
    column : name
    kind : its type; dates and times of Parquet need no format
    time_format : of ``StreamSpec``, with the date in it
    """
    value = pl.col(column)
    if kind.is_temporal():
        return _local(value, kind).cast(pl.Date)
    text = value.str.strip_chars()
    if time_format in EPOCHS:
        return _since(text, time_format).dt.date()
    if time_format in NUMBERS:
        below, _ = NUMBERS[time_format]
        day = _whole(text) // 10 ** (6 + below)
        return day.map_batches(_plain_date, return_dtype=pl.Date())
    return value.map_batches(lambda texts: moments(texts, time_format)[0], return_dtype=pl.Date())


def plain_date(column: str, kind: Any) -> pl.Expr:
    """Date of a column like 20230201, 2023-02-01, 2023.02.01 or 2023/02/01."""
    value = pl.col(column)
    if kind.is_temporal():
        return _local(value, kind).cast(pl.Date)
    return value.map_batches(_plain_date, return_dtype=pl.Date())


def moments(text: pl.Series, time_format: str) -> tuple[pl.Series, pl.Series]:
    """Dates and milliseconds since midnight of texts that hold both, in a format of strptime."""
    found = read(text, time_format)
    if found is None:
        return _lenient_date(text, time_format), _lenient_ms(text, time_format)
    days = _completed(text, found.days, time_format, _lenient_date)
    return days, _completed(text, found.ms, time_format, _lenient_ms)


def says_zone(kind: Any, time_format: str) -> bool:
    """Whether stamps say their own time zone: counts since 1970, offsets, Parquet's own zones.

    Parameters
    ----------
    kind : type of the column
    time_format : of ``StreamSpec``
    """
    if kind != pl.String:
        return getattr(kind, "time_zone", None) is not None
    return time_format in EPOCHS or OFFSET.search(time_format) is not None


def is_dated(kind: Any, time_format: str) -> bool:
    """Whether a column of times holds days, too.

    Parameters
    ----------
    kind : type of the column
    time_format : of ``StreamSpec``
    """
    if kind.is_temporal():
        return isinstance(kind, pl.Datetime)
    if time_format in NUMBERS:
        return NUMBERS[time_format][1]
    return time_format in EPOCHS or "%Y" in time_format


def moved(date: pl.Series, ms: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Dates and milliseconds since midnight of a zone in the exchange's.

    Parameters
    ----------
    date, ms : of the zone; null where unread
    zone : such as UTC

    Returns
    -------
    dates, milliseconds : null also where the zone's clock skips or repeats that time
    """
    stamp = pl.select(date.cast(pl.Datetime("ms")) + pl.Series(ms).cast(pl.Duration("ms")))
    return _parted(exchange_time(stamp.to_series(), zone))


def with_offset(date: pl.Series, time: pl.Series, time_format: str) -> tuple[pl.Series, pl.Series]:
    """Dates and milliseconds of a date beside a time that says its offset from UTC, or counts.

    Parameters
    ----------
    date : of the same offset
    time : text
    time_format : strptime's, ending with ``%z``, or counts since 1970, which hold their date
    """
    if time_format in EPOCHS:
        return _parted(from_epoch(time, time_format))
    text = date.dt.to_string("%Y-%m-%d") + " " + time.str.strip_chars()
    return _parted(moment(text, f"%Y-%m-%d {time_format}"))


def _parted(stamp: pl.Series) -> tuple[pl.Series, pl.Series]:
    ms = stamp.dt.time().cast(pl.Int64) // 1_000_000
    return stamp.dt.date().alias("date"), ms.cast(pl.Int32).alias("time")


# Eight digits, or with separators, and perhaps a time or a fraction behind them.
PLAIN_DATE = r"^(?<year>\d{4})[-./]?(?<month>\d{2})[-./]?(?<day>\d{2})(?:[^\d].*)?$"


def _plain_date(values: pl.Series) -> pl.Series:
    """Dates of texts or numbers; there are few different ones, so each is read once."""
    known = values.unique()
    parts = known.cast(pl.String).str.strip_chars().str.extract_groups(PLAIN_DATE).struct
    texts = pl.select(pl.concat_str(parts["year"], parts["month"], parts["day"])).to_series()
    return values.replace_strict(
        known, texts.str.to_date("%Y%m%d", strict=False), return_dtype=pl.Date()
    )


def _text_ms(text: pl.Series, time_format: str) -> pl.Series:
    """Milliseconds since midnight of texts."""
    found = read(text, time_format)
    if found is None:
        return _lenient_ms(text, time_format)
    return _completed(text, found.ms, time_format, _lenient_ms)


def _completed(
    text: pl.Series,
    found: ndarray,
    time_format: str,
    lenient: Callable[[pl.Series, str], pl.Series],
) -> pl.Series:
    """What is unread, read leniently."""
    unread = np.flatnonzero(found == UNREAD)
    rest = lenient(text.gather(unread), time_format)
    return pl.Series(found).cast(rest.dtype).scatter(unread, rest)


def _lenient_ms(text: pl.Series, time_format: str) -> pl.Series:
    if any(word in time_format for word in ("%Y", "%y", "%m")):
        clock = moment(text, time_format).dt.time()
    elif OFFSET.search(time_format):
        clock = moment("2000-01-01 " + text.str.strip_chars(), f"%Y-%m-%d {time_format}").dt.time()
    else:
        clock = text.str.strip_chars().str.to_time(time_format, strict=False)
    return (clock.cast(pl.Int64) // 1_000_000).cast(pl.Int32)


def _lenient_date(text: pl.Series, time_format: str) -> pl.Series:
    return moment(text, time_format).dt.date()


def _local(stamp: pl.Expr, kind: Any) -> pl.Expr:
    """Datetimes in the exchange's time; naive ones are."""
    if getattr(kind, "time_zone", None) is None:
        return stamp
    return stamp.map_batches(exchange_time, return_dtype=pl.Datetime(kind.time_unit))


def _since(text: pl.Expr, unit: str) -> pl.Expr:
    """Counts since 1970 as datetimes of the exchange's time."""
    return text.map_batches(partial(from_epoch, unit=unit), return_dtype=pl.Datetime("ms"))


def _whole(text: pl.Expr) -> pl.Expr:
    """Whole numbers; 93000000.0, which pandas makes where a number is missing, counts as one."""
    return text.map_batches(_whole_numbers, return_dtype=pl.Int64())


def _whole_numbers(text: pl.Series) -> pl.Series:
    number = text.cast(pl.Int64, strict=False)
    if number.null_count() == text.null_count():
        return number
    return number.fill_null(text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False))


def _of_day(time: pl.Expr) -> pl.Expr:
    return (time.cast(pl.Int64) // 1_000_000).cast(pl.Int32)


def _checked(ms: pl.Expr) -> pl.Expr:
    return pl.when(ms.is_between(0, DAY_MS - 1)).then(ms).cast(pl.Int32)


def _clock(number: pl.Expr, below: int) -> pl.Expr:
    """HHMMSS and digits below the second as milliseconds."""
    unit = 10**below
    seconds, minutes = number // unit % 100, number // (100 * unit) % 100
    hours = number // (10_000 * unit)
    fits = (seconds < 60) & (minutes < 60) & hours.is_between(0, 23) & (number >= 0)
    ms = hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + number % unit * (1_000 // unit)
    return pl.when(fits).then(ms).cast(pl.Int32)
