"""The decaying mean of another factor's z-scores, by hand."""

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.base import Panel
from intralpha.base.node import Node, Slice
from intralpha.factors import Ground, SmoothedSpec
from intralpha.factors.smoothed import smoothed
from intralpha.pipeline import Recipe

from .conftest import ASSETS, DAYS, Work

NAN = np.nan
A = np.sqrt(1.5)  # z-scores of three values at equal steps are -A, 0, A


def ground() -> Ground:
    days = tuple(Slice(str(day)) for day in DAYS)
    other = Node("score/fast", lambda *_: None, None, days)
    return Ground(DAYS, DAYS, DAYS, scores={"fast": other})


def made(work: Work, rows: list[list[float]], **keys: float) -> np.ndarray:
    spec = SmoothedSpec.model_validate({"of": "fast"} | keys)
    (node,) = spec.nodes("slow", ground())
    values = np.array(rows, np.float32)[:, :, None]
    return work(node, score=Panel(values, DAYS, ASSETS, ("score",)))["score"]


UP, DOWN = [1.0, 2.0, 3.0], [30.0, 20.0, 10.0]


def test_old_scores_count_half_as_much_every_half_life(work: Work) -> None:
    found = made(work, [UP, [1.0, 2.0, NAN], DOWN, DOWN], half_life=1, dates=3)
    np.testing.assert_allclose(found[0], [-A, 0, A], rtol=1e-6)
    # The second day has no third stock (nor has the universe): (2 z - A) / 3 and (2 z + 0) / 3.
    np.testing.assert_allclose(found[1], [(-2 - A) / 3, 2 / 3, NAN], rtol=1e-6)
    # Weights 4, 2, 1 of the newest to the oldest; the third stock lacks the middle one.
    expected = [(4 * A - 2 - A) / 7, 2 / 7, (-4 * A + A) / 5]
    np.testing.assert_allclose(found[2], expected, rtol=1e-6)
    # The first day is forgotten.
    expected = [(6 * A - 1) / 7, 1 / 7, (-6 * A) / 6]
    np.testing.assert_allclose(found[3], expected, rtol=1e-6)


def test_one_date_is_the_z_score_itself(work: Work) -> None:
    found = made(work, [UP, UP, DOWN, UP], dates=1)
    np.testing.assert_allclose(found[2], [A, 0, -A], rtol=1e-6)
    np.testing.assert_allclose(found[3], [-A, 0, A], rtol=1e-6)


def test_a_stock_without_a_score_today_has_none(work: Work) -> None:
    found = made(work, [UP, UP, UP, [1.0, NAN, 2.0]])
    assert np.isnan(found[3]).tolist() == [False, True, False]
    assert np.isnan(found[1]).tolist() == [False, False, True]  # outside the universe


def test_later_scores_and_the_order_of_stocks_change_nothing(work: Work) -> None:
    rows = [UP, [1.0, 5.0, 2.0], DOWN, UP]
    before = made(work, rows)
    other = made(work, [*rows[:2], UP, [9.0, -4.0, 0.0]])
    np.testing.assert_array_equal(other[:2], before[:2])
    assert not np.array_equal(other[3], before[3])
    (node,) = SmoothedSpec(of="fast").nodes("slow", ground())
    values = np.array(rows, np.float32)[:, ::-1, None]
    turned = work(node, score=Panel(values, DAYS, ASSETS[::-1], ("score",)))["score"]
    np.testing.assert_array_equal(turned, before)


@pytest.mark.slow
def test_a_noisy_factor_becomes_slower() -> None:
    """Of white noise the smoothed scores of neighbours correlate by the decay, 2^(-1/h)."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 400))
    slow = np.stack([smoothed(noise[t - 60 : t], 4.0) for t in range(60, 200)])
    corr = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(slow)]
    assert np.mean(corr) == pytest.approx(2**-0.25, abs=0.01)


def test_it_stands_behind_its_factor() -> None:
    raw = {"name": "x", "data": {"lake": "lake"}}
    raw["factors"] = {"slow": {"kind": "smoothed", "of": "nobody"}}
    (fault,) = Recipe.model_validate(raw).faults()
    assert fault == "factors.slow: no factor nobody stands before it"
    for wrong in ({"half_life": 0}, {"dates": 0}):
        with pytest.raises(ValidationError):
            SmoothedSpec.model_validate({"of": "fast"} | wrong)
