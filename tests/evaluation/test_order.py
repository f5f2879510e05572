"""One sort for every shape of data: the same order as NumPy's, whatever path it takes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intralpha.evaluation import order
from intralpha.evaluation.order import ordering

RNG = np.random.default_rng(7)
SHAPES = {
    "normal": RNG.standard_normal((3, 501)),
    "ties": RNG.integers(0, 9, (3, 501)).astype(float),
    "constant": np.full((2, 64), 0.1),
    "heavy tail": np.exp(9 * RNG.standard_normal((3, 501))),
    "one price among thousands": np.where(RNG.random((2, 900)) < 0.001, 1e9, RNG.random((2, 900))),
    "digits behind a large mean": 1e9 + RNG.standard_normal((3, 501)),
    "last bits": 1.0 + RNG.integers(0, 99, (2, 300)) * 2.0**-52,
    "largest": RNG.choice([1e308, -1e308, 5e-324, 0.0], (2, 40)),
    "zeros of both signs": np.array([[0.0, -0.0, 1.0, -0.0, 0.0, -1.0]]),
    "one stock": np.array([[3.0], [np.nan]]),
    "none": np.full((2, 5), np.nan),
    "no stock": np.empty((2, 0)),
    "infinite": np.array([[np.inf, 1.0, -np.inf, 0.0, np.nan]]),
    "many stocks": RNG.standard_normal((1, 70_000)),
    "float32": RNG.standard_normal((2, 200)).astype(np.float32),
    "not contiguous": RNG.standard_normal((400, 3)).T,
}


def check(value: np.ndarray) -> None:
    found = ordering(value)
    for d, day in enumerate(value.astype(float)):
        there = np.flatnonzero(np.isfinite(day))
        expected = there[np.lexsort((-there, day[there]))]
        assert found.count[d] == len(there)
        np.testing.assert_array_equal(found.order[d, : len(there)], expected)
        assert found.tied[d] == (len(np.unique(day[there])) < len(there))


@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_order_is_that_of_a_stable_sort(shape: str) -> None:
    value = SHAPES[shape].copy()
    check(value)
    value[np.random.default_rng(0).random(value.shape) < 0.2] = np.nan
    check(value)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=60),
    st.integers(0, 99),
)
def test_any_floats_are_sorted(values: list[float], seed: int) -> None:
    day = np.array(values)
    check(np.stack([day, np.random.default_rng(seed).permutation(day)]))


def test_crowded_days_take_the_long_way_and_others_do_not(monkeypatch) -> None:
    """One far price leaves the others in one cell; a normal day never needs all bits."""
    asked: list[int] = []
    monkeypatch.setattr(order, "_radix_days", lambda _, crowded, *__: asked.append(crowded.sum()))
    check(SHAPES["normal"])
    assert not asked
    tail = SHAPES["one price among thousands"]
    day = np.append(tail[0], 1e12)[None, :]
    ordering(np.where(day > 1e11, day, day * 1e-9))
    assert asked == [1]
