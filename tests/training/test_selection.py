"""Which networks are kept: ICIR, stability and the greedy choice, by hand [Spec 15.1]."""

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.training import SelectSpec
from intralpha.training.selection import Judged, choose, judge, likeness

UP = np.arange(40.0)
NONE = np.full(40, np.nan)
SPEC = SelectSpec()


def swapped(count: int) -> np.ndarray:
    """The first ``count`` stocks of 40 in turned order: RankIC 1 - count (count² - 1) / 31980."""
    out = UP.copy()
    out[:count] = UP[:count][::-1]
    return out


def test_icir_and_stability_by_hand() -> None:
    """Sum of squared rank differences of n stocks turned: n (n² - 1) / 3; RankIC 1 - 6 sum / 63960.

    January has 1 and -1, whose mean is 0: no positive month. February has 1 and a day without
    labels, March -1, April 1.
    """
    dates = np.array(
        ["2024-01-02", "2024-01-03", "2024-02-01", "2024-02-02", "2024-03-01", "2024-04-01"],
        dtype="datetime64[D]",
    )
    score = np.stack([UP, UP[::-1], UP, UP, UP[::-1], UP])
    fwd = np.stack([UP, UP, UP, NONE, UP, UP])
    found = judge(score, fwd, dates)
    assert found.dates == 5
    # 1, -1, 1, -1, 1: mean 0.2, sum of squared differences 4.8, variance 4.8 / 4.
    assert found.icir == pytest.approx(0.2 / np.sqrt(1.2))
    assert found.stability == pytest.approx(2 / 4)


def test_nothing_to_judge_by_is_not_a_number() -> None:
    dates = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    nothing = judge(np.stack([UP, UP]), np.stack([NONE, NONE]), dates)
    assert nothing.dates == 0
    assert np.isnan(nothing.icir)
    assert np.isnan(nothing.stability)
    one = judge(np.stack([UP, UP]), np.stack([UP, NONE]), dates)
    assert np.isnan(one.icir)  # a single RankIC has no deviation
    assert one.stability == 1.0


def test_likeness_by_hand() -> None:
    """Two dates with correlations r and -r: mean 0, mean of the size r; a third has one only."""
    r = 1 - 20 * (400 - 1) / 3 * 6 / (40 * (1600 - 1))
    one = np.stack([UP, UP, UP])
    other = np.stack([swapped(20), -swapped(20), NONE])
    mean, size = likeness([one, other])
    np.testing.assert_allclose(mean, [[1, 0], [0, 1]], atol=1e-12)
    np.testing.assert_allclose(size, [[1, r], [r, 1]], rtol=1e-12)
    apart = likeness([np.stack([UP, NONE]), np.stack([NONE, UP])])
    assert np.isnan(apart[0][0, 1])
    assert np.isnan(apart[1][1, 0])


def kept(judged: list[Judged], alike: np.ndarray, spec: SelectSpec = SPEC) -> list[int]:
    return [k for k, one in enumerate(choose(judged, alike, spec)) if one.kept]


def good(*icirs: float, stability: float = 1.0) -> list[Judged]:
    return [Judged(icir, stability, 50) for icir in icirs]


def test_the_greedy_choice_by_hand() -> None:
    """From the highest down: 3 (0.5); 0 is too like it; 2 (0.3); 4 is too like 2; 1 passes."""
    alike = np.eye(5)
    for a, b, value in ((3, 0, 0.9), (3, 2, 0.8), (2, 4, 0.81), (1, 0, 0.99), (3, 1, 0.1)):
        alike[a, b] = alike[b, a] = value
    verdicts = choose(good(0.4, 0.1, 0.3, 0.5, 0.2), alike, SPEC)
    assert [k for k, one in enumerate(verdicts) if one.kept] == [1, 2, 3]
    assert verdicts[0].why == verdicts[4].why == "correlation above 0.8"
    assert [one.correlation for one in verdicts[:3]] == [0.9, 0.1, 0.8]
    assert np.isnan(verdicts[3].correlation)
    assert verdicts[4].correlation == 0.81


def test_bad_unsteady_and_too_many_are_left_out() -> None:
    free = np.eye(9)
    nine = good(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
    assert kept(nine, free) == [0, 1, 2, 3, 4, 5]
    assert choose(nine, free, SPEC)[6].why == "6 are kept"
    some = [*good(0.5, 0.4, 0.0, -0.1), Judged(0.9, 0.59, 50), Judged(0.3, 0.6, 50)]
    verdicts = choose(some, np.eye(6), SPEC)
    assert [one.kept for one in verdicts] == [True, True, False, False, False, True]
    assert verdicts[2].why == verdicts[3].why == "ICIR not above 0"
    assert verdicts[4].why == "stability below 0.6"


def test_fewer_than_two_remain() -> None:
    """Then the two highest ICIRs count, whatever else they are [Spec 15.1, step 5]."""
    few = [Judged(0.2, 1.0, 50), Judged(0.5, 0.1, 50), Judged(0.3, 0.2, 50), Judged(-0.1, 0.0, 50)]
    verdicts = choose(few, np.eye(4), SPEC)
    assert [one.kept for one in verdicts] == [False, True, True, False]
    assert verdicts[0].why == "not one of the 2 highest; passed the rules"
    assert "since fewer passed; stability below 0.6" in verdicts[1].why
    twins = np.array([[1, 0.95], [0.95, 1]])
    assert kept(good(0.5, 0.4), twins) == [0, 1]
    assert kept(good(-0.5, -0.4, -0.6), np.eye(3)) == [0, 1]
    assert kept(good(-0.5), np.eye(1)) == [0]


def test_what_has_no_icir_yet_comes_last_and_the_newest_first() -> None:
    blank = Judged(np.nan, np.nan, 0)
    assert kept([blank, blank, blank], np.full((3, 3), np.nan)) == [1, 2]
    assert kept([blank, *good(-0.3), blank], np.eye(3)) == [1, 2]
    assert choose([blank], np.eye(1), SPEC)[0].why.endswith("no ICIR yet")


def test_no_date_in_common_counts_as_not_alike() -> None:
    alike = np.array([[1, np.nan], [np.nan, 1]])
    assert kept(good(0.5, 0.4), alike, SelectSpec(max_correlation=0.0)) == [0, 1]


def test_thresholds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="at_least 3 lies above at_most 2"):
        SelectSpec(at_least=3, at_most=2)
