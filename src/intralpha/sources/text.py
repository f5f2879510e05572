"""Small files of text: lines with their numbers, the days that stand in them, encodings."""

from typing import Annotated

import polars as pl
from pydantic import AfterValidator

from intralpha.sources.other_files import refuse_other_files
from intralpha.sources.source import SourceError
from intralpha.sources.when import days

ENCODINGS = ("utf-8-sig", "gbk")
MARKED = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def known_encoding(name: str) -> str:
    """The name, if Python knows an encoding of text by it.

    Raises
    ------
    ValueError
        It knows none, or one of bytes, such as zip.
    """
    try:
        b"a".decode(name)
    except UnicodeError:  # one byte is not enough of it
        return name
    except (LookupError, ValueError) as error:
        expected = "the name of an encoding of text, such as utf-8 or gbk"
        raise ValueError(f"found {name!r} ({error}), expected {expected}") from error
    return name


Encoding = Annotated[str, AfterValidator(known_encoding)]


def text_lines(name: str, content: bytes) -> list[tuple[int, str]]:
    """Number and text of every line that is neither empty nor a comment behind ``#``.

    Raises
    ------
    SourceError
        The bytes are neither utf-8, with or without a byte order mark, nor GBK.
    """
    lines = text_of(name, content).splitlines()
    return [(n, x) for n, x in enumerate(lines, 1) if x.strip() and x.lstrip()[0] != "#"]


def text_of(name: str, content: bytes) -> str:
    """The text of a small file, without its byte order mark.

    Raises
    ------
    SourceError
        See :func:`encoding_of`.
    """
    return content.decode(encoding_of(name, content)).removeprefix("\ufeff")


def encoding_of(name: str, content: bytes) -> str:
    """The encoding of a text: utf-8, with or without a byte order mark, utf-16 with one, else GBK.

    Raises
    ------
    SourceError
        The bytes are neither, or begin as those of a file that is no text.
    """
    marked = MARKED.get(content[:2])
    if marked is None:
        refuse_other_files(name, content)
    for encoding in [marked] if marked else ENCODINGS:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise SourceError(name, "bytes that are neither utf-8 nor GBK", "text in one of them")


def read_days(name: str, lines: list[int], texts: list[str]) -> pl.Series:
    """Days like 2020-01-02 or 20200102.

    Parameters
    ----------
    name : of the file, for errors
    lines : number of the line of each text
    texts : the days

    Raises
    ------
    SourceError
        A text is no day; the first one is shown.
    """
    raw = pl.Series(texts, dtype=pl.String)
    known = raw.unique()
    read = raw.replace_strict(known, days(known), return_dtype=pl.Date()).cast(pl.Date)
    for place in read.is_null().arg_true():
        expected = "a day like 2020-01-02 or 20200102"
        raise SourceError(f"{name} line {lines[place]}", repr(texts[place]), expected)
    return read
