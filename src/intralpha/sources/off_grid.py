"""Times that are no ends of bars: what in a mapping would make them so."""

from datetime import time

from intralpha.market import bar_times

FREQS = (60, 30, 15, 10, 5, 1)
# Hours from a zone to the exchange's: of UTC first, then of UTC+14 to UTC-12.
SHIFTS = (8, *(h for h in range(-6, 21) if h not in (0, 8)))
TWICE = 16  # of 24: what was Shanghai's time already has been taken for UTC
MIDNIGHT = time(0)
AUCTION = time(9, 25), time(9, 30)


def what_fits(times: list[time], freq: int, from_starts: bool = False, zoned: bool = False) -> str:
    """Which change of a mapping would make times ends of bars.

    Parameters
    ----------
    times : all that are seen, after everything the mapping says
    freq : minutes of a bar
    from_starts : the mapping says already that vendors' stamps are starts
    zoned : the stamps say their own offset from UTC, so that no time zone of a mapping counts

    Returns
    -------
    str
        What to write; empty if nothing usual fits.

    Examples
    --------
    >>> what_fits([time(9, 30), time(14, 45)], 15)
    'they look like the starts of bars: `stamp: start`?'
    """
    minutes = [t.hour * 60 + t.minute for t in times if not (t.second or t.microsecond)]

    def share(shift: int, step: int) -> float:
        ends = {t.hour * 60 + t.minute for t in bar_times(step)}
        return sum((m + shift) % 1440 in ends for m in minutes) / max(len(times), 1)

    before = share(0, freq)
    if before == 1:
        return ""
    told = _of_few(times, freq, before, from_starts)
    if told:
        return told
    for hours in SHIFTS:
        if share(60 * hours, freq) >= 0.9:
            if hours == TWICE or zoned:
                nearer = hours - 24 if hours > 12 else hours
                return (
                    f"{nearer:+d} hours would put nearly all of them there: the exchange's own "
                    f"clock, said to be {'of another zone' if zoned else 'UTC'}? Give it as dates "
                    "and times without a zone"
                )
            zone = "UTC" if hours == 8 else f"that of UTC{8 - hours:+d}"
            return f"{hours:+d} hours would put nearly all of them there: `time_zone` {zone}?"
    other = next((f for f in FREQS if f != freq and share(0, f) == 1), None)
    return f"all of them are ends of {other}-minute bars: `freq: {other}`?" if other else ""


def _of_few(times: list[time], freq: int, before: float, from_starts: bool) -> str:
    """What a few usual times mean: none of day at all, the auction, or starts with the last end.

    Parameters
    ----------
    times, freq, from_starts : see :func:`what_fits`
    before : share of the times that are ends of bars
    """
    if set(times) == {MIDNIGHT}:
        return "they have no time of day: `table: daily`, or a `datetime_format` with %H?"
    opening = sum(AUCTION[0] <= t <= AUCTION[1] for t in times)
    if not from_starts and _but(times, set(), freq):
        return "they look like the starts of bars: `stamp: start`?"
    if (
        not from_starts
        and {AUCTION[1], time(13)} <= set(times)
        and _but(times, {time(11, 30), time(15)}, freq)
    ):
        return "they look like the starts of bars, 11:30 or 15:00 on its own: `stamp: start`?"
    if opening and before == 1 - opening / len(times):
        return "it looks like the opening auction's own row: `opening_auction: own_row`?"
    return ""


def _but(times: list[time], own: set[time], freq: int) -> bool:
    """Whether all times but a few are starts of bars."""
    ends = {t.hour * 60 + t.minute for t in bar_times(freq)}
    return all(t in own or t.hour * 60 + t.minute + freq in ends for t in times)
