"""Wall time and peak memory of a run, measured from outside its work."""

import threading
from dataclasses import dataclass
from time import perf_counter

import psutil

EVERY_SECONDS = 0.5


@dataclass
class Meter:
    """Measures the enclosed block: seconds, and peak memory of this process and its children.

    Memory is the proportional set size where the system offers it (pages shared by several
    processes are counted once), else the resident set size.
    """

    seconds: float = 0.0
    peak_gib: float = 0.0

    def __enter__(self) -> "Meter":
        self._started = perf_counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self.seconds = perf_counter() - self._started

    def _watch(self) -> None:
        me = psutil.Process()
        while True:
            self.peak_gib = max(self.peak_gib, _memory(me) / 2**30)
            if self._stop.wait(EVERY_SECONDS):
                return


def _memory(process: psutil.Process) -> int:
    """Bytes held by a process and all below it; those that have just ended count nothing."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            full = one.memory_full_info()
            total += getattr(full, "pss", full.rss)
        except psutil.Error:
            continue
    return total
