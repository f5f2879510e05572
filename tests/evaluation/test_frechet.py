"""Fréchet distance: by hand, against the eigenvalues of the product, and its axioms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.evaluation import Moments, frechet_distance


def test_moments_of_parts_are_those_of_the_whole() -> None:
    rows = np.random.default_rng(0).standard_normal((90, 4)) @ np.diag([1.0, 2.0, 0.5, 3.0]) + 1
    found = Moments.of((rows[:10], rows[10:11], rows[11:]), 4)
    np.testing.assert_allclose(found.mean_F, rows.mean(axis=0))
    np.testing.assert_allclose(found.cov_FF, np.cov(rows.T, ddof=0), rtol=1e-10)
    assert found.rows == 90


def test_by_hand() -> None:
    """Diagonal covariances: the squares of the differences of means and of deviations add up."""
    one = Moments(np.array([0.0, 1.0]), np.diag([1.0, 9.0]), 5)
    other = Moments(np.array([3.0, 1.0]), np.diag([4.0, 1.0]), 5)
    assert frechet_distance(one, other) == pytest.approx(np.sqrt(9 + 1 + 4))


@given(seed=st.integers(0, 10_000), flat=st.booleans())
def test_as_by_eigenvalues_and_as_a_distance(seed: int, flat: bool) -> None:
    rng = np.random.default_rng(seed)
    samples = [rng.standard_normal((40, 3)) @ rng.standard_normal((3, 3)) for _ in range(2)]
    if flat:
        samples[0][:, 1] = 0.0
    one, other = (Moments.of((rows,), 3) for rows in samples)
    values = np.linalg.eigvals(one.cov_FF @ other.cov_FF)  # those of the root are their roots
    root = np.sqrt(np.maximum(np.real(values), 0)).sum()
    square = np.sum((one.mean_F - other.mean_F) ** 2)
    square += np.trace(one.cov_FF + other.cov_FF) - 2 * root
    assert frechet_distance(one, other) == pytest.approx(np.sqrt(max(square, 0)), abs=1e-4)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), abs=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-4), "the root of a rounding"


def test_nothing_has_no_distance() -> None:
    nothing = Moments.of((), 2)
    assert nothing.rows == 0
    assert np.isnan(frechet_distance(nothing, Moments(np.zeros(2), np.eye(2), 3)))
