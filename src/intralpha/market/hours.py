"""Trading hours of A shares: 240 minutes, lunch, auctions, and bars of any frequency."""

from datetime import time
from functools import cache

from intralpha.base import ConfigError

MINUTES, NOON = 240, 120  # of a session, and of its morning
AUCTION_MINUTES = 3  # of the closing auction, at the end of the 240
OPENING_AUCTION, DAY_CLOSE = time(9, 25), time(15, 0)
# Milliseconds since midnight.
MINUTE_MS = 60_000
OPENING_MS, OPENED_MS = 33_300_000, 33_900_000  # 09:15 and 09:25, the opening auction
MORNING_MS, LUNCH_MS, AFTERNOON_MS = 34_200_000, 41_400_000, 46_800_000  # 09:30, 11:30, 13:00
CLOSING_MS, CLOSE_MS = 53_820_000, 54_000_000  # 14:57 and 15:00, the closing auction
AFTER_HOURS_MS = 54_300_000  # 15:05, when trading at the closing price begins


class BarFrequencyError(ConfigError):
    """Bars of that many minutes do not fit the session."""

    def __init__(self, freq: int) -> None:
        self.freq = freq
        super().__init__(
            f"bars of {freq} minutes do not fit: expected a divisor of 120, so that no bar crosses "
            "lunch (1, 5, 10, 15, 30, ...)."
        )


@cache
def bar_times(freq: int) -> tuple[time, ...]:
    """Ends of the bars of a day.

    Parameters
    ----------
    freq : minutes of one bar, a divisor of 120

    Returns
    -------
    tuple of time, length 240 / freq
        Asia/Shanghai; the last is 15:00.

    Examples
    --------
    >>> [t.strftime("%H:%M") for t in bar_times(60)]
    ['10:30', '11:30', '14:00', '15:00']
    """
    if freq < 1 or NOON % freq:
        raise BarFrequencyError(freq)
    ends = []
    for done in range(freq, MINUTES + 1, freq):
        first, before = (MORNING_MS, 0) if done <= NOON else (AFTERNOON_MS, NOON)
        clock = first // MINUTE_MS + done - before
        ends.append(time(clock // 60, clock % 60))
    return tuple(ends)
