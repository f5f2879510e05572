"""Random numbers inside kernels: a counter-hashed stream for each stock and day.

Numba's own generator is global to a thread; a result would then depend on which thread ran which
stock. Here a stream is one word of state, so a stock-day is the same wherever it is made.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators (SplitMix64).
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Int, UInt64
from numba import njit
from numpy import ndarray

from intralpha.base.compiling import KERNEL, RAISING

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
# Of NumPy's SeedSequence, whose numbers NumPy promises to keep.
WORD_BITS, POOL, HALF_WORD = 32, 4, np.uint32(16)
INIT_A, MULT_A = 0x43B0D7E5, 0x931E8875
INIT_B, MULT_B = 0x8B51F9DD, 0x58F38DED
LEFT, RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)
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


def new_streams(seed: int, stocks: Int[ndarray, "A"], session: int) -> UInt64[ndarray, "A 1"]:
    """States of the streams of many stocks, a row each: those of :func:`new_stream`.

    Parameters
    ----------
    seed : of the market
    stocks : their numbers, below 2 ** 32
    session : its number
    """
    count = len(stocks)
    words = [*_words(seed), stocks.astype(np.uint32), *_words(session)]
    words = [np.broadcast_to(word, count) for word in words]
    words += [np.zeros(count, np.uint32)] * (POOL - len(words))
    hashed = _Hash(INIT_A, MULT_A)
    pool = [hashed(word) for word in words[:POOL]]
    for source in range(POOL):
        for to in range(POOL):
            if source != to:
                pool[to] = _mixed(pool[to], hashed(pool[source]))
    for word in words[POOL:]:
        pool = [_mixed(part, hashed(word)) for part in pool]
    hashed = _Hash(INIT_B, MULT_B)
    low, high = (hashed(part).astype(np.uint64) for part in pool[:2])
    return (low | high << np.uint64(WORD_BITS))[:, None]


class _Hash:
    """A hash whose constant moves on at every call."""

    def __init__(self, start: int, factor: int) -> None:
        self._constant, self._factor = start, factor

    def __call__(self, words: ndarray) -> ndarray:
        found = words ^ np.uint32(self._constant)
        self._constant = self._constant * self._factor % 2**WORD_BITS
        found = found * np.uint32(self._constant)
        return found ^ found >> HALF_WORD


def _mixed(x: ndarray, y: ndarray) -> ndarray:
    found = LEFT * x - RIGHT * y
    return found ^ found >> HALF_WORD


def _words(number: int) -> list[np.uint32]:
    """A number as words of 32 bits, the lowest first; at least one."""
    out = [np.uint32(number % 2**WORD_BITS)]
    while number := number >> WORD_BITS:
        out.append(np.uint32(number % 2**WORD_BITS))
    return out


@njit(**RAISING, inline="always")
@no_type_check
def uniform(state):
    """Uniform in (0, 1)."""
    state[0] += GOLDEN
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * TO_UNIT


@njit(**KERNEL)
@no_type_check
def exponential(state):
    """Exponential with mean 1."""
    return -np.log(uniform(state))


@njit(**KERNEL)
@no_type_check
def normal(state):
    """Standard normal (Box and Muller; the second number is thrown away)."""
    radius = np.sqrt(-2.0 * np.log(uniform(state)))
    return radius * np.cos(2.0 * np.pi * uniform(state))
