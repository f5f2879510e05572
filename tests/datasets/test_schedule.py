"""Schedules: nothing trained on reaches what it is judged on."""

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intralpha.base import Spec
from intralpha.datasets import (
    EverySpec,
    Fold,
    GridSpec,
    HalfYearlySpec,
    RollingSpec,
    ScheduleSpec,
    YearlySpec,
)
from intralpha.datasets.every import AnchorError
from intralpha.datasets.schedule import EmptyFoldError, NoFoldError
from intralpha.market import Calendar

SESSIONS = Calendar.xshg().between("2012-01-04", "2026-05-08")


def check_purged(made: tuple[Fold, ...], offset: int, sessions: np.ndarray) -> None:
    """No label window of a block reaches the next block; predicted dates are disjoint."""
    place = {day: i for i, day in enumerate(sessions)}
    for fold in made:
        assert place[fold.train[-1]] + offset < place[fold.valid[0]]
        assert place[fold.valid[-1]] + offset < place[fold.predict[0]]
    predicted = np.concatenate([fold.predict for fold in made])
    assert len(np.unique(predicted)) == len(predicted)


@given(
    train=st.integers(5, 60),
    valid=st.integers(1, 15),
    step=st.integers(1, 20),
    offset=st.integers(1, 12),
    every=st.integers(1, 3),
)
def test_rolling_folds_are_purged_and_cover_the_rest(
    train: int, valid: int, step: int, offset: int, every: int
) -> None:
    sessions = SESSIONS[:200]
    samples = EverySpec(every=every).dates(sessions)
    spec = RollingSpec(train_days=train, valid_days=max(valid, every), step_days=max(step, every))
    try:
        made = spec.folds(sessions, samples, offset)
    except (NoFoldError, EmptyFoldError):
        return
    check_purged(made, offset, sessions)
    predicted = np.concatenate([fold.predict for fold in made])
    expected = samples[samples >= predicted[0]]
    np.testing.assert_array_equal(predicted, expected)


def test_rolling_blocks_by_hand() -> None:
    days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
    spec = RollingSpec(train_days=10, valid_days=4, step_days=10)
    first = spec.folds(days, days, 2)[0]
    # 16 days are needed: predict from day 16; known labels end on day 13; valid 10..13, train 0..9
    # and the last two training days go because their labels reach day 10.
    assert first.predict[0] == days[16]
    assert (first.valid[0], first.valid[-1]) == (days[10], days[13])
    assert (first.train[0], first.train[-1]) == (days[0], days[7])


def test_the_protocol_folds_of_2022() -> None:
    samples = EverySpec(every=5, anchor=date(2022, 1, 4)).dates(SESSIONS)
    spec = YearlySpec(first_year=2022, window_years=8)
    made = spec.folds(SESSIONS, samples, 11)
    check_purged(made, 11, SESSIONS)
    first = made[0]
    assert first.name == "2022-01-04"
    assert [f.name[:4] for f in made] == ["2022", "2023", "2024", "2025", "2026"]
    # 2014-01-02 is the year's first session; the grid runs in steps of five from 2022-01-04.
    at = {day: i for i, day in enumerate(SESSIONS)}
    steps_back = (at[np.datetime64("2022-01-04")] - at[np.datetime64("2014-01-02")]) // 5
    assert first.train[0] == SESSIONS[at[np.datetime64("2022-01-04")] - 5 * steps_back]
    # The two grid days before the anchor are too close: t + 11 must lie before 2022-01-04.
    assert first.valid[-1] == SESSIONS[at[np.datetime64("2022-01-04")] - 15]
    count = steps_back - 2
    assert len(first.valid) == count - int(count * 0.8)


def test_last_year_validates_in_system_001() -> None:
    samples = EverySpec(every=1).dates(SESSIONS)
    made = YearlySpec(first_year=2017, window_years=5, valid="last_year").folds(
        SESSIONS, samples, 11
    )
    check_purged(made, 11, SESSIONS)
    assert str(made[0].valid[0]) == "2016-01-04"
    assert str(made[0].train[0]) == "2012-01-04"


def test_half_years_expand() -> None:
    samples = EverySpec(every=5).dates(SESSIONS)
    made = HalfYearlySpec(first=date(2017, 1, 1)).folds(SESSIONS, samples, 11)
    check_purged(made, 11, SESSIONS)
    assert made[0].train[0] == made[3].train[0] == samples[0]
    assert [f.name[:7] for f in made[:3]] == ["2017-01", "2017-07", "2018-01"]
    share = len(made[0].valid) / (len(made[0].valid) + len(made[0].train))
    assert share == pytest.approx(0.2, abs=0.02)


def test_too_short_a_sample_says_so() -> None:
    with pytest.raises(NoFoldError, match="makes no fold"):
        RollingSpec(train_days=500).folds(SESSIONS[:100], SESSIONS[:100], 5)


def test_grid_extends_in_both_directions() -> None:
    days = EverySpec(every=5, anchor=date(2022, 1, 4)).dates(SESSIONS)
    inside = days[(days >= np.datetime64("2022-01-04")) & (days <= np.datetime64("2026-04-09"))]
    assert len(inside) == 207
    assert np.datetime64("2022-01-04") in days
    assert days[0] < SESSIONS[5]


def test_a_fold_without_training_dates_in_the_middle_is_an_error() -> None:
    sessions = SESSIONS[:200]
    spec = RollingSpec(train_days=5, valid_days=3, step_days=4)
    with pytest.raises(EmptyFoldError, match="0 training and"):
        spec.folds(sessions, EverySpec(every=3).dates(sessions), 3)


SCHEDULES = st.one_of(
    st.builds(
        RollingSpec,
        train_days=st.integers(20, 200),
        valid_days=st.integers(5, 60),
        step_days=st.integers(5, 60),
    ),
    st.builds(HalfYearlySpec, first=st.dates(date(2013, 1, 1), date(2014, 1, 1))),
    st.builds(
        YearlySpec,
        first_year=st.just(2013),
        window_years=st.sampled_from([None, 1, 2]),
        valid=st.sampled_from(["share", "last_year"]),
    ),
)


def made_of(spec: ScheduleSpec, days: np.ndarray, every: EverySpec, offset: int) -> tuple | None:
    try:
        return spec.folds(days, every.dates(days), offset)
    except (NoFoldError, EmptyFoldError):
        return None


@settings(max_examples=150)
@given(
    spec=SCHEDULES,
    offset=st.integers(1, 12),
    every=st.integers(1, 5),
    anchor=st.sampled_from([None, date(2012, 3, 5)]),
    today=st.integers(250, 700),
    more=st.integers(1, 60),
)
def test_new_sessions_change_no_fold_that_was_there(
    spec: ScheduleSpec, offset: int, every: int, anchor: date | None, today: int, more: int
) -> None:
    grid = EverySpec(every=every, anchor=anchor)
    before = made_of(spec, SESSIONS[:today], grid, offset)
    after = made_of(spec, SESSIONS[: today + more], grid, offset)
    assume(before is not None and after is not None)
    assert len(after) >= len(before)
    for old, new in zip(before, after, strict=False):
        assert old.name == new.name
        np.testing.assert_array_equal(old.train, new.train)
        np.testing.assert_array_equal(old.valid, new.valid)
        np.testing.assert_array_equal(old.predict, new.predict[: len(old.predict)])
    for old, new in zip(before[:-1], after, strict=False):
        assert len(old.predict) == len(new.predict)


def test_no_sample_dates_make_no_fold() -> None:
    for spec in (
        RollingSpec(),
        HalfYearlySpec(first=date(2013, 1, 1)),
        YearlySpec(first_year=2013),
    ):
        with pytest.raises(NoFoldError, match="0 sample dates"):
            spec.folds(SESSIONS, SESSIONS[:0], 5)


def test_an_anchor_that_is_not_over_is_an_error() -> None:
    grid = EverySpec(every=5, anchor=date(2012, 3, 5))
    with pytest.raises(AnchorError, match=r"2012-03-05.* last session 2012-02-"):
        grid.dates(SESSIONS[np.datetime64("2012-03-01") > SESSIONS])


def test_a_grid_without_a_kind_is_every() -> None:
    class Holder(Spec):
        grid: GridSpec

    assert Holder.model_validate({"grid": {"every": 3}}).grid == EverySpec(every=3)
