"""Times that are no ends of bars: what would make them so, by the grids of the exchange."""

from datetime import datetime, time, timedelta

import pytest

from intralpha.market import bar_times
from intralpha.sources.off_grid import what_fits


def moved(freq: int, minutes: int) -> list[time]:
    day = datetime(2024, 1, 2)
    return [(datetime.combine(day, t) + timedelta(minutes=minutes)).time() for t in bar_times(freq)]


@pytest.mark.parametrize("freq", [1, 5, 15, 30])
def test_what_fits(freq: int) -> None:
    assert what_fits(moved(freq, 0), freq) == ""
    assert "`stamp: start`" in what_fits(moved(freq, -freq), freq)
    assert "`stamp: start`" not in what_fits(moved(freq, -freq), freq, from_starts=True)
    assert "`time_zone` UTC?" in what_fits(moved(freq, -480), freq)
    assert "`time_zone` that of UTC-5?" in what_fits(moved(freq, -13 * 60), freq)
    assert "own clock, said to be UTC" in what_fits(moved(freq, 480), freq)
    assert "own_row" in what_fits([time(9, 25), *moved(freq, 0)], freq)
    assert "own_row" in what_fits([time(9, 30), *moved(freq, 0)], freq)
    assert what_fits([time(3, 3, 3)], freq) == ""


def test_another_frequency() -> None:
    assert "`freq: 15`" in what_fits(moved(15, 0), 30)
    assert "`freq: 5`" in what_fits(moved(5, 0), 60)


def test_stamps_with_an_offset_of_their_own_are_told_of_no_time_zone() -> None:
    """New York's offset at Shanghai's clock: 09:35-05:00 is 22:35 in Shanghai."""
    said = what_fits(moved(5, 13 * 60), 5, zoned=True)
    assert "+11 hours" in said
    assert "`time_zone`" not in said
    assert "without a zone" in said
