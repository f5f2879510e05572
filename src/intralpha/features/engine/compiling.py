"""Compiling: how the engine's kernels are compiled."""

from typing import Any

KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
# Kernels that only other kernels call: no wrappers for Python, which take long to compile.
INNER: dict[str, Any] = KERNEL | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
