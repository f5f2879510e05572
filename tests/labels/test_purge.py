"""The purge rule as properties: nothing leaks, and nothing that may stay is dropped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.labels import UnknownSampleDateError, purge

SESSIONS = np.array(
    [d for d in np.arange("2024-01-01", "2024-06-30", dtype="datetime64[D]") if np.is_busday(d)]
)

samples = st.lists(st.integers(0, len(SESSIONS) - 1), min_size=1, max_size=30)
cutoffs = st.integers(-5, 200).map(lambda days: SESSIONS[0] + np.timedelta64(days, "D"))


def window_end(place, offset):
    """Last session of a label window, None if the calendar ends before it."""
    return SESSIONS[place + offset] if place + offset < len(SESSIONS) else None


@settings(max_examples=100)
@given(samples, cutoffs, st.integers(0, 15))
def test_kept_exactly_when_the_window_ends_before_the_cutoff(places, cutoff, offset):
    kept = purge(SESSIONS[places], cutoff, offset, SESSIONS)
    for place, keep in zip(places, kept, strict=True):
        end = window_end(place, offset)
        if keep:  # no kept sample's window reaches the cutoff
            assert end is not None
            assert end < cutoff
        else:  # nothing that could be kept is dropped
            assert end is None or end >= cutoff


@settings(max_examples=50)
@given(samples, cutoffs, st.integers(0, 15))
def test_a_later_cutoff_or_a_shorter_window_keeps_no_less(places, cutoff, offset):
    days = SESSIONS[places]
    kept = purge(days, cutoff, offset, SESSIONS)
    assert (purge(days, cutoff + np.timedelta64(9, "D"), offset, SESSIONS) >= kept).all()
    assert (purge(days, cutoff, offset + 1, SESSIONS) <= kept).all()


def test_by_hand():
    # Eleven sessions after Tuesday 2024-01-02 is Wednesday 2024-01-17.
    day = np.array(["2024-01-02"], dtype="datetime64[D]")
    assert not purge(day, np.datetime64("2024-01-17"), 11, SESSIONS)[0]
    assert purge(day, np.datetime64("2024-01-18"), 11, SESSIONS)[0]
    assert purge(day, np.datetime64("2024-01-20"), 11, SESSIONS)[0]  # a Saturday


def test_an_unfinished_window_is_never_kept():
    assert not purge(SESSIONS[-3:], np.datetime64("2030-01-01"), 5, SESSIONS).any()


def test_sample_dates_must_be_sessions():
    with pytest.raises(UnknownSampleDateError, match="2024-01-06"):
        purge(np.array(["2024-01-06"], dtype="datetime64[D]"), SESSIONS[9], 1, SESSIONS)
