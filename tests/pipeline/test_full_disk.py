"""A full disk: real writes that the system cuts off, told in an error of ours."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import safetensors.numpy

from intralpha.base import Panel
from intralpha.base.mapped import mapped
from intralpha.pipeline.full_disk import StoreWriteError, telling
from intralpha.pipeline.store import Store

DAYS = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
VALUES = np.random.default_rng(0).normal(size=(3, 2000, 2)).astype(np.float32)
PANEL = Panel(VALUES, DAYS, np.array([f"{i:06d}.SZ" for i in range(2000)]), ("a", "b"))
KEYS = {day: f"{i}{i}key" for i, day in enumerate(DAYS)}


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A write beyond fails in the middle, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


WRITERS = {
    "a day": lambda folder: Store(folder).keep_days("features", KEYS, PANEL),
    "a Panel": lambda folder: PANEL.save(folder / "panel"),
    "a mapped array": lambda folder: mapped(folder / "a.npy", (3, 2000, 2), np.float32),
    "Parquet": lambda folder: pl.DataFrame({"a": VALUES.ravel()}).write_parquet(folder / "a"),
    "weights": lambda folder: safetensors.numpy.save_file({"w": VALUES}, folder / "w"),
    "text": lambda folder: (folder / "t").write_text("x" * 20_000),
}


@pytest.mark.parametrize("what", WRITERS)
def test_whoever_writes_the_refusal_is_told(tmp_path: Path, what: str) -> None:
    refused = pytest.raises(StoreWriteError, match="could not write")
    with no_file_larger_than(9_000), refused as e, telling(tmp_path):
        WRITERS[what](tmp_path)
    assert e.value.exit_code == 3
    assert "MiB free" in str(e.value)
    assert not Store(tmp_path).addresses(), "nothing half is kept"


def test_what_fits_is_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    small = Panel(VALUES[:, :100], DAYS, PANEL.assets[:100], PANEL.names)
    with no_file_larger_than(9_000), telling(tmp_path):
        store.keep_days("features", KEYS, small)
    found = store.panel("features", [(d.item(), k) for d, k in KEYS.items()])
    np.testing.assert_array_equal(found.values, small.values)


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), telling(tmp_path):
        (tmp_path / "nowhere" / "x").write_text("x")
    with pytest.raises(ValueError, match="of the user"), telling(tmp_path):
        raise ValueError("of the user")
