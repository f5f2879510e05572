"""How many threads our own loops use."""

import os

VARIABLE = "INTRALPHA_THREADS"


def thread_count() -> int:
    """Threads a loop may use: ``INTRALPHA_THREADS``, or the cores this process may run on.

    No library is asked: Numba's answer starts its OpenMP pool, which sets the thread count of
    every other OpenMP user in the process, torch among them.

    Returns
    -------
    int
        At least 1; a value that is no positive integer counts as unset.
    """
    wished = os.environ.get(VARIABLE, "")
    if wished.isdecimal() and int(wished) > 0:
        return int(wished)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
