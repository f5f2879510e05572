"""Clock: date and time of a record, in milliseconds since midnight, from a vendor's text."""

from typing import Any

import polars as pl

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
        return _of_day(value.cast(pl.Time))
    if isinstance(kind, pl.Duration):
        return _checked(value.dt.total_milliseconds())
    text = value.str.strip_chars()
    if time_format == "ms":
        return _checked(_whole(text))
    if time_format in NUMBERS:
        below, dated = NUMBERS[time_format]
        number = _whole(text)
        return _clock(number % 10 ** (6 + below) if dated else number, below)
    if "%Y" in time_format or "%y" in time_format or "%m" in time_format:
        stamp = text.str.to_datetime(time_format, time_unit="ms", strict=False)
        return _of_day(stamp.cast(pl.Time))
    return _of_day(text.str.to_time(time_format, strict=False))


def stamp_date(column: str, kind: Any, time_format: str) -> pl.Expr:
    """Date of a column that holds date and time."""
    value = pl.col(column)
    if kind.is_temporal():
        return value.cast(pl.Date)
    text = value.str.strip_chars()
    if time_format in NUMBERS:
        below, _ = NUMBERS[time_format]
        digits = (_whole(text) // 10 ** (6 + below)).cast(pl.String)
        return digits.str.to_date("%Y%m%d", strict=False)
    return text.str.to_datetime(time_format, time_unit="ms", strict=False).dt.date()


def plain_date(column: str, kind: Any) -> pl.Expr:
    """Date of a column like 20230201, 2023-02-01, 2023.02.01 or 2023/02/01."""
    value = pl.col(column)
    if kind.is_temporal():
        return value.cast(pl.Date)
    digits = value.str.strip_chars().str.replace_all(r"[-./]", "").str.slice(0, 8)
    return digits.str.to_date("%Y%m%d", strict=False)


def _whole(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int64, strict=False)


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
