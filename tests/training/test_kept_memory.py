"""Memory of a training: arrays that come and go are asked of the system once."""

import resource
from pathlib import Path

import pytest
import torch

from intralpha.training.kept_memory import _glibc, memory_kept
from intralpha.training.one_thread import one_thread

LARGE = 64 << 20  # bytes; more than what the allocator keeps by itself
PAGES = LARGE // resource.getpagesize()

pytestmark = pytest.mark.skipif(_glibc() is None, reason="the allocator is not glibc's")


def faults_of(times: int) -> int:
    """Pages that the system handed out while an array was made and dropped so many times."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(times):
        torch.ones(LARGE // 4)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_an_array_that_comes_again_takes_no_new_pages() -> None:
    with one_thread():
        with memory_kept():
            # What is aligned may need a little more than what it left, and takes room once more.
            inside = [faults_of(4) for _ in range(3)]
        after = faults_of(4)
    assert min(inside) < PAGES / 8
    assert after > PAGES  # as before


def test_memory_goes_back_after_the_block() -> None:
    before = resident()
    with memory_kept():
        faults_of(8)
        assert resident() - before > PAGES / 2
    assert resident() - before < PAGES / 2


def falls() -> None:
    torch.ones(LARGE // 4)
    raise ZeroDivisionError


def test_it_goes_back_after_an_error_too() -> None:
    before = resident()
    with pytest.raises(ZeroDivisionError), memory_kept():
        falls()
    assert resident() - before < PAGES / 2


def step_of() -> list[torch.Tensor]:
    """Gradients of a small network on rows that fill arrays larger than what is kept."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 128), torch.nn.GELU(), torch.nn.Linear(128, 1))
    network(torch.randn(1 << 17, 8)).square().mean().backward()
    return [one.grad for one in network.parameters() if one.grad is not None]


@pytest.mark.slow
def test_gradients_are_the_same_bits() -> None:
    with one_thread():
        plain = step_of()
        with memory_kept():
            kept = [step_of() for _ in range(2)]
    assert len(plain) == 4
    for again in kept:
        assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
