"""Plain csv: a small table as text, in utf-8, utf-16 or GBK, of which every line counts."""

import polars as pl

from intralpha.sources.csv_text import Table, names_of, read_text
from intralpha.sources.row_form import RowForm
from intralpha.sources.source import SourceError
from intralpha.sources.text import encoding_of, text_of

SEPARATORS = ",\t;|"


def plain_csv(name: str, content: bytes, needed: tuple[str, ...]) -> pl.DataFrame:
    """Some columns of a csv as text; what is empty is null.

    A quote that is not closed takes no other line with it. The table is small: a torn line is an
    error, not a row less. Tabs, semicolons and bars may stand in the place of commas.

    Parameters
    ----------
    name : of the file, for errors
    content : its bytes
    needed : columns

    Raises
    ------
    SourceError
        It lacks a column, is no such text, or has a line with another number of fields.
    """
    return plain_table(name, content, needed).fields


def plain_table(name: str, content: bytes, needed: tuple[str, ...]) -> Table:
    """The same as :func:`plain_csv`, with the number of every row's line.

    Parameters
    ----------
    name, content, needed : see :func:`plain_csv`
    """
    encoding = encoding_of(name, content)
    columns = dict(zip(needed, needed, strict=True))
    mark = _separator(_first(text_of(name, content)), needed)
    table = read_text(name, content, RowForm(columns, encoding=encoding, separator=mark))
    if table.torn.height:
        origin, line, why, row = table.torn.row(0)
        raise SourceError(f"{origin} line {line}", f"{row!r}: {why}", "whole lines")
    blank = pl.all().str.len_chars() == 0
    fields = table.fields.with_columns(pl.when(~blank).then(pl.all()).name.keep())
    return Table(fields, table.lines, table.written)


def header(name: str, content: bytes) -> list[str]:
    """Names of the columns of such a csv, as its first line has them.

    Raises
    ------
    SourceError
        It is no text.
    """
    first = _first(text_of(name, content))
    return names_of(first.encode(), _separator(first, ()))


def _first(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _separator(first: str, needed: tuple[str, ...]) -> str:
    """What stands between the fields: what gives all that is needed, else most of them."""
    found = {mark: names_of(first.encode(), mark) for mark in SEPARATORS}
    whole = [mark for mark in SEPARATORS if set(needed) <= set(found[mark])]
    return max(whole or SEPARATORS, key=lambda mark: len(found[mark]))
