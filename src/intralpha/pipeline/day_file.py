"""Day file: one day of a Panel as bytes, which end in their checksum."""

import json
import math
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np

from intralpha.base.summed import CHECKSUM_BYTES, checksum


class DamagedBytesError(ValueError):
    """Bytes are not those that were written; the store says of which day."""


def day_bytes(head: dict[str, Any], values: np.ndarray) -> memoryview:
    """What is filed: head and values as NumPy saves arrays, then the CRC-32 of both.

    Parameters
    ----------
    head : what JSON can hold
    values : an array of numbers, of any shape
    """
    text = json.dumps(head | {"dtype": str(values.dtype)}).encode()
    body = BytesIO()
    np.save(body, np.frombuffer(text, dtype=np.uint8))
    np.save(body, np.ascontiguousarray(values))
    body.write(checksum(body.getbuffer()))
    return body.getbuffer()


def read_day(filed: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """Head and values of what :func:`day_bytes` gave.

    Raises
    ------
    DamagedBytesError
        The bytes are others. What was filed before there were checksums is taken as it is, as long
        as it is whole.
    """
    view = memoryview(filed)
    body, end = view[:-CHECKSUM_BYTES], bytes(view[-CHECKSUM_BYTES:])
    if len(filed) > CHECKSUM_BYTES and checksum(body) == end:
        return _parts(body)
    try:
        return _parts(view)
    except Exception as error:  # whatever NumPy and JSON make of bytes that are none of theirs
        raise DamagedBytesError("found bytes that differ from their checksum") from error


def _parts(view: memoryview) -> tuple[dict[str, Any], np.ndarray]:
    text, at = _array(view, 0)
    values, end = _array(view, at)
    if end != len(view):
        raise DamagedBytesError(f"found {len(view):,} bytes; expected {end:,}")
    return json.loads(text.tobytes()), values


def _array(view: memoryview, at: int) -> tuple[np.ndarray, int]:
    """The next array, and where it ends; what it says about a day takes longer to parse than the
    values to read.
    """
    np.lib.format.read_magic(BytesIO(view[at : at + 8]))
    length = bytes(view[at + 8 : at + 10])
    start = at + 10 + int.from_bytes(length, "little")
    shape, dtype = _form(length + bytes(view[at + 10 : start]))
    end = start + math.prod(shape) * dtype.itemsize
    return np.frombuffer(view[start:end], dtype).reshape(shape), end


@cache
def _form(header: bytes) -> tuple[tuple[int, ...], np.dtype]:
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(BytesIO(header))
    if by_column:
        raise DamagedBytesError("found an array by columns; expected rows")
    return shape, dtype
