"""Compiling: how the engine's kernels are compiled."""

from intralpha.base.compiling import INNER, KERNEL, borrowed

__all__ = ["INNER", "KERNEL", "borrowed"]
