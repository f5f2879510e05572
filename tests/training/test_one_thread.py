"""One thread and deterministic algorithms, and everything as it was afterwards."""

import torch

from intralpha.training.one_thread import one_thread


def test_what_a_process_allows_is_allowed_again() -> None:
    threads, before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(2)
    torch.set_deterministic_debug_mode("warn")
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
            assert torch.are_deterministic_algorithms_enabled()
            assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert (torch.get_num_threads(), torch.get_deterministic_debug_mode()) == (2, 1)
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(before)
