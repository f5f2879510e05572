"""Random numbers inside kernels: a counter-hashed stream for each stock and day.

Numba's own generator is global to a thread; a result would then depend on which thread ran which
stock. Here a stream is one word of state, so a stock-day is the same wherever it is made.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (SplitMix64).
"""

from typing import no_type_check

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
TO_UNIT = 1.0 / 9007199254740992.0  # 2 ** -53


def new_stream(seed: int, stock: int, session: int) -> np.ndarray:
    """State of the stream of a stock and session.

    Parameters
    ----------
    seed : of the market
    stock : its number, from 0
    session : its number, from 0

    Returns
    -------
    ndarray of uint64, shape [1]
        For the kernels, which change it in place.
    """
    words = np.random.SeedSequence([seed, stock, session]).generate_state(1, np.uint64)
    return words.astype(np.uint64)


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def uniform(state):
    """Uniform in (0, 1)."""
    state[0] += GOLDEN
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * TO_UNIT


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def exponential(state):
    """Exponential with mean 1."""
    return -np.log(uniform(state))


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def normal(state):
    """Standard normal (Box and Muller; the second number is thrown away)."""
    radius = np.sqrt(-2.0 * np.log(uniform(state)))
    return radius * np.cos(2.0 * np.pi * uniform(state))
