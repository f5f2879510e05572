"""Subnormals: numbers so small that the processor counts slowly with them, which nobody needs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

TINY = 2.0**-130  # below 2^-126, the least float32 with all of its digits


@contextmanager
def subnormals_are_zero() -> Iterator[None]:
    """Inside the block this thread, and those it starts, take numbers below 1.2e-38 for 0.

    A gradient that dies away over a long window ends in such numbers, and an operation with one
    takes a hundred times as long. Added to a larger one they change nothing. As before after the
    block; a processor that cannot do it does nothing.
    """
    before = (torch.tensor([TINY]) * 1.0).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
