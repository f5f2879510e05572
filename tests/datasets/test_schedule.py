"""Schedules: nothing trained on reaches what it is judged on."""

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from intralpha.datasets import (
    EverySpec,
    Fold,
    HalfYearlySpec,
    MonthEndSpec,
    OnceSpec,
    PeriodicSpec,
    RollingMonthsSpec,
    RollingSpec,
    ScheduleSpec,
    YearlySpec,
)
from intralpha.datasets.periods import months_before
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


def test_a_fold_without_training_dates_in_the_middle_is_an_error() -> None:
    sessions = SESSIONS[:200]
    spec = RollingSpec(train_days=5, valid_days=3, step_days=4)
    with pytest.raises(EmptyFoldError, match="0 training and"):
        spec.folds(sessions, EverySpec(every=3).dates(sessions), 3)


def test_validation_inside_the_window_by_hand() -> None:
    days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
    spec = RollingSpec(train_days=14, valid_days=4, step_days=10, validation="inside")
    first, second = spec.folds(days, days, 2)[:2]
    # 14 days and two of labels: predict from day 16; the 14 are days 0..13, of which 10..13
    # validate and 8, 9 are purged. So it is the fold of train_days 10 with validation after it.
    assert (first.train[0], first.train[-1], len(first.train)) == (days[0], days[7], 8)
    assert (first.valid[0], first.valid[-1]) == (days[10], days[13])
    assert (first.predict[0], first.predict[-1]) == (days[16], days[25])
    assert (second.name, second.train[0]) == (str(days[26]), days[10])


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (RollingSpec, {"train_days": 5, "valid_days": 5}),
        (RollingMonthsSpec, {"train_months": 1, "valid_months": 1}),
    ],
)
def test_validation_that_takes_the_whole_window_is_refused(
    kind: type[ScheduleSpec], keys: dict[str, int]
) -> None:
    with pytest.raises(ValidationError, match="leave nothing to train on"):
        kind(validation="inside", **keys)
    assert kind(**keys) is not None


@pytest.mark.parametrize(
    ("side", "begins", "trains", "validates"),
    [
        # Every day is a session. Known labels end two days before the prediction. After: K = the
        # first unknown day; two months and one before K are in the data when K is 1 April.
        ("after", "2024-04-03", ("2024-01-01", "2024-02-27"), ("2024-03-01", "2024-03-31")),
        # Inside: two months before K = 1 March; the last of them validates.
        ("inside", "2024-03-03", ("2024-01-01", "2024-01-29"), ("2024-02-01", "2024-02-29")),
    ],
)
def test_rolling_months_by_hand(
    side: str, begins: str, trains: tuple[str, str], validates: tuple[str, str]
) -> None:
    days = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
    spec = RollingMonthsSpec(train_months=2, valid_months=1, step_days=30, validation=side)
    made = spec.folds(days, days, 2)
    first = made[0]
    assert first.name == str(first.predict[0]) == begins
    # The label of 27 February ends on the 29th, that of 29 January on the 31st.
    assert (str(first.train[0]), str(first.train[-1])) == trains
    assert (str(first.valid[0]), str(first.valid[-1])) == validates
    assert len(first.predict) == 30
    check_purged(made, 2, days)


def test_months_count_back_to_the_end_of_shorter_ones() -> None:
    assert str(months_before(np.datetime64("2024-05-31"), 3)) == "2024-02-29"
    assert str(months_before(np.datetime64("2024-05-31"), 12)) == "2023-05-31"
    assert str(months_before(np.datetime64("2024-01-15"), 1)) == "2023-12-15"


def test_quarters_by_hand() -> None:
    days = np.arange("2024-01-01", "2024-09-01", dtype="datetime64[D]")
    grid = days[::10]
    made = PeriodicSpec(first=date(2024, 5, 10), months=3).folds(days, grid, 3)
    # The quarter of the first date begins with it, the next with July.
    assert [fold.name for fold in made] == ["2024-05-10", "2024-07-01"]
    # Grid: 1 January + 10k. 30 April is the last of 13 before 10 May, its label ends on 3 May; 10
    # train and 3 validate: the 9 first are 1 January .. 21 March, the 10th 31 March, label 3 April.
    first = made[0]
    assert [str(d) for d in first.valid] == ["2024-04-10", "2024-04-20", "2024-04-30"]
    assert (len(first.train), str(first.train[-1])) == (10, "2024-03-31")
    assert [str(d) for d in first.predict][:1] == ["2024-05-10"]
    assert (str(first.predict[-1]), str(made[1].predict[0])) == ("2024-06-29", "2024-07-09")
    short = PeriodicSpec(first=date(2024, 5, 10), months=3, window_months=2)
    assert str(short.folds(days, grid, 3)[0].train[0]) == "2024-03-11"  # from 10 March on


def test_every_month_has_its_training() -> None:
    made = PeriodicSpec(first=date(2017, 1, 1), months=1).folds(SESSIONS, SESSIONS, 11)
    assert [f.name[:7] for f in made[:13]] == [*(f"2017-{m:02}" for m in range(1, 13)), "2018-01"]
    check_purged(made, 11, SESSIONS)


def test_a_half_year_is_a_period_of_six_months() -> None:
    samples = EverySpec(every=5).dates(SESSIONS)
    half = HalfYearlySpec(first=date(2017, 3, 1)).folds(SESSIONS, samples, 11)
    six = PeriodicSpec(first=date(2017, 3, 1), months=6).folds(SESSIONS, samples, 11)
    assert len(half) == len(six) == 19  # 2017 (from March) to 2025 have two each, 2026 one
    for one, other in zip(half, six, strict=True):
        for part in ("train", "valid", "predict"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_once_by_hand() -> None:
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    (fold,) = OnceSpec(upto=date(2024, 1, 22)).folds(days, days, 2)
    # Labels end by 22 January: 20 dates, 4 of which validate; two of the 16 are purged.
    assert (str(fold.valid[0]), str(fold.valid[-1])) == ("2024-01-17", "2024-01-20")
    assert (len(fold.train), str(fold.train[-1])) == (14, "2024-01-14")
    assert (fold.name, len(fold.predict)) == ("2024-01-23", 38)
    since = OnceSpec(upto=date(2024, 1, 22), since=date(2024, 1, 11))
    assert str(since.folds(days, days, 2)[0].train[0]) == "2024-01-11"
    with pytest.raises(NoFoldError):
        OnceSpec(upto=date(2024, 3, 1)).folds(days, days, 2)
    with pytest.raises(ValidationError, match="since 2024-02-01 lies after upto 2024-01-22"):
        OnceSpec(upto=date(2024, 1, 22), since=date(2024, 2, 1))


def test_short_data_are_split_by_share_until_they_fill_the_window() -> None:
    samples = SESSIONS
    spec = YearlySpec(first_year=2014, window_years=3, valid="last_year", short_share=0.1)
    made = {fold.name[:4]: fold for fold in spec.folds(SESSIONS, samples, 11)}
    # The data begin on 2012-01-04: 2015 is the first year with three whole ones before it.
    assert str(made["2015"].valid[0]) == "2014-01-02"
    assert str(made["2015"].train[0]) == "2012-01-04"
    assert len(made["2014"].valid) == len(made["2014"].train) // 9 + 2  # 11 of training purged
    known = len(samples[samples < np.datetime64("2014-01-02")]) - 11
    assert len(made["2014"].valid) == known - int(known * 0.9)
    plain = spec.model_copy(update={"short_share": None}).folds(SESSIONS, samples, 11)
    assert str(plain[0].valid[0]) == "2013-01-04"


def test_inputs_that_begin_later_than_the_lake_train_since_then() -> None:
    spec = YearlySpec(first_year=2014, since=date(2013, 2, 1), valid_share=0.1)
    made = {fold.name[:4]: fold for fold in spec.folds(SESSIONS, SESSIONS, 11)}
    assert {str(fold.train[0]) for fold in made.values()} == {"2013-02-01"}
    first, last = np.searchsorted(SESSIONS, np.array(["2013-02-01", "2014-01-01"], "M8[D]"))
    days = int(last - first) - 11
    assert len(made["2014"].valid) == days - int(days * 0.9)
    short = YearlySpec(first_year=2014, since=date(2013, 2, 1), window_years=2)
    first = {fold.name[:4]: str(fold.train[0]) for fold in short.folds(SESSIONS, SESSIONS, 11)}
    assert first["2015"] == "2013-02-01", "the later of the two"
    assert first["2016"] >= "2014-01-01"


def test_what_is_predicted_moves_no_training() -> None:
    days = SESSIONS[:400]
    samples, scored = days[::5], MonthEndSpec().dates(days)
    for spec in (RollingSpec(), PeriodicSpec(first=date(2012, 9, 3))):
        own = {fold.name: fold for fold in spec.folds(days, samples, 6)}
        other = spec.folds(days, samples, 6, scored)
        assert len(other) > 3
        for fold in other:
            np.testing.assert_array_equal(fold.train, own[fold.name].train)
            np.testing.assert_array_equal(fold.valid, own[fold.name].valid)
        predicted = np.concatenate([fold.predict for fold in other])
        np.testing.assert_array_equal(predicted, scored[scored >= predicted[0]])


SCHEDULES = st.one_of(
    st.builds(
        RollingSpec,
        train_days=st.integers(61, 200),
        valid_days=st.integers(5, 60),
        step_days=st.integers(5, 60),
        validation=st.sampled_from(["after", "inside"]),
    ),
    st.builds(
        RollingMonthsSpec,
        train_months=st.integers(3, 6),
        valid_months=st.integers(1, 2),
        step_days=st.integers(5, 60),
        validation=st.sampled_from(["after", "inside"]),
    ),
    st.builds(
        PeriodicSpec,
        first=st.dates(date(2012, 9, 1), date(2014, 1, 1)),
        months=st.sampled_from([1, 2, 3, 4, 6, 12]),
        window_months=st.sampled_from([None, 6, 9]),
    ),
    st.builds(OnceSpec, upto=st.dates(date(2012, 9, 1), date(2013, 1, 1))),
    st.builds(HalfYearlySpec, first=st.dates(date(2013, 1, 1), date(2014, 1, 1))),
    st.builds(
        YearlySpec,
        first_year=st.just(2013),
        window_years=st.sampled_from([None, 1, 2]),
        valid=st.sampled_from(["share", "last_year"]),
        short_share=st.sampled_from([None, 0.1]),
        since=st.sampled_from([None, date(2012, 3, 1)]),
    ),
)


@st.composite
def calendars(draw: st.DrawFn) -> np.ndarray:
    """Weekdays with random holidays, some of them weeks long."""
    days = np.arange("2012-01-02", "2014-12-31", dtype="datetime64[D]")
    days = days[(days.astype(int) + 3) % 7 < 5][: draw(st.integers(250, 700))]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    open_ = rng.random(len(days)) > 0.05
    for start in rng.integers(0, len(days), 3):
        open_[start : start + 10] = False
    return days[open_]


@settings(max_examples=20)
@given(
    spec=SCHEDULES,
    days=calendars(),
    offset=st.integers(1, 25),
    seed=st.integers(0, 2**16),
    more=st.integers(1, 60),
)
def test_folds_of_any_calendar_are_purged_gapless_and_do_not_change(
    spec: ScheduleSpec, days: np.ndarray, offset: int, seed: int, more: int
) -> None:
    """Grids of samples and of scores with gaps, apart from each other."""
    rng = np.random.default_rng(seed)
    samples, scored = (days[rng.random(len(days)) < share] for share in (0.6, 0.15))
    try:
        made = spec.folds(days, samples, offset, scored)
    except (NoFoldError, EmptyFoldError):
        return
    check_purged(made, offset, days)
    predicted = np.concatenate([fold.predict for fold in made])
    np.testing.assert_array_equal(predicted, scored[scored >= made[0].predict[0]])
    upto = days[-more]
    assume(upto > made[0].predict[0])
    before = [part[part < upto] for part in (days, samples)]
    early = spec.folds(*before, offset, scored[scored < upto])
    for old, new in zip(early, made, strict=False):
        assert old.name == new.name
        np.testing.assert_array_equal(old.train, new.train)
        np.testing.assert_array_equal(old.valid, new.valid)
        np.testing.assert_array_equal(old.predict, new.predict[new.predict < upto])


def made_of(spec: ScheduleSpec, days: np.ndarray, every: EverySpec, offset: int) -> tuple | None:
    try:
        return spec.folds(days, every.dates(days), offset)
    except (NoFoldError, EmptyFoldError):
        return None


@settings(max_examples=20)
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
        RollingMonthsSpec(),
        OnceSpec(upto=date(2013, 1, 1)),
        PeriodicSpec(first=date(2013, 1, 1)),
        HalfYearlySpec(first=date(2013, 1, 1)),
        YearlySpec(first_year=2013),
    ):
        with pytest.raises(NoFoldError, match="0 sample dates"):
            spec.folds(SESSIONS, SESSIONS[:0], 5)
