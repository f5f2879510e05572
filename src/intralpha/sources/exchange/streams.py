"""Random streams of the simulated market: one for each purpose and day, found by number."""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for; the numbers are part of the market's definition."""

    TRAITS = 1
    MARKET = 2
    START = 3
    DAILY = 4
    SHOCK = 5
    HALT = 6
    ACTION = 7
    PATH = 8
    TOGETHER = 9
    VOLUME = 10
    SPELL = 11
    REGIME = 12
    REPORTS = 13


def stream(seed: int, purpose: Purpose, number: int = 0) -> np.random.Generator:
    """A generator that depends on nothing but its address.

    A day's numbers are drawn row by row, one row a stock. So a market that ends earlier is the
    beginning of a longer one, and a market of fewer stocks is a part of a larger one.

    Parameters
    ----------
    seed : of the market, 0 to 2**64 - 1
    purpose : which of the market's draws
    number : of the session (counted from the first), or the calendar year, below 2**32
    """
    key = np.array([seed, (int(purpose) << 32) + number], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
