"""Luck of the best of many: the formulas by hand, and trials without skill by drawing them."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from intralpha.evaluation import chance_above, expected_best


def test_the_best_of_trials_without_skill_is_what_draws_give() -> None:
    rng = np.random.default_rng(0)
    draws = 0.1 * rng.standard_normal((4000, 50))
    found = np.mean([expected_best(row.tolist()) for row in draws[:200]])
    assert found == pytest.approx(draws.max(axis=1).mean(), rel=0.03)


def test_one_trial_has_no_luck_of_a_choice() -> None:
    assert expected_best([0.3]) == 0.0


def test_of_a_normal_series_the_chance_is_that_of_its_mean() -> None:
    series = np.array([1.0, -1.0, 2.0, -2.0, 3.0, -3.0]) + 0.5
    deviation = math.sqrt(28 / 5)
    own = 0.5 / deviation
    fourth = np.mean([1, 1, 16, 16, 81, 81]) / (28 / 6) ** 2
    spread = math.sqrt(1 - 0 * own + (fourth - 1) / 4 * own**2)
    expected = NormalDist().cdf((own - 0.1) * math.sqrt(5) / spread)
    assert chance_above(series, 0.1) == pytest.approx(expected, abs=1e-12)
    with_holes = np.concatenate([series, [np.nan, np.inf]])
    assert chance_above(with_holes, 0.1) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_under_no_skill_the_chance_is_uniform() -> None:
    rng = np.random.default_rng(1)
    found = [chance_above(rng.standard_normal(120), 0.0) for _ in range(600)]
    np.testing.assert_allclose(np.quantile(found, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.06)


@pytest.mark.parametrize("series", [np.ones(3), np.ones(9), np.full(9, np.nan)])
def test_too_little_gives_nan(series: np.ndarray) -> None:
    assert math.isnan(chance_above(series, 0.0))
