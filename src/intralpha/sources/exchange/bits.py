"""Bits: one for each price level of a side, set where orders stand; finds the nearest level."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.base.compiling import BARE

WORD = 64
NONE = -1


@njit(**BARE)
@no_type_check
def at_or_below(bits, level):
    """Highest level with a bit, from ``level`` (-1: none) down."""
    if level < 0:
        return NONE
    word = level // WORD
    kept = np.uint64(WORD - 1 - level % WORD)
    value = (bits[word] << kept) >> kept
    while value == 0:
        word -= 1
        if word < 0:
            return NONE
        value = bits[word]
    place = 0
    for step in (32, 16, 8, 4, 2, 1):
        if value >> np.uint64(step):
            value >>= np.uint64(step)
            place += step
    return word * WORD + place


@njit(**BARE)
@no_type_check
def at_or_above(bits, level, last):
    """Lowest level with a bit, from ``level`` up to ``last``.

    Parameters
    ----------
    bits : uint64 [words], of one side; nothing above ``last`` may be set
    level : where to begin, 0 or more
    last : highest level of the band

    Returns
    -------
    int
        -1 if there is none, or if ``level`` is above ``last``.
    """
    if level > last:
        return NONE
    word = level // WORD
    gone = np.uint64(level % WORD)
    value = (bits[word] >> gone) << gone
    while value == 0:
        word += 1
        if word * WORD > last:
            return NONE
        value = bits[word]
    place = 0
    for step in (32, 16, 8, 4, 2, 1):
        low = np.uint64((np.uint64(1) << np.uint64(step)) - np.uint64(1))
        if value & low == 0:
            value >>= np.uint64(step)
            place += step
    return word * WORD + place
