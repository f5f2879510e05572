"""Summed: arrays in files that end in their checksum, mapped into memory when they are sound."""

import zlib
from pathlib import Path

import numpy as np

CHECKSUM_BYTES = 4


def checksum(content: bytes | memoryview) -> bytes:
    """CRC-32, as it stands behind what it is of: four bytes.

    Parameters
    ----------
    content : without its checksum
    """
    return zlib.crc32(content).to_bytes(CHECKSUM_BYTES, "little")


def save_summed(path: Path, values: np.ndarray) -> None:
    """Write an array as NumPy does, and the CRC-32 of the file behind it.

    Parameters
    ----------
    path : of the file, which is made or written over
    values : of numbers or texts, not of objects
    """
    with path.open("wb") as handle:
        np.save(handle, values, allow_pickle=False)
    with path.open("r+b") as handle:
        crc = checksum(_bytes(path).data)
        handle.seek(0, 2)
        handle.write(crc)


def load_summed(path: Path) -> np.ndarray | None:
    """The array, mapped read-only; None where the file is not the one that was written.

    What was written before there were checksums is taken as it is, as long as it is whole.

    Parameters
    ----------
    path : where :func:`save_summed` wrote

    Raises
    ------
    FileNotFoundError
    """
    whole = _bytes(path)
    sound = checksum(whole[:-CHECKSUM_BYTES].data) == whole[-CHECKSUM_BYTES:].tobytes()
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    except Exception:  # whatever NumPy makes of bytes that are none of its own
        return None
    end = getattr(values, "offset", 0) + values.nbytes
    return values if sound or end == len(whole) else None


def _bytes(path: Path) -> np.ndarray:
    """Of a file, mapped; an empty file cannot be."""
    if path.stat().st_size == 0:
        return np.empty(0, np.uint8)
    return np.memmap(path, np.uint8, "r")
