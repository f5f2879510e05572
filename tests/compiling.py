"""Workers compile a kernel once between them: one does, the others wait and load what it kept.

On new code every worker meets the same kernels at the same time. Each compiled all of them, and of
two that wrote down what they had kept of a function at once, one was forgotten and compiled again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from numba.core.dispatcher import Dispatcher

held: set[str] = set()


def compile_once() -> None:
    """From now on kernels that are kept are compiled by one process at a time."""
    compiled = Dispatcher.compile

    def alone(self: Dispatcher, sig: Any) -> Any:
        if self._cache.cache_path is None:
            return compiled(self, sig)
        with _only_one(f"{self._cache.cache_path}/{self.py_func.__qualname__}"):
            return compiled(self, sig)

    Dispatcher.compile = alone


@contextmanager
def _only_one(name: str) -> Iterator[None]:
    """What a kernel calls is compiled meanwhile under locks of its own; calls go one way only."""
    if name in held:  # a function that calls itself
        yield
        return
    folder = Path(gettempdir()) / f"compiling-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    with (folder / blake2b(name.encode(), digest_size=16).hexdigest()).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held.add(name)
        try:
            yield
        finally:
            held.discard(name)
