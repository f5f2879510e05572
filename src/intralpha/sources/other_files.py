"""Other files: what bytes that are no text are, told by how they begin, and what to do."""

from intralpha.sources.source import SourceError

UNPACK = "text; unpack it first"
EXPORT = "text; save it as csv or Parquet first"
MAGIC = (
    (b"PAR1", "a Parquet file", "text; `format: parquet` in the mapping reads it"),
    (b"\x1f\x8b", "a file packed with gzip", "text; a name that ends in .gz is unpacked"),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd", "text; a name that ends in .zst is unpacked"),
    (b"PK\x03\x04", "a zip archive or an Excel file", "text; save it as csv, or name it .zip"),
    (b"\xff\xfe", "text in utf-16", "`encoding: utf-16` in the mapping"),
    (b"\xfe\xff", "text in utf-16", "`encoding: utf-16` in the mapping"),
    (b"Rar!", "a rar archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"\xfd7zXZ", "a file packed with xz", UNPACK),
    (b"BZh", "a file packed with bzip2", UNPACK),
    (b"\xd0\xcf\x11\xe0", "an Excel file of old (.xls)", EXPORT),
    (b"\x89HDF", "an HDF5 file", EXPORT),
    (b"ARROW1", "a Feather file", EXPORT),
    (b"\x93NUMPY", "a NumPy file", EXPORT),
    (b"SQLite format 3", "an SQLite database", EXPORT),
    *((b"\x80" + bytes([n]), "a pickle of Python", EXPORT) for n in (2, 3, 4, 5)),
)
# The same of text, after white space and in small letters.
MARKUP = (
    ((b"<html", b"<!doctype html", b"<table", b"<?xml", b"<meta"), "a page of HTML or XML"),
    ((b'[{"', b'{"'), "JSON"),
)
LOOKED_AT = 4096


def refuse_other_files(name: str, content: bytes) -> None:
    """Refuse bytes that begin as those of other files than csv do.

    Raises
    ------
    SourceError
    """
    for start, found, expected in MAGIC:
        if content.startswith(start):
            raise SourceError(name, found, expected)
    head = content[:LOOKED_AT].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for starts, found in MARKUP:
        if head.startswith(starts):
            raise SourceError(name, found, EXPORT)


def in_wide_letters(content: bytes) -> str | None:
    """The utf-16 without a byte order mark that bytes seem to be; None if they seem to be none."""
    head = content[:LOOKED_AT]
    for name, at in (("utf-16-le", 1), ("utf-16-be", 0)):
        letters = head[at::2]
        if len(letters) > 1 and letters.count(0) > len(letters) / 2:
            return name
    return None
