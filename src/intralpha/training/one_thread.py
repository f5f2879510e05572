"""One thread: the same floating-point sums wherever and beside whatever a network is trained."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread and deterministic algorithms inside the block, as before after it."""
    threads, before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(1)
    # What torch.use_deterministic_algorithms sets, without its import of a compiler: three seconds.
    torch.set_deterministic_debug_mode("error")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(before)
