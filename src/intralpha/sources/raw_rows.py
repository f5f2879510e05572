"""Vendor files to typed rows: every line is either a row or a quarantined line with its reason."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from intralpha.sources.files import members
from intralpha.sources.source import QUARANTINE, SourceError
from intralpha.sources.symbols import normal_symbol

NUMBERS = ("open", "high", "low", "close", "preclose", "volume", "amount", "trades", "adj_factor")
NUMBERS += (
    "turnover_percent",
    "traded",
    "st",
    "float_shares",
    "total_shares",
    "up_limit",
    "down_limit",
)


@dataclass(frozen=True)
class RowForm:
    """How a vendor writes a line; the attributes are those of the mapping it comes from.

    Attributes
    ----------
    format : ``csv`` or ``parquet``
    encoding, separator : of csv
    columns : field of the lake -> column of the vendor
    symbol_from : ``column``, or ``file`` for the name of the file
    symbol_suffix : exchange of plain numbers; empty: by their first digit
    datetime_format : strptime's, or ``HHMMSSmmm``
    optional : numbers that may be empty
    """

    format: str
    encoding: str
    separator: str
    columns: dict[str, str]
    symbol_from: str
    symbol_suffix: str
    datetime_format: str
    optional: frozenset[str]


def read_rows(
    path: str, pattern: str, form: RowForm
) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Origin, typed rows and quarantined lines of every file, one file at a time.

    Parameters
    ----------
    path : file, folder, glob or archive
    pattern : which files of a folder or archive
    form : how a line is read

    Yields
    ------
    name : of the file
    rows : ``symbol``, ``date``, ``time``, numbers, ``line``
    quarantined : lines that are no rows

    Raises
    ------
    SourceError
        The file has not the columns of the mapping, or is not text of that encoding.
    """
    for name, content in members(path, pattern):
        if form.format == "parquet":
            raw = pl.read_parquet(io.BytesIO(content)).select(pl.all().cast(pl.String))
            torn = pl.DataFrame(schema=QUARANTINE)
            raw = raw.with_row_index("line", 1).with_columns(pl.col("line").cast(pl.Int64))
        else:
            raw, torn = _read_csv(name, content, form)
        rows, bad = _typed(name, raw, form)
        yield name, rows, pl.concat([torn, bad])


def _read_csv(name: str, content: bytes, form: RowForm) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All fields as text with their line number; torn lines set aside."""
    try:
        text = content.decode(form.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        found = f"bytes that are not {form.encoding} ({error})"
        raise SourceError(name, found, "another `encoding` in the mapping, such as gbk") from error
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise SourceError(name, "an empty file", f"a header with {sorted(form.columns.values())}")
    try:
        frame = pl.read_csv(
            text.encode(),
            separator=form.separator,
            infer_schema=False,
            row_index_name="line",
            row_index_offset=2,
        )
        torn = pl.DataFrame(schema=QUARANTINE)
    except pl.exceptions.PolarsError:
        frame, torn = _read_torn(name, text, form)
    missing = sorted(set(form.columns.values()) - set(frame.columns))
    if missing:
        raise SourceError(name, f"columns {frame.columns[1:]}", f"also {', '.join(missing)}")
    return frame.with_columns(pl.col("line").cast(pl.Int64)), torn


def _read_torn(name: str, text: str, form: RowForm) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Line by line, for files with lines of the wrong number of fields."""
    header, *lines = list(csv.reader(io.StringIO(text), delimiter=form.separator))
    good, bad = [], []
    for number, fields in enumerate(lines, start=2):
        if len(fields) == len(header):
            good.append([number, *fields])
        elif fields:
            reason = f"{len(fields)} fields, expected {len(header)}"
            bad.append((name, number, reason, form.separator.join(fields)))
    schema = {"line": pl.Int64(), **dict.fromkeys(header, pl.String())}
    frame = pl.DataFrame(good, schema=schema, orient="row")
    return frame, pl.DataFrame(bad, schema=QUARANTINE, orient="row")


def _typed(name: str, raw: pl.DataFrame, form: RowForm) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cast every field; a line with a field that cannot be cast is set aside."""
    picked = raw.select(
        "line", *(pl.col(v).str.strip_chars().alias(f) for f, v in form.columns.items())
    )
    symbol = (
        pl.lit(name.rsplit("/", 1)[-1].split(".", maxsplit=1)[0].split("_", maxsplit=1)[0])
        if (form.symbol_from == "file")
        else pl.col("symbol")
    )
    if form.symbol_suffix:
        symbol = symbol + f".{form.symbol_suffix}"
    numbers = [c for c in NUMBERS if c in form.columns]
    typed = picked.with_columns(
        normal_symbol(symbol).alias("symbol"),
        _stamp(form).alias("stamp"),
        *(pl.col(c).cast(pl.Float64, strict=False) for c in numbers),
    )
    reasons = [
        pl.when(pl.col("symbol").is_null()).then(pl.lit("symbol of unknown form")),
        pl.when(pl.col("stamp").is_null()).then(pl.lit("date or time not readable")),
        *(
            pl.when(
                ~pl.col(c).is_finite() | (pl.col(c).is_null() & pl.lit(c not in form.optional))
            ).then(pl.lit(f"{c} is not a number"))
            for c in numbers
        ),
    ]
    marked = typed.with_columns(pl.coalesce(*reasons).alias("reason"))
    good = marked.filter(pl.col("reason").is_null())
    good = good.with_columns(date=pl.col("stamp").dt.date(), time=pl.col("stamp").dt.time())
    bad = marked["reason"].is_not_null()
    lines = raw.filter(bad)
    fields = pl.concat_str(pl.all().exclude("line"), separator=form.separator, ignore_nulls=True)
    quarantined = lines.select(
        pl.lit(name).alias("origin"),
        "line",
        marked.filter(bad)["reason"],
        fields.alias("row"),
    )
    return good.drop("reason", "stamp", "datetime", strict=False), quarantined


def _stamp(form: RowForm) -> pl.Expr:
    """Date and time of a row as Datetime; null where it cannot be read."""
    if form.datetime_format == "HHMMSSmmm":
        date = pl.col("date").str.to_date("%Y%m%d", strict=False)
        clock = pl.col("time").cast(pl.Int64, strict=False)
        millis = (
            (clock // 10_000_000) * 3_600_000 + (clock // 100_000 % 100) * 60_000 + clock % 100_000
        )
        return date.cast(pl.Datetime("ms")) + pl.duration(milliseconds=millis)
    if "datetime" in form.columns:
        text = pl.col("datetime")
    elif "time" in form.columns:
        text = pl.col("date") + " " + pl.col("time")
    else:
        return (
            pl.col("date").str.to_date(form.datetime_format, strict=False).cast(pl.Datetime("ms"))
        )
    return text.str.to_datetime(form.datetime_format, time_unit="ms", strict=False)
