"""Csv text: the mapped columns of a file as text, every line a row or torn, or a clear refusal."""

import io
import re
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from intralpha.sources.lines import MARK, ends_closed, split_lines, unquoted
from intralpha.sources.other_files import LOOKED_AT, in_wide_letters, refuse_other_files
from intralpha.sources.row_form import RowForm
from intralpha.sources.source import QUARANTINE, SourceError

LIKELY_TITLES = 20
CLOSED = "lines that end in a separator, which the header does not"


@dataclass(frozen=True)
class Table:
    """The mapped columns of a file under the lake's names, and how its lines look.

    Attributes
    ----------
    fields : the columns
    lines : number of the line of every row
    written : the whole text; None of Parquet
    torn : lines with another number of fields, as quarantine
    closed : whether lines end in a separator and the header does not
    """

    fields: pl.DataFrame
    lines: np.ndarray
    written: bytes | None = None
    torn: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE))
    closed: bool = False

    def parts(self, rows: int | None) -> list["Table"]:
        """Tables of so many rows, one after the other; of None the whole. Torn lines come first."""
        height = max(len(self.lines), 1)
        step = rows or height
        return [
            replace(
                self,
                fields=self.fields[at : at + step],
                lines=self.lines[at : at + step],
                torn=self.torn if at == 0 else self.torn.clear(),
            )
            for at in range(0, height, step)
        ]

    def shown(self, rows: np.ndarray, separator: str) -> list[str]:
        """Some rows as the vendor wrote them; of Parquet the mapped columns."""
        if len(rows) == 0:
            return []
        if self.written is not None:
            ends = np.flatnonzero(np.frombuffer(self.written, dtype=np.uint8) == ord("\n"))
            edges = np.concatenate([[-1], ends, [len(self.written)]])
            cuts = [(edges[line - 1] + 1, edges[line]) for line in self.lines[rows].tolist()]
            return [self.written[begin:end].decode().strip() for begin, end in cuts]
        texts = [pl.col(c).cast(pl.String, strict=False) for c in self.fields.columns]
        joined = pl.concat_str(texts, separator=separator, ignore_nulls=True)
        return self.fields[rows.tolist()].select(joined).to_series().to_list()


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
    header = list(form.names) or names_of(text[begin:body], form.separator)
    read = form.read(header)
    if set(read.values()) - set(header):
        wanted = set(form.columns.values())
        said = lacking(header, text[begin:body].decode(), wanted, form.separator)
        expected = said + _below(text, form)
        raise SourceError(name, f"columns {header}", expected)
    twice = [v for v in read.values() if header.count(v) > 1]
    if twice:
        raise SourceError(name, f"several columns {twice[0]!r}", "one of that name")
    first = text.count(b"\n", 0, body) + 1
    rest = _without_footer(text[body:], form.footer_lines)
    closed = not form.names and ends_closed(rest, form.separator, len(header))
    n = len(header) + closed
    mark = MARK if b'"' in rest else form.separator
    lines = split_lines(unquoted(rest, form.separator) if mark == MARK else rest, mark, n)
    torn = [(name, number + first, why, row) for number, why, row in lines.torn]
    places = {f: header.index(v) for f, v in read.items()}
    return Table(
        _columns(lines.text, mark, n, places),
        lines.numbers + first,
        text,
        pl.DataFrame(torn, schema=QUARANTINE, orient="row"),
        closed,
    )


def names_of(line: bytes, separator: str) -> list[str]:
    """Names of columns, as a header has them."""
    names = unquoted(line.strip(b"\r\n"), separator).decode().split(MARK)
    return [name.strip().strip("\"'") for name in names]


def _decoded(name: str, content: bytes, encoding: str) -> str:
    if not encoding.lower().startswith("utf-16"):
        refuse_other_files(name, content)
    try:
        text = content.decode(encoding)
        wide = in_wide_letters(content) if "\0" in text[:LOOKED_AT] else None
        if wide and wide != encoding:
            raise SourceError(name, "text in utf-16", f"`encoding: {wide}` in the mapping")
        return text if "\n" in text else text.replace("\r", "\n")
    except UnicodeError as error:
        found = f"bytes that are not {encoding} ({error})"
        likely = filter(None, ("utf-8", in_wide_letters(content), "gbk"))
        fits = [e for e in likely if e != encoding and _decodes(content, e)]
        more = f"; `encoding: {fits[0]}` reads them" if fits else ""
        expected = f"another `encoding` in the mapping, such as gbk{more}"
        raise SourceError(name, found, expected) from error


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def lacking(header: list[str], line: str, wanted: set[str], separator: str) -> str:
    """The mapped columns that a header lacks, and what would make them or comes near to them.

    Parameters
    ----------
    header : names of the file's columns
    line : the line that they stand in
    wanted : columns that the mapping names
    separator : that the mapping names
    """
    missing = sorted(wanted - set(header))
    said = f"also {', '.join(missing)}"
    for mark in ",;\t|":
        if mark != separator and wanted <= set(names_of(line.encode(), mark)):
            return f"{said}; `separator: {mark!r}` in the mapping gives them all"
    if len(header) > 1 and any(map(_is_number, header)):
        return f"{said}; a file without a header? `names: [...]` in the mapping gives it columns"
    near = {name: [h for h in header if h and _plain(h) == _plain(name)] for name in missing}
    told = [f"{name!r} may be {found[0]!r}" for name, found in near.items() if found]
    return f"{said}; {', '.join(told)}" if told else said


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?", text))


def _plain(name: str) -> str:
    """A column's name without what vendors vary: capitals, white space, a unit in brackets."""
    return re.sub(r"[(（\[].*|[\s_]", "", name).lower()


def _below(text: bytes, form: RowForm) -> str:
    """What to say if one of the first lines is the header, and the lines above it are titles."""
    for number, line in enumerate(text.split(b"\n", LIKELY_TITLES)[:LIKELY_TITLES]):
        if set(form.columns.values()) <= set(names_of(line, form.separator)):
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
    return begin, begin if form.names else text.find(b"\n", begin) + 1 or len(text)


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
        cell(pl.col(f"column_{i + 1}"), text).alias(name) for name, i in places.items()
    )


def cell(value: pl.Expr, text: bytes) -> pl.Expr:
    """A field without white space and without what spreadsheets write around text: ="1" and '1.

    Parameters
    ----------
    value : the field
    text : of which it is a part, to look at once for such marks
    """
    value = value.str.strip_chars()
    if b'="' in text:
        value = value.str.replace(r'^="(.*)"$', "${1}")
    return value.str.replace(r"^'(.*?)'?$", "${1}") if b"'" in text else value
