"""Grids: which dates they give, and that later sessions change none."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.base import Spec
from intralpha.datasets import EverySpec, GridSpec, MonthEndSpec, WeekdaySpec
from intralpha.datasets.every import AnchorError
from intralpha.market import Calendar

SESSIONS = Calendar.xshg().between("2012-01-04", "2026-05-08")


def days_of(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


def texts_of(dates: np.ndarray) -> list[str]:
    return [str(day) for day in dates]


def test_grid_extends_in_both_directions() -> None:
    days = EverySpec(every=5, anchor=date(2022, 1, 4)).dates(SESSIONS)
    inside = days[(days >= np.datetime64("2022-01-04")) & (days <= np.datetime64("2026-04-09"))]
    assert len(inside) == 207
    assert np.datetime64("2022-01-04") in days
    assert days[0] < SESSIONS[5]


def test_every_friday_or_the_last_session_of_its_week() -> None:
    """Weeks of 2024 by hand: 1 to 5 April (holidays on 4 and 5), and Spring Festival's week."""
    spring = Calendar.xshg().between("2024-02-05", "2024-02-23")
    # 9 (Friday) to 18 February were holidays: Thursday 8, none in the week of 12, Friday 23.
    assert texts_of(WeekdaySpec().dates(spring)) == ["2024-02-08", "2024-02-23"]
    april = Calendar.xshg().between("2024-03-25", "2024-04-12")
    assert texts_of(WeekdaySpec().dates(april)) == ["2024-03-29", "2024-04-03", "2024-04-12"]


def test_a_week_without_its_weekday_or_a_session_before_it_has_no_date() -> None:
    """1 to 5 May 2024 were holidays: the week of 29 April has Monday and Tuesday alone."""
    days = Calendar.xshg().between("2024-04-29", "2024-05-10")
    assert texts_of(WeekdaySpec(weekday="monday").dates(days)) == ["2024-04-29", "2024-05-06"]
    assert texts_of(WeekdaySpec(weekday="wednesday").dates(days)) == ["2024-04-30", "2024-05-08"]
    first = Calendar.xshg().between("2024-02-19", "2024-02-23")[1:]  # without its Monday
    assert texts_of(WeekdaySpec(weekday="monday").dates(first)) == []


def test_a_last_session_is_known_on_the_day_by_the_calendar() -> None:
    thursday = Calendar.xshg().between("2024-02-05", "2024-02-08")  # Friday is a holiday
    assert texts_of(WeekdaySpec().dates(thursday)) == ["2024-02-08"]
    wednesday = thursday[:-1]  # Thursday is yet to come
    assert texts_of(WeekdaySpec().dates(wednesday)) == []


def test_a_session_that_never_came_is_known_the_week_after() -> None:
    """The calendar expects Friday 2024-03-08; these data have none."""
    days = days_of("2024-03-06", "2024-03-07")
    assert texts_of(WeekdaySpec().dates(days)) == []
    later = np.append(days, days_of("2024-03-11"))
    assert texts_of(WeekdaySpec().dates(later)) == ["2024-03-07"]


def test_sessions_before_and_after_the_calendar_close_by_what_follows() -> None:
    for monday in ("1985-03-04", "2999-01-07"):
        week = np.datetime64(monday) + np.arange(4)  # Monday to Thursday
        assert texts_of(WeekdaySpec().dates(week)) == []
        assert texts_of(WeekdaySpec().dates(np.append(week, week[0] + 7))) == [str(week[3])]
        friday = np.append(week, week[0] + 4)
        assert texts_of(WeekdaySpec().dates(friday)) == [str(week[0] + 4)]


def test_month_ends_of_2024() -> None:
    days = Calendar.xshg().between("2024-01-02", "2024-06-30")
    assert texts_of(MonthEndSpec().dates(days)) == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-29",
        "2024-04-30",
        "2024-05-31",
        "2024-06-28",  # 29 and 30 June were a weekend: known on the 28th
    ]
    assert texts_of(MonthEndSpec().dates(days[:-1]))[-1] == "2024-05-31"


def test_no_session_has_no_date() -> None:
    for grid in (EverySpec(), WeekdaySpec(), MonthEndSpec()):
        assert len(grid.dates(SESSIONS[:0])) == 0


GRIDS = st.one_of(
    st.builds(EverySpec, every=st.integers(1, 9)),
    st.builds(
        WeekdaySpec,
        weekday=st.sampled_from(["monday", "tuesday", "wednesday", "thursday", "friday"]),
    ),
    st.just(MonthEndSpec()),
)


@given(
    grid=GRIDS,
    start=st.sampled_from(["1989-11-06", "2024-01-01", "2026-11-02"]),
    seed=st.integers(0, 2**16),
    open_share=st.sampled_from([0.15, 0.5, 0.9]),
    weekends=st.booleans(),
)
def test_later_sessions_add_dates_at_the_end_and_change_none(
    grid: GridSpec, start: str, seed: int, open_share: float, weekends: bool
) -> None:
    """Sessions on which the exchange was closed, and none where it was open, change nothing."""
    days = np.datetime64(start) + np.arange(90)
    days = days if weekends else days[(days.astype(int) + 3) % 7 < 5]
    days = days[np.random.default_rng(seed).random(len(days)) < open_share]
    whole = grid.dates(days)
    assert np.isin(whole, days).all()
    for today in range(1, len(days)):
        early = grid.dates(days[:today])
        np.testing.assert_array_equal(early, whole[: len(early)])


@given(seed=st.integers(0, 2**16))
def test_a_weekday_grid_has_every_week_once(seed: int) -> None:
    days = SESSIONS[np.random.default_rng(seed).random(len(SESSIONS)) < 0.7]
    found = WeekdaySpec().dates(days)
    week = (days.astype(int) + 3) // 7
    assert len(np.unique((found.astype(int) + 3) // 7)) == len(found)
    assert len(found) >= len(np.unique(week)) - 1  # the last may not be over


def test_an_anchor_that_is_not_over_is_an_error() -> None:
    grid = EverySpec(every=5, anchor=date(2012, 3, 5))
    with pytest.raises(AnchorError, match=r"2012-03-05.* last session 2012-02-"):
        grid.dates(SESSIONS[np.datetime64("2012-03-01") > SESSIONS])


def test_a_grid_without_a_kind_is_every() -> None:
    class Holder(Spec):
        grid: GridSpec

    assert Holder.model_validate({"grid": {"every": 3}}).grid == EverySpec(every=3)
