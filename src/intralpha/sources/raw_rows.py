"""Vendor files to typed rows: every line is either a row or a quarantined line with its reason."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import time

import numpy as np
import polars as pl

from intralpha.sources.absent import absent
from intralpha.sources.advice import UNREAD_TIME, advice
from intralpha.sources.csv_text import CLOSED, Table, read_text
from intralpha.sources.daily_words import WORDS
from intralpha.sources.file_rows import FileRows
from intralpha.sources.files import ARCHIVES, folder_name, locate, members
from intralpha.sources.idle_rows import STILL, idle_rows, still_rows
from intralpha.sources.numerals import Commas
from intralpha.sources.parquet import ROUNDED, parquet_columns, read_parquet, refuse_rounded
from intralpha.sources.row_form import ONLY, PRICES, RowForm
from intralpha.sources.row_numbers import row_numbers
from intralpha.sources.source import QUARANTINE, SourceError
from intralpha.sources.symbols import symbol_in_name, to_symbols, why_no_symbol
from intralpha.sources.when import EXACT_FLOAT32, OTHER_AGE, moments, of_our_age

NUMBERS = ("open", "high", "low", "close", "preclose", "volume", "amount", "trades", "adj_factor")
NUMBERS += (
    "turnover_percent",
    "traded",
    "st",
    "float_shares",
    "total_shares",
    "up_limit",
    "down_limit",
    *WORDS,
)
WHEN = ("datetime", "date", "time")
FIELDS = ("symbol", *WHEN, *NUMBERS)
# Types of Parquet that a date or time may have beside text and numbers.
CLOCKS = {
    "datetime": (pl.Date, pl.Datetime),
    "date": (pl.Date, pl.Datetime),
    "time": (pl.Time, pl.Datetime, pl.Duration),
}
# The lake's numbers of shares, trades and ticks are whole and bounded; lots are a hundred shares.
LARGEST = {"volume": 9e16, "trades": 2e9}
LARGEST |= dict.fromkeys(("open", "high", "low", "close", "preclose"), 1e12)
FINITE = sys.float_info.max
# Times that vendors write behind a day.
OF_DAYS = (time(0), time(9, 30), time(15))
TIMED = "days with a time behind them, which is passed over; 16:00 is midnight in UTC: `time_zone`?"
UNTRADED = "empty volumes of days that did not trade are 0"
UNPRICED = "empty prices of rows without volume are 0"
# White space, in utf-16 too, and byte order marks.
BLANKS = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
LOOKED_AT = 64
NO_LINES = np.zeros(0, dtype=np.int64)


def read_rows(
    path: str, pattern: str, form: RowForm, at_once: int | None = None
) -> Iterator[FileRows]:
    """Typed rows and quarantined lines of every file, one file at a time.

    Parameters
    ----------
    path : file, folder, glob or archive
    pattern : which files of a folder or archive; a file that is named itself is always read
    form : how a line is read
    at_once : lines; a file of more comes in parts, so that what is made of it stays small

    Raises
    ------
    SourceError
        The file has not the columns of the mapping, or is not text of that encoding. A blank
        csv is a file without rows where there are others; on its own it is an error.
    """
    root = locate(path)
    named = root.is_file() and not root.name.endswith(ARCHIVES)
    folder = folder_name(path)
    files, blank = 0, 0
    for name, content in members(path, "*" if named else pattern):
        files += 1
        if form.format == "csv" and not named and _blank(content):
            blank += 1
            table = Table(pl.DataFrame(schema=dict.fromkeys(form.columns, pl.String)), NO_LINES)
        else:
            read = _read_parquet if form.format == "parquet" else read_text
            table = read(name, content, form)
        numbers = [c for c in NUMBERS if c in form.columns]
        commas = Commas({c: table.fields[c] for c in numbers}, PRICES)
        parts = table.parts(at_once)
        for number, part in enumerate(parts, 1):
            typed = _typed(name, part, form, symbol_in_name(name, folder), commas)
            rows = _untraded(_that_hold(typed, part, form), part, form)
            begins, ends = number == 1, number == len(parts)
            checked = rows.unchecked if begins else ()
            yield replace(rows, unchecked=checked, begins=begins, ends=ends)
    if blank and blank == files:
        raise SourceError(path, f"{blank} empty file(s)", "a file with rows")


def _blank(content: bytes) -> bool:
    """Whether a file has nothing but white space and perhaps a byte order mark."""
    return not content[:LOOKED_AT].strip(BLANKS) and not content.strip(BLANKS)


def _that_hold(file: FileRows, table: Table, form: RowForm) -> FileRows:
    """The rows of a file that hold what ``only`` says; the others are set aside."""
    for column, wanted in form.only.items():
        if ONLY + column not in table.fields.columns:
            file = replace(file, unchecked=(*file.unchecked, column))
            continue
        text = table.fields[ONLY + column].cast(pl.String).str.strip_chars()
        fits = text.str.replace(r"^(\d+)\.0+$", "${1}").is_in(wanted).fill_null(value=False)
        others = np.flatnonzero(~fits.to_numpy() & np.isin(table.lines, file.rows["line"]))
        if len(others):
            words = " or ".join(wanted), " or ".join(map(repr, wanted))
            found = table.fields[ONLY + column][int(others[0])]
            said = f"found {found!r} in {column!r}, expected {words[1]}"
            file = _without(file, table, form, others, (f"{column} is not {words[0]}", said))
    return file


def _untraded(file: FileRows, table: Table, form: RowForm) -> FileRows:
    """Rows without a volume: 0 where they say that nothing traded; the others are set aside."""
    if "traded" not in form.columns or "volume" not in form.optional:
        return file
    lacks, idle = pl.col("volume").is_null(), pl.col("traded") == 0
    lost = file.rows.filter(lacks & ~idle.fill_null(value=False))["line"]
    if len(lost):
        numbers = np.flatnonzero(np.isin(table.lines, lost))
        said = f"found none in {form.columns['volume']!r}, expected a number on a day that traded"
        file = _without(file, table, form, numbers, ("volume is not a number", said))
    count = int(file.rows.select((lacks & idle).sum()).item())
    if not count:
        return file
    zero = [c for c in ("volume", "amount") if c in file.rows.columns]
    rows = file.rows.with_columns(
        pl.when(idle).then(pl.col(c).fill_null(0.0)).otherwise(c).alias(c) for c in zero
    )
    return replace(file, rows=rows, repairs=file.repairs | {UNTRADED: count})


def _without(
    file: FileRows, table: Table, form: RowForm, rows: np.ndarray, why: tuple[str, str]
) -> FileRows:
    """A file some of whose rows are set aside.

    Parameters
    ----------
    file, table, form : see :func:`_that_hold`
    rows : their numbers in the table, shape [N]
    why : reason, and what was found and expected in the first of them
    """
    lines, (reason, said) = table.lines[rows], why
    aside = pl.DataFrame(
        {
            "origin": [file.name] * len(rows),
            "line": lines,
            "reason": [reason] * len(rows),
            "row": table.shown(rows, form.separator),
        },
        schema=QUARANTINE,
    )
    return replace(
        file,
        rows=file.rows.filter(~pl.col("line").is_in(lines.tolist())),
        aside=pl.concat([file.aside, aside]),
        first=file.first | {reason: f"{file.name} line {lines[0]}: {said}"},
    )


def _read_parquet(name: str, content: bytes, form: RowForm) -> Table:
    """The mapped columns in their own types."""
    read = form.read(parquet_columns(name, content))
    frame = read_parquet(name, content, tuple(dict.fromkeys(read.values())))
    fields = frame.select(pl.col(v).alias(f) for f, v in read.items())
    for field_, kind in fields.schema.items():
        clock = kind in CLOCKS.get(field_, ())
        if not (clock or kind.is_numeric() or kind in (pl.String, pl.Boolean, pl.Null)):
            found = f"column {read[field_]!r} of type {kind}"
            raise SourceError(name, found, f"text or numbers for `{field_}`")
    refuse_rounded(name, frame, (read[when] for when in WHEN if when in read))
    return Table(fields, np.arange(1, frame.height + 1))


def _typed(name: str, table: Table, form: RowForm, in_name: str, commas: Commas) -> FileRows:
    """Cast every field; a line with a field that cannot be cast is set aside."""
    fields, numbers = table.fields, [*commas.columns]
    symbols = _symbols(in_name, fields, form)
    typed, repairs = row_numbers(fields, numbers, form, commas)
    repairs |= {CLOSED: len(table.lines)} if table.closed else {}
    typed, idle = idle_rows(fields, typed)
    typed, still = still_rows(fields, typed) if form.daily else (typed, idle & ~idle)
    typed = typed.with_columns(
        to_symbols(symbols).alias("symbol"),
        moments(fields, form.datetime_format, form.time_zone).alias("stamp"),
        pl.Series("line", table.lines, dtype=pl.Int64),
    )
    dated = typed.with_columns(date=pl.col("stamp").dt.date(), time=pl.col("stamp").dt.time())
    notes = {ROUNDED: _rounded(fields), TIMED: _timed(dated["time"]) if form.daily else 0}
    reason = _reasons(typed, symbols, numbers, form)
    for c in form.optional & set(numbers):
        reason = reason.zip_with(reason.is_not_null(), _lost(c, fields, typed))
    if reason.null_count() == len(reason):
        repairs |= {UNPRICED: int(idle.sum()), STILL: int(still.sum())}
        return FileRows(name, dated.drop("stamp"), table.torn, repairs=repairs, notes=notes)
    good = dated.filter(reason.is_null())
    rows = np.flatnonzero(reason.is_not_null())
    aside = pl.DataFrame(
        {
            "origin": [name] * len(rows),
            "line": table.lines[rows],
            "reason": reason.gather(rows),
            "row": table.shown(rows, form.separator),
        },
        schema=QUARANTINE,
    )
    first = {}
    for why in aside["reason"].unique(maintain_order=True):
        of_it = rows[(aside["reason"] == why).to_numpy()].tolist()
        said = advice(why, of_it, fields, symbols, form)
        first[why] = f"{name} line {table.lines[of_it[0]]}: {said}"
    used = reason.is_null()
    repairs |= {UNPRICED: int((idle & used).sum()), STILL: int((still & used).sum())}
    aside = pl.concat([table.torn, aside])
    return FileRows(name, good.drop("stamp"), aside, first, repairs=repairs, notes=notes)


def _timed(clocks: pl.Series) -> int:
    """How many days have a time behind them that is neither the open's nor the close's."""
    return int((~clocks.is_in(OF_DAYS)).fill_null(value=False).sum())


def _rounded(fields: pl.DataFrame) -> int:
    """How many volumes are larger than the whole numbers that their type holds."""
    if fields.schema.get("volume") != pl.Float32:
        return 0
    return int((fields["volume"].abs() > EXACT_FLOAT32).sum())


def _lost(name: str, fields: pl.DataFrame, typed: pl.DataFrame) -> pl.Series:
    """Why a row with a field that may be absent cannot be used: it is there and is no number."""
    given, read = fields[name], typed[name]
    if given.dtype != pl.String or given.null_count() == read.null_count():
        return pl.Series("reason", [None], dtype=pl.String).new_from_index(0, len(given))
    why = pl.when(read.is_null() & ~absent(given)).then(pl.lit(f"{name} is not a number"))
    return fields.select(why.alias("reason")).to_series()


def _symbols(in_name: str, fields: pl.DataFrame, form: RowForm) -> pl.Series:
    """The vendor's symbol of every row."""
    if form.symbol_from == "file":
        symbols = pl.Series([in_name], dtype=pl.String).new_from_index(0, fields.height)
    else:
        symbols = fields["symbol"].cast(pl.String).fill_null("")
    if not form.symbol_suffix:
        return symbols
    plain = symbols.str.contains(r"^\s*\d{1,6}(\.0+)?\s*$")
    return symbols.zip_with(~plain.fill_null(value=False), symbols + f".{form.symbol_suffix}")


def _all_good(typed: pl.DataFrame, numbers: list[str], form: RowForm) -> bool:
    """Whether :func:`_reasons` would find none."""
    wanted = ("symbol", "stamp", *(c for c in numbers if c not in form.optional))
    if any(typed[c].null_count() for c in wanted):
        return False
    fine = [(pl.col(c).abs() <= LARGEST.get(c, FINITE)).all() for c in numbers]
    fine.append(of_our_age(pl.col("stamp")).all())
    return bool(typed.select(pl.all_horizontal(fine)).item())


def _reasons(
    typed: pl.DataFrame, symbols: pl.Series, numbers: list[str], form: RowForm
) -> pl.Series:
    """Why a row cannot be used; null of a good one."""
    if _all_good(typed, numbers, form):
        return pl.repeat(None, typed.height, dtype=pl.String, eager=True)
    unknown = typed["symbol"].is_null()
    lost = symbols.filter(unknown).unique()
    why = pl.Series([why_no_symbol(text) for text in lost], dtype=pl.String)
    named = symbols.replace_strict(lost, why, default=None, return_dtype=pl.String())
    rules = [
        pl.when(pl.col("stamp").is_null()).then(pl.lit(UNREAD_TIME)),
        pl.when(~of_our_age(pl.col("stamp"))).then(pl.lit(OTHER_AGE)),
        *(
            pl.when(
                ~pl.col(c).is_finite() | (pl.col(c).is_null() & pl.lit(c not in form.optional))
            ).then(pl.lit(f"{c} is not a number"))
            for c in numbers
        ),
        *(
            pl.when(pl.col(c).abs() > LARGEST[c]).then(pl.lit(f"{c} is larger than can be"))
            for c in numbers
            if c in LARGEST
        ),
    ]
    marked = typed.with_columns(named.alias("named"))
    return marked.select(pl.coalesce("named", *rules).alias("reason")).to_series()
