"""Blocks of half a year: which are known at a date, and what judges them."""

from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intralpha.datasets.sample_blocks import SampleBlocksSpec
from intralpha.market import Calendar

SESSIONS = Calendar.xshg().between("2017-01-03", "2023-12-29")
SPEC = SampleBlocksSpec(first=date(2018, 1, 1))


def test_three_years_give_eleven_blocks() -> None:
    """As the specification counts them: 2018 to 2020 [Spec 15.1]."""
    end = np.datetime64("2021-12-31")
    found = SPEC.blocks(SESSIONS, SESSIONS, 6, end)
    inside = [block for block in found if block.last <= np.datetime64("2020-12-31")]
    assert [block.fold.name for block in inside] == [
        "2018-01-02",
        "2018-04-02",
        "2018-07-02",
        "2018-10-08",
        "2019-01-02",
        "2019-04-01",
        "2019-07-01",
        "2019-10-08",
        "2020-01-02",
        "2020-04-01",
        "2020-07-01",
    ]
    assert all(len(block.fold.train) == 120 for block in found)


def test_a_block_by_hand() -> None:
    """Every day is a session: day 0 is 1 January 2018, a block has 10 days, 6 days stop it."""
    days = np.arange("2018-01-01", "2018-12-31", dtype="datetime64[D]")
    spec = SampleBlocksSpec(first=date(2018, 1, 1), train_days=10, stop_days=6)
    # The block's last day is 9: with two days of labels it is there from day 9 + 6 + 2 on.
    assert spec.blocks(days, days, 2, days[16]) == ()
    (block,) = spec.blocks(days, days, 2, days[17])
    assert block.last == days[9]
    np.testing.assert_array_equal(block.fold.train, days[:10])
    np.testing.assert_array_equal(block.fold.valid, days[12:16])  # (9 + 2, 9 + 6]
    assert len(block.fold.predict) == 0
    (later,) = spec.blocks(days, days, 2, days[30])
    np.testing.assert_array_equal(later.fold.predict, days[16:29])  # (15, 30 - 2]
    names = [b.fold.name for b in spec.blocks(days, days, 2, days[-1])]
    assert names == ["2018-01-01", "2018-04-01", "2018-07-01", "2018-10-01"]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**16),
    offset=st.integers(1, 12),
    at=st.integers(100, 900),
    more=st.integers(1, 200),
)
def test_nothing_known_after_the_decision_matters(
    seed: int, offset: int, at: int, more: int
) -> None:
    rng = np.random.default_rng(seed)
    samples = SESSIONS[rng.random(len(SESSIONS)) < 0.3]
    now = SESSIONS[at]
    whole = SPEC.blocks(SESSIONS, samples, offset, now)
    upto = SESSIONS[: at + 1]
    early = SPEC.blocks(upto, samples[samples <= now], offset, now)
    later = SPEC.blocks(SESSIONS, samples, offset, SESSIONS[at + more])
    assert [b.fold.name for b in early] == [b.fold.name for b in whole]
    assert len(later) >= len(whole)
    place = {day: i for i, day in enumerate(SESSIONS)}
    for one, same, grown in zip(whole, early, later, strict=False):
        for part in ("train", "valid", "predict"):
            np.testing.assert_array_equal(getattr(one.fold, part), getattr(same.fold, part))
        np.testing.assert_array_equal(one.fold.train, grown.fold.train)
        np.testing.assert_array_equal(one.fold.valid, grown.fold.valid)
        np.testing.assert_array_equal(one.fold.predict, grown.fold.predict[: len(one.fold.predict)])
        assert place[one.fold.train[-1]] + offset < place[one.fold.valid[0]]
        for dates in (one.fold.valid, one.fold.predict):
            assert all(place[day] + offset <= at for day in dates)
