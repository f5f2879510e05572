"""Stretches: runs of True in a row of flags."""

import numpy as np
from jaxtyping import Bool
from numpy import ndarray


def stretches(there: Bool[ndarray, "N"]) -> list[tuple[int, int]]:
    """First place of every run of True, and the place after it.

    Examples
    --------
    >>> stretches(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(there.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
