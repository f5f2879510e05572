"""Plain csv: a small table as text, in utf-8 or GBK, of which every line counts."""

import polars as pl

from intralpha.sources.lines import MARK, unquoted
from intralpha.sources.raw_rows import RowForm, read_text, refuse_other_files
from intralpha.sources.source import SourceError
from intralpha.sources.text import encoding_of


def plain_csv(name: str, content: bytes, needed: tuple[str, ...]) -> pl.DataFrame:
    """Some columns of a csv as text; what is empty is null.

    A quote that is not closed takes no other line with it. The table is small: a torn line is an
    error, not a row less.

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
    refuse_other_files(name, content)
    form = RowForm(dict(zip(needed, needed, strict=True)), encoding=encoding_of(name, content))
    table = read_text(name, content, form)
    if table.torn.height:
        origin, line, why, row = table.torn.row(0)
        raise SourceError(f"{origin} line {line}", f"{row!r}: {why}", "whole lines")
    blank = pl.all().str.len_chars() == 0
    return table.fields.with_columns(pl.when(~blank).then(pl.all()).name.keep())


def header(name: str, content: bytes) -> list[str]:
    """Names of the columns of such a csv, as its first line has them.

    Raises
    ------
    SourceError
        It is no text.
    """
    refuse_other_files(name, content)
    first = content.decode(encoding_of(name, content)).split("\n", 1)[0]
    return [text.strip() for text in unquoted(first.encode(), ",").decode().split(MARK)]
