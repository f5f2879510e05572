"""Advice: what stands in a row that cannot be used, what was expected, and what would fit."""

import re

import polars as pl

from intralpha.sources.numerals import (
    LOTS,
    SHARES,
    YUAN,
    is_decimal_comma,
    may_be_decimals,
    spelt,
)
from intralpha.sources.row_form import RowForm
from intralpha.sources.when import CLOCK_NUMBER, OTHER_AGE, formats, spreadsheet_day

UNREAD_TIME = "date or time not readable"
LOOKED_AT = 200  # different stamps from which a format is guessed
CLOCK_WIDTHS = ((4, "%H%M"), (6, "%H%M%S"), (9, CLOCK_NUMBER))


def advice(
    why: str, rows: list[int], fields: pl.DataFrame, symbols: pl.Series, form: RowForm
) -> str:
    """The value that a reason was given for, what was expected, and what would fit.

    Parameters
    ----------
    why : the reason
    rows : all that it was given for; the first is shown
    fields : the vendor's values
    symbols : the vendor's symbol of every row
    form : how a line is read
    """
    if why in (UNREAD_TIME, OTHER_AGE):
        return _of_times(rows, fields, form)
    if why.startswith(("symbol", "unknown code")):
        where = "the file's name" if form.symbol_from == "file" else f"{form.columns['symbol']!r}"
        if why.startswith("unknown code"):
            known = "of shares, funds, indices and convertible bonds"
            return f"found {symbols[rows[0]]!r} in {where}, which is in no range of codes {known}"
        wanted = "a code of six digits like 600519.SH, sh.600519, 600519.XSHG or 600519"
        return f"found {symbols[rows[0]]!r} in {where}, expected {wanted}"
    number = why.split(" ", 1)[0]
    value = fields[number][rows[0]]
    found = "nothing" if value is None else repr(value)
    scaled = number in form.scaled
    told = of_number(number, value, scaled, form.decimal) if isinstance(value, str) else ""
    return f"found {found} in {form.columns[number]!r}, expected a number{told}"


def of_number(field: str, text: str, scaled: bool, decimal: str) -> str:
    """What to say of 0.1万 in a field that is scaled already, of 9,95 and of 100手 among shares.

    Parameters
    ----------
    field : of the lake
    text : as the vendor wrote it, which is no number
    scaled : whether the description of the vendor scales the field
    decimal : what it says stands before decimals; empty if it does not

    Returns
    -------
    str
        Begins with a semicolon; empty where nothing is known.
    """
    if scaled and re.search(r"[^\d,.+-]", text) and _reads(text, (*LOTS, *SHARES, *YUAN)):
        return "; it says its size itself and the mapping scales it too: which one counts?"
    if not decimal and is_decimal_comma(text):
        return '; `decimal: ","` reads it'
    if not decimal and may_be_decimals(text):
        return '; decimals or thousands? `decimal: ","` or `decimal: "."` in the mapping says it'
    if field == "volume":
        for unit, words in (("lots", LOTS), ("shares", SHARES)):
            if any(word in text for word in words) and _reads(text, words):
                return f"; it counts {unit}; `volume_unit: {unit}` in the mapping reads it"
    return ""


def _reads(text: str, units: tuple[str, ...]) -> bool:
    """Whether a text is a number if it may have these units, or a percent sign."""
    none = pl.Series([None], dtype=pl.Float64)
    return spelt(pl.Series([text]), none, percent=True, units=units)[0][0] is not None


def _of_times(rows: list[int], fields: pl.DataFrame, form: RowForm) -> str:
    """The stamp that cannot be read, and a format that would read it if a usual one does."""
    both = [c for c in ("date", "time") if c in fields.columns]
    names = ["datetime"] if "datetime" in fields.columns else both
    lost = [fields[c].gather(rows).cast(pl.String).fill_null("").str.strip_chars() for c in names]
    columns = " and ".join(repr(form.columns[c]) for c in names)
    shown = " ".join(values[0] for values in lost)
    said = f"found {shown!r} in {columns}, expected {form.datetime_format!r}"
    counted = spreadsheet_day(shown)
    if counted:
        return f"{said}; a spreadsheet counts days so, {shown} is {counted}: save it as a date"
    fits = _fitting([" ".join(parts) for parts in zip(*lost, strict=True)])
    if (
        fits
        and names == ["datetime"]
        and not form.daily
        and not any("%H" in f or "_" in f for f in fits)
    ):
        return f"{said}; a day without a time: `table: daily`?"
    if not fits and len(lost) > 1:
        fits = _of_numbers(*lost)
    if fits:
        more = f" (or {fits[1]!r}: day or month first?)" if len(fits) > 1 else ""
        mixed = "; the file has more than one form" if len(rows) < fields.height else ""
        return f'{said}; `datetime_format: "{fits[0]}"` reads it{more}{mixed}'
    for name, values in zip(names, lost, strict=True):
        fits = [f for f in _fitting(values.to_list()) if "%H" in f]
        if fits:
            return (
                f"{said}; `datetime: {form.columns[name]}` in place of date and time and "
                f'`datetime_format: "{fits[0]}"` read it'
            )
    return said


def _fitting(texts: list[str]) -> list[str]:
    """Formats that read all of the texts; if none does, those that read the first."""
    known = list(dict.fromkeys(texts))[:LOOKED_AT]
    return formats(known) or formats(known[:1])


def _of_numbers(dates: pl.Series, times: pl.Series) -> list[str]:
    """The format of dates beside times such as 935, 93500 or 93500000, if these are such."""
    plain = [re.sub(r"\.0+$", "", text) for text in times.unique().to_list()]
    days = _fitting(dates.to_list())
    if not days or not all(text.isascii() and text.isdigit() for text in plain):
        return []
    longest = max(map(len, plain))
    clock = next((form for width, form in CLOCK_WIDTHS if longest <= width), None)
    if clock is None:
        return []
    return [clock if clock == CLOCK_NUMBER else f"{days[0]} {clock}"]
