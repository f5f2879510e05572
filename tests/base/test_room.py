"""Room for windows: aligned, never shared by two arrays that somebody holds, asked for but once."""

import gc
import os
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from intralpha.base import room
from intralpha.base.room import aligned_empty, is_aligned

LARGE = (300, 1000)  # 1.2 MB


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    gc.collect()
    room._free.clear()
    yield
    room._free.clear()


@pytest.mark.parametrize("shape", [(1,), (7, 5, 3), (1000, 41), (1 << 18,), LARGE])
def test_it_begins_where_torch_would_let_it(shape: tuple[int, ...]) -> None:
    for _ in range(5):
        found = aligned_empty(*shape)
        assert (found.shape, found.dtype) == (shape, np.float32)
        assert found.ctypes.data % 64 == 0
        assert is_aligned(found)
        found[...] = 1


def test_what_is_askew_a_part_or_read_only_is_not_aligned() -> None:
    found = aligned_empty(8, 8)
    assert not is_aligned(found[:, 1:])
    assert not is_aligned(found.ravel()[1:])
    found.flags.writeable = False
    assert not is_aligned(found)


def test_memory_that_a_view_or_a_tensor_holds_is_not_given_away() -> None:
    first = aligned_empty(*LARGE)
    first[:] = 1
    view, at = torch.from_numpy(first)[5:7], first.ctypes.data
    del first
    second = aligned_empty(*LARGE)
    assert second.ctypes.data != at
    second[:] = 2
    assert (view == 1).all()
    del view
    assert aligned_empty(*LARGE).ctypes.data == at


def test_memory_is_reused_for_what_fits_and_two_pieces_wait_at_most() -> None:
    held = [aligned_empty(*LARGE) for _ in range(4)]
    places = [array.ctypes.data for array in held]
    del held
    assert len(room._free) == 2
    assert aligned_empty(299, 1000).ctypes.data in places
    assert aligned_empty(700, 1000).ctypes.data not in places  # does not fit in
    assert len(aligned_empty(100, 10)) == 100  # small: of NumPy
    assert aligned_empty(1 << 18).ctypes.data in places


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_writes_into_memory_of_its_own() -> None:
    aligned_empty(*LARGE)[:] = 1
    mine = aligned_empty(*LARGE)
    child = os.fork()
    if child == 0:
        mine[:] = 7
        os._exit(0)
    os.waitpid(child, 0)
    assert (mine == 1).all()
