"""When: vendors' dates and times as naive datetimes of the exchange's time zone."""

import re
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import TypeVar
from zoneinfo import available_timezones

import polars as pl

EXCHANGE_ZONE = "Asia/Shanghai"
# Nanoseconds of a unit since 1970-01-01 00:00 UTC.
EPOCHS = {"epoch_s": 10**9, "epoch_ms": 10**6, "epoch_us": 10**3, "epoch_ns": 1}
CLOCK_NUMBER = "HHMMSSmmm"
# Up to here float32 holds every whole number.
EXACT_FLOAT32 = 1 << 24
FRIDAY = 5  # of Polars' weekdays
FIRST, LAST = datetime(1990, 1, 1), datetime(2100, 1, 1)
Column = TypeVar("Column", pl.Expr, pl.Series)
OTHER_AGE = "date before 1990 or after 2099"

# A stamp that says how far from UTC it is.
OFFSET = re.compile(r"(%[:#]*z|Z|[+-]\d{2}:?\d{2})$")
_HOUR = re.compile(r"%[HIkTRsc+rX]")
DAY_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
_DATES = (*DAY_FORMS, "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y")
# A day with a time of day behind it, and perhaps an offset from UTC.
_TIMED = r"^(\S+?)[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d*)?)?$"
_ZONED = r"^(\d{4})\D(\d{1,2})\D(\d{1,2})[ T](\d{1,2}:\d{2}:\d{2}(?:\.\d*)?) ?(Z|[+-]\d{2}:?\d{2})$"
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f", "%H%M%S", "%H%M%S%3f", "%H%M")


def refuse_zone_names(form: str) -> str:
    """The same format, which can be read with and reads no names of time zones.

    Raises
    ------
    ValueError
        It holds ``%Z``: of a name such as CST nobody knows which zone it is, and it would be passed
        over. Or it contradicts itself: hours up to 12 without AM and PM, say.
    """
    if "%Z" in form:
        raise ValueError(f"found %Z in {form!r}; expected %z, an offset such as +08:00")
    try:
        pl.Series(["2024-01-02"]).str.to_datetime(form, strict=False)
    except pl.exceptions.ComputeError as error:
        why = str(error).splitlines()[0].removeprefix("Invalid format string: ")
        raise ValueError(f"found {form!r}; expected a whole format: {why}") from error
    return form


def known_zone(zone: str) -> str:
    """The same name of a time zone.

    Raises
    ------
    ValueError
        There is no zone of that name.
    """
    if zone not in available_timezones():
        raise ValueError(f"found {zone!r}; expected a zone such as {EXCHANGE_ZONE} or UTC")
    return zone


def exchange_time(stamp: pl.Series, zone: str = EXCHANGE_ZONE) -> pl.Series:
    """Datetimes of any time zone as naive ones of the exchange's.

    Parameters
    ----------
    stamp : Datetime; nulls stay null
    zone : of a naive ``stamp``

    Returns
    -------
    Series of naive Datetime; null where the zone's clock skips or repeats that time
    """
    if getattr(stamp.dtype, "time_zone", None) is None:
        if zone == EXCHANGE_ZONE:
            return stamp
        stamp = stamp.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return stamp.dt.convert_time_zone(EXCHANGE_ZONE).dt.replace_time_zone(None)


def from_epoch(values: pl.Series, unit: str) -> pl.Series:
    """Counts since 1970-01-01 00:00 UTC as naive datetimes of the exchange's time zone.

    Parameters
    ----------
    values : numbers, or texts of them
    unit : a key of ``EPOCHS``

    Returns
    -------
    Series of Datetime("ms"); null before 1990 and from 2100 on, where the unit is another
    """
    ns = EPOCHS[unit]
    whole = values.cast(pl.Int64, strict=False)
    loose = values.cast(pl.Float64, strict=False)
    ms = loose * (ns / 1e6)
    counted = whole // (10**6 // ns) if ns < 10**6 else whole * (ns // 10**6)
    found = counted.zip_with(whole.is_not_null(), ms.round().cast(pl.Int64, strict=False))
    inside = ms.is_between(FIRST.timestamp() * 1e3, LAST.timestamp() * 1e3)
    found = found.set(~inside.fill_null(value=False), None)
    return exchange_time(found.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))


def moments(fields: pl.DataFrame, form: str, zone: str = EXCHANGE_ZONE) -> pl.Series:
    """Date and time of rows.

    Parameters
    ----------
    fields : ``datetime``, or ``date`` and perhaps ``time``: text, numbers, or dates and times of
        Parquet, which need no format
    form : strptime's, of ``datetime`` or of date and time joined by a space; ``HHMMSSmmm`` for
        dates and such numbers; ``epoch_s``, ``epoch_ms``, ``epoch_us`` or ``epoch_ns``
    zone : of stamps that do not say their own; a date without a time has none

    Returns
    -------
    Series of Datetime("ms"), in the exchange's time; null where a row cannot be read
    """
    if "datetime" in fields.columns:
        return moment(fields["datetime"], form, zone)
    date = fields["date"]
    if "time" not in fields.columns:
        return _day_stamps(date, form, zone)
    if form == CLOCK_NUMBER:
        return days(date).cast(pl.Datetime("ms")) + _clock_number(fields["time"])
    head, _, tail = form.partition(" ")
    if date.dtype.is_temporal():
        date, head = days(date).dt.to_string("%Y-%m-%d"), "%Y-%m-%d"
    clock, tail = _clock_text(fields["time"], tail)
    return moment(_text(date) + " " + clock, f"{head} {tail}", zone)


def _day_stamps(date: pl.Series, form: str, zone: str) -> pl.Series:
    """Stamps of days; a date has no time zone, and midnight without one is a date."""
    if not isinstance(date.dtype, pl.Datetime):
        return moment(date, form, zone if _HOUR.search(form) else EXCHANGE_ZONE)
    plain, shifted = moment(date, form), moment(date, form, zone)
    return plain.zip_with((plain.dt.time() == time(0)).fill_null(value=True), shifted)


def moment(values: pl.Series, form: str, zone: str = EXCHANGE_ZONE) -> pl.Series:
    """Values that hold date and time in one, as naive datetimes of the exchange's time zone.

    Parameters
    ----------
    values : text, numbers, dates or datetimes
    form : see :func:`moments`
    zone : of stamps that do not say their own
    """
    kind = values.dtype
    if kind == pl.Date:
        return values.cast(pl.Datetime("ms"))
    if isinstance(kind, pl.Datetime):
        return exchange_time(values, zone).cast(pl.Datetime("ms"))
    if form in EPOCHS:
        return from_epoch(values, form)
    own = OFFSET.search(form)
    text = _text(values)
    if own:
        form = form[: own.start()] + "%z"
        text = text.str.replace("Z$", "+0000").str.replace(r"([+-]\d{2})$", "${1}00")
    found = text.str.to_datetime(form, time_unit="ms", strict=False)
    return exchange_time(found, zone if _HOUR.search(form) else EXCHANGE_ZONE)


def days(values: pl.Series) -> pl.Series:
    """Dates, whatever they are written as: 20240102, 2024-01-02, 2024/1/2, 20240102.0 or a date.

    A time of day behind the date is passed over; with an offset from UTC the day is the exchange's.

    Parameters
    ----------
    values : text, numbers, dates or datetimes

    Returns
    -------
    Series of Date; null where a value is no day
    """
    if isinstance(values.dtype, pl.Datetime):
        return exchange_time(values).dt.date()
    if values.dtype == pl.Date:
        return values
    text = _text(values)
    found = _plain_days(text)
    open_ = (found.is_null() & text.is_not_null()).arg_true()
    if not len(open_):
        return found
    lost = text.gather(open_)
    timed = _plain_days(lost.str.extract(_TIMED, 1))
    zoned = lost.str.replace(_ZONED, "${1}-${2}-${3} ${4}${5}")
    shifted = moment(zoned, "%Y-%m-%d %H:%M:%S%.f%z").dt.date()
    return found.scatter(open_, timed.zip_with(timed.is_not_null(), shifted))


def _plain_days(text: pl.Series) -> pl.Series:
    return pl.select(
        pl.coalesce(text.str.to_date(form, strict=False) for form in DAY_FORMS)
    ).to_series()


def spreadsheet_day(text: str) -> date | None:
    """The day that a spreadsheet's count stands for, 45293 for 2024-01-02; None if it is none.

    Parameters
    ----------
    text : as the vendor wrote it
    """
    if not re.fullmatch(r"\d{5}(\.\d+)?", text):
        return None
    day = date(1899, 12, 30) + timedelta(days=int(float(text)))
    return day if FIRST.date() <= day < LAST.date() else None


def timed_days(values: pl.Series) -> int:
    """How many texts have a time of day behind the day that :func:`days` reads."""
    if values.dtype != pl.String:
        return 0
    text = values.str.strip_chars()
    return int((text.str.contains(_TIMED) | text.str.contains(_ZONED)).sum())


def of_our_age(moment: Column) -> Column:
    """Whether dates, or dates with a time, are of the age of these exchanges; null stays null."""
    return moment.is_between(FIRST, LAST, closed="left")


def fitting(text: str) -> str | None:
    """A format that reads a text as a day of an exchange; None if none of the usual ones does.

    Examples
    --------
    >>> [fitting(t) for t in ("2024/01/02", "2024-01-02T09:31:00+08:00", "1672709401", "soon")]
    ['%Y/%m/%d', '%Y-%m-%dT%H:%M:%S%z', 'epoch_s', None]
    """
    return next(iter(formats([text])), None)


def formats(texts: list[str]) -> list[str]:
    """Formats that read all of the texts as days of an exchange, the likeliest first.

    Several read texts like 01/03/2023: the first of them has the fewest days on weekends. What
    reads them as the same days is named once.

    Examples
    --------
    >>> formats(["01/03/2023", "01/04/2023"]), formats(["01/03/2023", "01/13/2023"])
    (['%m/%d/%Y', '%d/%m/%Y'], ['%m/%d/%Y'])
    """
    values = pl.Series(texts, dtype=pl.String)
    known = " ".join(texts)
    mark = " " if " " in known.strip() else "T" if "T" in known else ""
    timed = [date + mark + clock for date, clock in product(_DATES, _CLOCKS)]
    offset = [form + "%z" for form in timed]
    found: list[tuple[int, str, pl.Series]] = []
    for form in (*_DATES, *timed, *offset, *EPOCHS):
        read = moment(values, form)  # compared by Polars: Python knows no year before 1
        fits = of_our_age(read).fill_null(value=False).all()
        if fits and not any(read.equals(other) for *_, other in found):
            found.append((int((read.dt.weekday() > FRIDAY).sum()), form, read))
    return [form for _, form, _ in sorted(found, key=lambda one: one[0])]


def _text(values: pl.Series) -> pl.Series:
    """Text without white space; fractions of pandas are whole again, those float32 rounded -1."""
    if values.dtype.is_float():
        rounded = values.abs() > EXACT_FLOAT32 if values.dtype == pl.Float32 else None
        values = values.cast(pl.Int64, strict=False).fill_null(-1)
        values = values if rounded is None else values.set(rounded, -1)
    return values.cast(pl.String).str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")


def _clock_text(values: pl.Series, form: str) -> tuple[pl.Series, str]:
    """Times of the day as text, and its format; numbers get their leading zeros back."""
    if isinstance(values.dtype, pl.Duration):
        values = (values.dt.total_microseconds() * 1000).cast(pl.Time, strict=False)
    if isinstance(values.dtype, pl.Datetime):
        values = exchange_time(values).dt.time()
    if values.dtype == pl.Time:
        return values.dt.to_string("%H:%M:%S%.3f"), "%H:%M:%S%.3f"
    width = {"%H%M%S": 6, "%H%M": 4, "%H%M%S%3f": 9}.get(form, 0)
    return _text(values).str.zfill(width) if width else _text(values), form


def _clock_number(values: pl.Series) -> pl.Series:
    """HHMMSSmmm as durations; null where it is no time."""
    number = _text(values).cast(pl.Int64, strict=False)
    hour, minute = number // 10_000_000, number // 100_000 % 100
    second, ms = number // 1000 % 100, number % 1000
    known = hour.is_between(0, 23) & (minute < 60) & (second < 60)
    total = ((hour * 60 + minute) * 60 + second) * 1000 + ms
    return total.set(~known.fill_null(value=False), None).cast(pl.Duration("ms"))
