"""Stamps: texts like 2023.02.01T09:25:03.320 as days and milliseconds, in compiled code.

Only what is written exactly as the format says is read here; the caller reads the rest with Polars,
which is ten to twenty times slower and more lenient.
"""

import re
from functools import lru_cache
from typing import NamedTuple, no_type_check

import numpy as np
import polars as pl
from numba import njit
from numpy import ndarray

from intralpha.base.arrays import read_only
from intralpha.base.compiling import KERNEL
from intralpha.sources.when import OFFSET

UNREAD = -1
LITERAL, FRACTION = -1, 6
# Fields by the directive that prints them, and their widths; the order is that of `fields` below.
FIELDS = {"%Y": (0, 4), "%m": (1, 2), "%d": (2, 2), "%H": (3, 2), "%M": (4, 2), "%S": (5, 2)}
FRACTIONS = {"%.f": 0, "%.3f": 3, "%.6f": 6, "%.9f": 9}
WORDS = re.compile(r"%\.\d?f|%.|.")


class Stamps(NamedTuple):
    """Days since 1970-01-01 and milliseconds since midnight, ``UNREAD`` where not as the format."""

    days: ndarray
    ms: ndarray


@lru_cache(maxsize=64)
def steps(time_format: str) -> ndarray | None:
    """What to read one after another: rows of field (or ``LITERAL``) and width (or its byte).

    None where the format has other directives, no hour, minute and second, or an offset from UTC.
    """
    if OFFSET.search(time_format):
        return None
    out = []
    for word in WORDS.findall(time_format):
        if word in FIELDS:
            out.append(FIELDS[word])
        elif word in FRACTIONS:
            out.append((FRACTION, FRACTIONS[word]))
        elif word.startswith("%") or not word.isascii():
            return None
        else:
            out.append((LITERAL, ord(word)))
    fields = [field for field, _ in out if field != LITERAL]
    dated = {0, 1, 2} & set(fields)
    whole = {3, 4, 5} <= set(fields) and len(dated) in (0, 3) and len(set(fields)) == len(fields)
    return np.array(out, np.int64) if whole else None


def read(text: pl.Series, time_format: str) -> Stamps | None:
    """Texts of a format; white space around them does not count.

    Parameters
    ----------
    text : with nulls as ``UNREAD``
    time_format : of strptime

    Returns
    -------
    None if the format is one for Polars.
    """
    program = steps(time_format)
    if program is None:
        return None
    data, offsets = _bytes(text)
    days, ms = np.empty(len(text), np.int32), np.empty(len(text), np.int32)
    _read(read_only(data), read_only(offsets), program, days, ms)
    return Stamps(days, ms)


def _bytes(text: pl.Series) -> tuple[ndarray, ndarray]:
    """All characters, and where each text begins; null is empty."""
    arrow = text.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = arrow.buffers()
    begin = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(text) + 1]
    none = np.empty(0, np.uint8)
    return (np.frombuffer(data, np.uint8) if data is not None and data.size else none), begin


@njit(**KERNEL)
@no_type_check
def _read(data, offsets, program, days, ms):
    fields, dated = np.zeros(7, np.int64), (program[:, 0] == 0).any()
    for i in range(len(days)):
        start, end = offsets[i], offsets[i + 1]
        while start < end and data[start] <= 32:
            start += 1
        while end > start and data[end - 1] <= 32:
            end -= 1
        days[i] = ms[i] = UNREAD
        if not _fields(data, start, end, program, fields):
            continue
        year, month, day, hour, minute, second, below = fields
        if hour > 23 or minute > 59 or second > 59:
            continue
        if dated:
            if year < 1970 or not 1 <= month <= 12 or not 1 <= day <= _length(year, month):
                continue
            days[i] = _day(year, month, day)
        ms[i] = ((hour * 60 + minute) * 60 + second) * 1000 + below


@njit(**KERNEL)
@no_type_check
def _fields(data, start, end, program, fields):
    """Numbers of a text; false if it is not as the program says."""
    at = start
    fields[:] = 0
    for k in range(len(program)):
        field, width = program[k, 0], program[k, 1]
        if field == LITERAL:
            if at >= end or data[at] != width:
                return False
            at += 1
            continue
        if field == FRACTION:
            if at >= end or data[at] != 46:
                return False
            at += 1
            first = at
            while at < end and 48 <= data[at] <= 57:
                at += 1
            found = at - first
            if found == 0 or found > 9 or (width > 0 and found != width):
                return False
            for j in range(3):
                digit = data[first + j] - 48 if j < found else 0
                fields[6] = fields[6] * 10 + digit
            continue
        if at + width > end:
            return False
        value = 0
        for j in range(width):
            if not 48 <= data[at + j] <= 57:
                return False
            value = value * 10 + (data[at + j] - 48)
        fields[field] = value
        at += width
    return at == end


@njit(**KERNEL)
@no_type_check
def _length(year, month):
    """Days of a month."""
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit(**KERNEL)
@no_type_check
def _day(year, month, day):
    """Days since 1970-01-01 in the Gregorian calendar."""
    y = year - 1 if month <= 2 else year
    shifted = (month + 9) % 12  # March is 0, so a leap day ends its year
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * shifted + 2) // 5 + day - 719_469
