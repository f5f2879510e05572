"""Logarithms against NumPy's in the next wider type, over the whole range of each."""

from typing import no_type_check

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_array_equal

from intralpha.features.engine.logarithms import ln, ln1p

INFINITE = np.array([np.inf], np.float32)


@njit(error_model="numpy")
@no_type_check
def _logs(x, out):
    for i in range(len(x)):
        out[i] = ln(x[i])


@njit(error_model="numpy")
@no_type_check
def _logs_of_sums(x, out):
    for i in range(len(x)):
        out[i] = ln1p(x[i])


def _of(kernel, x: np.ndarray) -> np.ndarray:
    out = np.empty_like(x)
    kernel(x, out)
    return out


def _spread(rng: np.random.Generator) -> np.ndarray:
    """Numbers of every size, subnormal ones too, and many near 1."""
    bits = rng.integers(1, 0x7F7FFFFF, 200_000).astype(np.int32).view(np.float32)
    near = (1 + rng.normal(size=100_000) * 10.0 ** rng.integers(-7, 0, 100_000)).astype(np.float32)
    edges = np.float32([1, 0.5, 2, 0.70710677, 0.70710684, 1.4142135, 1.4142137, 3.4e38, 1e-45])
    return np.concatenate([bits, near[near > 0], edges])


def test_ln_is_right_to_the_last_bits() -> None:
    x = _spread(np.random.default_rng(0))
    want = np.log(x.astype(np.float64))
    wrong = np.abs(_of(_logs, x) - want)
    assert (wrong <= 2.0**-23 * np.abs(want)).all()


def test_ln1p_is_right_to_the_last_bits_also_near_nothing() -> None:
    rng = np.random.default_rng(1)
    x = (rng.normal(size=200_000) * 10.0 ** rng.integers(-30, 3, 200_000)).astype(np.float32)
    x = np.concatenate([x[x > -1], np.float32([0, -0.99999994, 1e-45, 3e38])])
    want = np.log1p(x.astype(np.float64))
    wrong = np.abs(_of(_logs_of_sums, x) - want)
    assert (wrong <= 3 * 2.0**-23 * np.abs(want)).all()


def test_ends_of_the_domain() -> None:
    assert_array_equal(_of(_logs, INFINITE), INFINITE)
    assert_array_equal(_of(_logs_of_sums, INFINITE), INFINITE)
    assert_array_equal(_of(_logs, np.zeros(1, np.float32)), -INFINITE)
    assert_array_equal(_of(_logs_of_sums, -np.ones(1, np.float32)), -INFINITE)


def test_ln_of_float64_is_right_to_the_last_bit() -> None:
    rng = np.random.default_rng(2)
    bits = rng.integers(1, 0x7FEFFFFFFFFFFFFF, 200_000).view(np.float64)
    near = 1 + rng.normal(size=100_000) * 10.0 ** rng.integers(-16, 0, 100_000)
    x = np.concatenate([bits, near[near > 0], [1, 0.5, 2, 0.5**0.5, 2**0.5, 5e-324, 1.7e308]])
    want = np.log(x.astype(np.longdouble))
    wrong = np.abs(_of(_logs, x) - want)
    assert (wrong <= np.spacing(np.abs(want).astype(np.float64))).all()
    assert_array_equal(_of(_logs, np.array([0.0, np.inf])), [-np.inf, np.inf])


@pytest.mark.parametrize("x", [1e-300, 0.3, 1.0, 1 + 1e-12, 7e200])
def test_ln1p_of_float64_is_the_library_s(x: float) -> None:
    assert _of(_logs_of_sums, np.array([x]))[0] == np.log1p(x)
