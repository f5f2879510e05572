"""The trading session of A shares: 240 minutes, lunch, auctions, and bars of any frequency."""

from datetime import date, time
from functools import cache

from intralpha.base import ConfigError

MORNING_START = 9 * 60 + 30
LUNCH_START = 11 * 60 + 30
LUNCH_MINUTES = 90
SESSION_MINUTES = 240
OPENING_AUCTION = time(9, 25)
# Closing call auction 14:57-15:00: Shenzhen since 2006-07-01, Shanghai since 2018-08-20
# (notice of the Shanghai Stock Exchange of 2018-08-06 on its trading rules).
CLOSING_AUCTION_FROM = {"SZSE": date(2006, 7, 1), "SSE": date(2018, 8, 20)}


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
    if freq < 1 or SESSION_MINUTES // 2 % freq:
        raise BarFrequencyError(freq)
    ends = []
    for minutes in range(freq, SESSION_MINUTES + 1, freq):
        clock = MORNING_START + minutes
        clock += LUNCH_MINUTES if clock > LUNCH_START else 0
        ends.append(time(clock // 60, clock % 60))
    return tuple(ends)


def has_closing_auction(exchange: str, on: date) -> bool:
    """Whether the exchange closes with a call auction on that day [Spec 2.1, P18].

    Parameters
    ----------
    exchange : ``SSE`` or ``SZSE``
    on : a session
    """
    return on >= CLOSING_AUCTION_FROM[exchange]
