"""Lines of a csv: each is a record, a torn record or empty, whatever quotes stand in it.

A record never reaches over the end of its line: a quote that is not closed on its line is a
character like any other, so one stray quote cannot swallow the lines behind it.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import KERNEL

NEWLINE, RETURN, QUOTE, SPACE = 10, 13, 34, 32
# Stands between fields once quotes are gone; no vendor writes it.
MARK = "\x1f"


@dataclass(frozen=True)
class Lines:
    """The lines of a text that can be used, each with its end, and those that cannot.

    Attributes
    ----------
    text : good lines
    numbers : ndarray of int64, one a good line; the first line of the text is 0
    torn : number, reason and text of each line with another number of fields; empty lines left out
    """

    text: bytes
    numbers: np.ndarray
    torn: list[tuple[int, str, str]]


def unquoted(text: bytes, separator: str) -> bytes:
    r"""The same lines with ``MARK`` between fields and without quotes around them.

    A doubled quote inside quotes is one quote. A quote that is not closed before the line's end, or
    is followed by more than spaces, is left as it is.

    Parameters
    ----------
    text : lines in an encoding that keeps ASCII, such as utf-8
    separator : one ASCII character

    Examples
    --------
    >>> unquoted(b'1,"a,b"\n2,"*ST\n', ",").split(b"\n")
    [b'1\x1fa,b', b'2\x1f"*ST', b'']
    """
    return _plain(np.frombuffer(text, np.uint8), ord(separator), ord(MARK)).tobytes()


def split_lines(text: bytes, mark: str, fields: int) -> Lines:
    """Lines with the right number of fields, and the others.

    Parameters
    ----------
    text : lines, from :func:`unquoted` where they hold quotes
    mark : what stands between fields
    fields : how many each line should have
    """
    lines, ragged = _ragged(np.frombuffer(text, np.uint8), ord(mark), fields)
    bad = ragged.tolist()
    good = without(text, [(start, end) for start, end, *_ in bad])
    good += b"" if not good or good.endswith(b"\n") else b"\n"
    torn = [
        (number, _reason(shown, found, fields), shown)
        for start, end, number, found in bad
        if (shown := _shown(text[start:end]))
    ]
    return Lines(good, np.delete(np.arange(lines), [number for _, _, number, _ in bad]), torn)


def ends_closed(text: bytes, separator: str, fields: int) -> bool:
    """Whether the first line ends in a separator that the header has not.

    Parameters
    ----------
    text : lines below the header
    separator : one ASCII character
    fields : names that the header has
    """
    end = text.find(b"\n")
    first = text[: end if end >= 0 else len(text)].rstrip(b"\r")
    found = unquoted(first, separator).split(MARK.encode())
    return len(found) == fields + 1 and not found[-1].strip()


def without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    """The text without some lines.

    Parameters
    ----------
    text : lines
    spans : first byte and end (the place of its line end) of each line to leave out, ascending
    """
    if not spans:
        return text
    parts, begin = [], 0
    for start, end in spans:
        parts.append(text[begin:start])
        begin = end + 1
    return b"".join([*parts, text[begin:]])


def _shown(line: bytes) -> str:
    """A line as the vendor wrote it, but for the quotes around its fields."""
    return line.decode(errors="replace").strip().replace(MARK, ",")


def _reason(shown: str, found: int, fields: int) -> str:
    more = "; a quote is not closed on its line" if '"' in shown else ""
    return f"{found} fields, expected {fields}{more}"


@njit(**KERNEL)
@no_type_check
def _plain(data, separator, mark):
    """The bytes without quotes around fields, ``mark`` between them."""
    out = np.empty(len(data), np.uint8)
    size = at = 0
    fresh = True
    while at < len(data):
        byte = data[at]
        if fresh:
            end = _closing(data, at, separator)
            if end > 0:
                while data[at] != QUOTE:
                    at += 1
                at += 1
                while at < end:
                    out[size] = data[at]
                    size += 1
                    at += 2 if data[at] == QUOTE else 1
                at = end + 1
                while at < len(data) and data[at] == SPACE and separator != SPACE:
                    at += 1
                fresh = False
                continue
        fresh = byte in (separator, NEWLINE)
        out[size] = mark if byte == separator else byte
        size += 1
        at += 1
    return out[:size]


@njit(**KERNEL)
@no_type_check
def _closing(data, at, separator):
    """Where the quotes around the field that begins here end; -1 if it has none."""
    while at < len(data) and data[at] == SPACE and separator != SPACE:
        at += 1
    if at == len(data) or data[at] != QUOTE:
        return -1
    at += 1
    while at < len(data) and data[at] != NEWLINE:
        if data[at] != QUOTE:
            at += 1
        elif at + 1 < len(data) and data[at + 1] == QUOTE:
            at += 2
        else:
            behind = at + 1
            while behind < len(data) and data[behind] == SPACE and separator != SPACE:
                behind += 1
            over = behind == len(data) or data[behind] == NEWLINE or data[behind] == RETURN
            return at if over or data[behind] == separator else -1
    return -1


@njit(**KERNEL)
@no_type_check
def _ragged(data, separator, fields):
    """Lines, and of those without ``fields`` fields: start, end, number, fields (0: empty)."""
    count = lines = 0
    for fill in range(2):
        out = np.zeros((count if fill else 0, 4), np.int64)
        start, found, k, lines = 0, 1, 0, 0
        for i in range(len(data) + 1):
            if i == len(data) and start == i:
                break
            end = i == len(data) or data[i] == NEWLINE
            if end:
                empty = start == i or (start + 1 == i and data[start] == RETURN)
                if found != fields or empty:
                    if fill:
                        out[k] = start, i, lines, 0 if empty else found
                    k += 1
                start, found = i + 1, 1
                lines += 1
            elif data[i] == separator:
                found += 1
        count = k
        if not fill and count == 0:
            return lines, out
    return lines, out
