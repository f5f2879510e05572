"""Summed arrays: no bit changes unnoticed, and what is older is read as ever."""

from pathlib import Path

import numpy as np
import pytest

from intralpha.base.summed import load_summed, save_summed

VALUES = [
    np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    np.array(["600000.SH", "000001.SZ"]),
    np.empty((0, 3), np.float32),
]


@pytest.mark.parametrize("values", VALUES, ids=["numbers", "texts", "none"])
def test_arrays_come_back_and_no_bit_changes_unnoticed(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    save_summed(path, values)
    back = load_summed(path)
    assert back is not None
    np.testing.assert_array_equal(back, values)
    np.testing.assert_array_equal(np.load(path), values)  # NumPy reads it, too
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        content = bytearray(whole)
        content[at] ^= 2
        path.write_bytes(content)
        assert load_summed(path) is None
    for size in (0, 3, 60, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert load_summed(path) is None


def test_an_array_without_a_checksum_is_read_as_ever(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES[0])
    back = load_summed(tmp_path / "a.npy")
    assert back is not None
    np.testing.assert_array_equal(back, VALUES[0])


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_summed(tmp_path / "a.npy")
