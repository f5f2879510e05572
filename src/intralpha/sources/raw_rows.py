"""Vendor files to typed rows: every line is either a row or a quarantined line with its reason."""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from intralpha.sources.absent import absent
from intralpha.sources.daily_words import WORDS
from intralpha.sources.files import ARCHIVES, locate, members
from intralpha.sources.idle_rows import idle_rows
from intralpha.sources.lines import MARK, split_lines, unquoted
from intralpha.sources.parquet import parquet_columns, read_parquet, refuse_rounded
from intralpha.sources.source import QUARANTINE, SourceError
from intralpha.sources.symbols import symbol_in_name, to_symbols, why_no_symbol
from intralpha.sources.when import EXCHANGE_ZONE, OTHER_AGE, fitting, moments, of_our_age

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
# How other files than text begin, what they are, and what to do.
MAGIC = (
    (b"PAR1", "a Parquet file", "text; `format: parquet` in the mapping reads it"),
    (b"\x1f\x8b", "a file packed with gzip", "text; a name that ends in .gz is unpacked"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd", "text; a name that ends in .zst is unpacked"),
    (b"PK\x03\x04", "a zip archive or an Excel file", "text; save it as csv, or name it .zip"),
    (b"\xff\xfe", "text in utf-16", "`encoding: utf-16` in the mapping"),
    (b"\xfe\xff", "text in utf-16", "`encoding: utf-16` in the mapping"),
)
ONLY = "only "
LIKELY_TITLES = 20
UNREAD_TIME = "date or time not readable"
FLAGS = {"true": "1", "false": "0"}


@dataclass(frozen=True)
class RowForm:
    """How a vendor writes a line; the attributes are those of the mapping it comes from.

    Attributes
    ----------
    columns : field of the lake -> column of the vendor
    optional : numbers that may be empty
    format : ``csv`` or ``parquet``
    encoding, separator : of csv
    title_lines, footer_lines : of csv, above the header and below the last row
    symbol_from : ``column``, or ``file`` for the name of the file
    symbol_suffix : exchange of plain numbers; empty: by the ranges of codes
    datetime_format, time_zone : see :func:`intralpha.sources.when.moments`
    only : column of the vendor -> what every row must hold there
    title_says : what the lines above the header must hold
    """

    columns: dict[str, str]
    optional: frozenset[str] = frozenset()
    format: str = "csv"
    encoding: str = "utf-8"
    separator: str = ","
    title_lines: int = 0
    footer_lines: int = 0
    symbol_from: str = "column"
    symbol_suffix: str = ""
    datetime_format: str = "%Y-%m-%d"
    time_zone: str = EXCHANGE_ZONE
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title_says: str = ""

    def read(self, there: list[str]) -> dict[str, str]:
        """Name -> column of the vendor, of all that is looked at in a file with some columns."""
        return self.columns | {ONLY + column: column for column in self.only if column in there}


@dataclass(frozen=True)
class FileRows:
    """What one file holds.

    Attributes
    ----------
    name : of the file
    rows : ``symbol``, ``date``, ``time``, numbers, ``line``
    aside : lines that are no rows, as quarantine
    first : reason -> the first value it was given for, what was expected, what would fit
    unchecked : columns that must hold something and that the file has not
    untraded : rows that say that nothing traded and have no volume
    unpriced : rows in which nothing traded and whose empty prices became 0
    """

    name: str
    rows: pl.DataFrame
    aside: pl.DataFrame
    first: dict[str, str] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    untraded: int = 0
    unpriced: int = 0


@dataclass(frozen=True)
class Table:
    """The mapped columns of a file under the lake's names, and how its lines look.

    Attributes
    ----------
    fields : the columns
    lines : number of the line of every row
    written : the whole text; None of Parquet
    torn : lines with another number of fields, as quarantine
    """

    fields: pl.DataFrame
    lines: np.ndarray
    written: bytes | None = None
    torn: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))

    def shown(self, rows: np.ndarray, separator: str) -> list[str]:
        """Some rows as the vendor wrote them; of Parquet the mapped columns."""
        if len(rows) == 0:
            return []
        if self.written is not None:
            written = self.written.split(b"\n")
            return [written[line - 1].decode().strip() for line in self.lines[rows]]
        texts = [pl.col(c).cast(pl.String, strict=False) for c in self.fields.columns]
        joined = pl.concat_str(texts, separator=separator, ignore_nulls=True)
        return self.fields[rows.tolist()].select(joined).to_series().to_list()


def read_rows(path: str, pattern: str, form: RowForm) -> Iterator[FileRows]:
    """Typed rows and quarantined lines of every file, one file at a time.

    Parameters
    ----------
    path : file, folder, glob or archive
    pattern : which files of a folder or archive; a file that is named itself is always read
    form : how a line is read

    Raises
    ------
    SourceError
        The file has not the columns of the mapping, or is not text of that encoding.
    """
    root = locate(path)
    named = root.is_file() and not root.name.endswith(ARCHIVES)
    for name, content in members(path, "*" if named else pattern):
        read = _read_parquet if form.format == "parquet" else read_text
        table = read(name, content, form)
        yield _untraded(_that_hold(_typed(name, table, form), table, form), table, form)


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
    return replace(file, rows=rows, untraded=count)


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


def read_text(name: str, content: bytes, form: RowForm) -> Table:
    """The mapped columns of a csv as text; torn lines set aside.

    Parameters
    ----------
    name : of the file, for errors
    content : its bytes
    form : how a line is read

    Raises
    ------
    SourceError
        It has not the columns, or is not text of that encoding.
    """
    text = _decoded(name, content, form.encoding).removeprefix("\ufeff").encode()
    begin, body = _header(name, text, form)
    names = unquoted(text[begin:body], form.separator).decode().split(MARK)
    header = [name_.strip().strip('"') for name_ in names]
    read = form.read(header)
    if set(read.values()) - set(header):
        expected = _lacking(header, text[begin:body].decode(), form) + _below(text, form)
        raise SourceError(name, f"columns {header}", expected)
    twice = [v for v in read.values() if header.count(v) > 1]
    if twice:
        raise SourceError(name, f"several columns {twice[0]!r}", "one of that name")
    first = text.count(b"\n", 0, body) + 1
    rest = _without_footer(text[body:], form.footer_lines)
    mark = MARK if b'"' in rest else form.separator
    lines = split_lines(unquoted(rest, form.separator) if mark == MARK else rest, mark, len(header))
    torn = [(name, number + first, why, row) for number, why, row in lines.torn]
    places = {f: header.index(v) for f, v in read.items()}
    return Table(
        _columns(lines.text, mark, len(header), places),
        lines.numbers + first,
        text,
        pl.DataFrame(torn, schema=QUARANTINE, orient="row"),
    )


def _decoded(name: str, content: bytes, encoding: str) -> str:
    if not encoding.lower().startswith("utf-16"):
        refuse_other_files(name, content)
    try:
        text = content.decode(encoding)
        return text if "\n" in text else text.replace("\r", "\n")
    except UnicodeError as error:
        found = f"bytes that are not {encoding} ({error})"
        fits = [e for e in ("utf-8", "gbk") if e != encoding and _decodes(content, e)]
        more = f"; `encoding: {fits[0]}` reads them" if fits else ""
        expected = f"another `encoding` in the mapping, such as gbk{more}"
        raise SourceError(name, found, expected) from error


def refuse_other_files(name: str, content: bytes) -> None:
    """Refuse bytes that begin as those of other files than text do.

    Raises
    ------
    SourceError
    """
    for start, found, expected in MAGIC:
        if content.startswith(start):
            raise SourceError(name, found, expected)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lacking(header: list[str], line: str, form: RowForm) -> str:
    """The mapped columns that a header lacks, and a separator that would make them."""
    wanted = set(form.columns.values())
    missing = f"also {', '.join(sorted(wanted - set(header)))}"
    for mark in ",;\t|":
        if mark != form.separator and wanted <= {n.strip().strip('"') for n in line.split(mark)}:
            return f"{missing}; `separator: {mark!r}` in the mapping gives them all"
    return missing


def _below(text: bytes, form: RowForm) -> str:
    """What to say if one of the first lines is the header, and the lines above it are titles."""
    for number, line in enumerate(text.split(b"\n", LIKELY_TITLES)[:LIKELY_TITLES]):
        names = unquoted(line.strip(), form.separator).decode().split(MARK)
        if set(form.columns.values()) <= {name.strip().strip('"') for name in names}:
            return f"; line {number + 1} holds them all: `title_lines: {number}`"
    return ""


def _header(name: str, text: bytes, form: RowForm) -> tuple[int, int]:
    """Where the header begins and where the lines behind it do."""
    begin = 0
    for _ in range(form.title_lines):
        begin = text.find(b"\n", begin) + 1 or len(text)
    title = text[:begin].decode().strip()
    if form.title_says not in title:
        raise SourceError(name, f"the title {title!r}", f"{form.title_says!r} in it")
    while begin < len(text) and text[begin] in b"\r\n":
        begin += 1
    if not text[begin:].strip():
        expected = f"a header with {sorted(form.columns.values())}"
        raise SourceError(name, "an empty file" if not text.strip() else "no header", expected)
    return begin, text.find(b"\n", begin) + 1 or len(text)


def _without_footer(text: bytes, lines: int) -> bytes:
    text = text if text.endswith(b"\n") or not lines else text + b"\n"
    for _ in range(lines):
        text = text[: text.rfind(b"\n", 0, -1) + 1]
    return text


def _columns(text: bytes, mark: str, fields: int, places: dict[str, int]) -> pl.DataFrame:
    """Some fields of every line as text without white space around it; empty ones are null."""
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(places, pl.String()))
    frame = pl.read_csv(
        io.BytesIO(text),
        separator=mark,
        has_header=False,
        schema={f"column_{i}": pl.String for i in range(1, fields + 1)},
        columns=sorted(set(places.values())),
        quote_char=None,
    )
    return frame.select(
        pl.col(f"column_{i + 1}").str.strip_chars().alias(name) for name, i in places.items()
    )


def _typed(name: str, table: Table, form: RowForm) -> FileRows:
    """Cast every field; a line with a field that cannot be cast is set aside."""
    fields = table.fields
    numbers = [c for c in NUMBERS if c in form.columns]
    symbols = _symbols(name, fields, form)
    typed, idle = idle_rows(fields, fields.select(_number(c, fields, form) for c in numbers))
    typed = typed.with_columns(
        to_symbols(symbols).alias("symbol"),
        moments(fields, form.datetime_format, form.time_zone).alias("stamp"),
        pl.Series("line", table.lines, dtype=pl.Int64),
    )
    dated = typed.with_columns(date=pl.col("stamp").dt.date(), time=pl.col("stamp").dt.time())
    reason = _reasons(typed, symbols, numbers, form)
    for c in form.optional & set(numbers):
        reason = reason.zip_with(reason.is_not_null(), _lost(c, fields, typed))
    if reason.null_count() == len(reason):
        return FileRows(name, dated.drop("stamp"), table.torn, unpriced=int(idle.sum()))
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
    for row, why in zip(rows.tolist(), aside["reason"], strict=True):
        if why not in first:
            first[why] = (
                f"{name} line {table.lines[row]}: {_advice(why, row, fields, symbols, form)}"
            )
    unpriced = int((idle & reason.is_null()).sum())
    aside = pl.concat([table.torn, aside])
    return FileRows(name, good.drop("stamp"), aside, first, unpriced=unpriced)


def _number(name: str, fields: pl.DataFrame, form: RowForm) -> pl.Expr:
    """A field as a number; null where it is none, and where one that may be absent is not there."""
    text = pl.col(name)
    if name in ("st", "traded") and fields.schema[name] == pl.String:
        text = text.str.to_lowercase().replace(FLAGS)
    number = text.cast(pl.Float64, strict=False)
    return number.fill_nan(None) if name in form.optional else number


def _lost(name: str, fields: pl.DataFrame, typed: pl.DataFrame) -> pl.Series:
    """Why a row with a field that may be absent cannot be used: it is there and is no number."""
    given, read = fields[name], typed[name]
    if given.dtype != pl.String or given.null_count() == read.null_count():
        return pl.Series("reason", [None], dtype=pl.String).new_from_index(0, len(given))
    why = pl.when(read.is_null() & ~absent(given)).then(pl.lit(f"{name} is not a number"))
    return fields.select(why.alias("reason")).to_series()


def _symbols(name: str, fields: pl.DataFrame, form: RowForm) -> pl.Series:
    """The vendor's symbol of every row."""
    if form.symbol_from == "file":
        symbols = pl.Series([symbol_in_name(name)], dtype=pl.String).new_from_index(
            0, fields.height
        )
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


def _advice(why: str, row: int, fields: pl.DataFrame, symbols: pl.Series, form: RowForm) -> str:
    """The value that a reason was given for, what was expected, and what would fit."""
    if why in (UNREAD_TIME, OTHER_AGE):
        return _time_advice(row, fields, form)
    if why.startswith(("symbol", "unknown code")):
        where = "the file's name" if form.symbol_from == "file" else f"{form.columns['symbol']!r}"
        wanted = "a code of six digits like 600519.SH, sh.600519, 600519.XSHG or 600519"
        return f"found {symbols[row]!r} in {where}, expected {wanted}"
    number = why.split(" ", 1)[0]
    return f"found {fields[number][row]!r} in {form.columns[number]!r}, expected a number"


def _time_advice(row: int, fields: pl.DataFrame, form: RowForm) -> str:
    """The stamp that cannot be read, and a format that would read it if a usual one does."""
    both = [c for c in ("date", "time") if c in fields.columns]
    names = ["datetime"] if "datetime" in fields.columns else both
    values = ["" if fields[c][row] is None else str(fields[c][row]).strip() for c in names]
    columns = " and ".join(repr(form.columns[c]) for c in names)
    said = f"found {' '.join(values)!r} in {columns}, expected {form.datetime_format!r}"
    fits = fitting(" ".join(values))
    if fits is not None:
        return f'{said}; `datetime_format: "{fits}"` reads it'
    for name, value in zip(names, values, strict=True):
        fits = fitting(value)
        if fits is not None and "%H" in fits:
            return (
                f"{said}; `datetime: {form.columns[name]}` in place of date and time and "
                f'`datetime_format: "{fits}"` read it'
            )
    return said
