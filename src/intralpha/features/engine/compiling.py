"""Compiling: how the engine's kernels are compiled."""

from intralpha.base.compiling import BARE, BARE_INNER, INNER, KERNEL, borrowed

__all__ = ["BARE", "BARE_INNER", "INNER", "KERNEL", "borrowed"]
