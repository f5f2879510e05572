"""Activations: against NumPy in float64, and what is no number."""

from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.models.recurrent import activations
from intralpha.models.recurrent.tiles import registers


@njit
@no_type_check
def both(x, sigmoids, tangents):
    for i in range(len(x)):
        sigmoids[i] = activations.sigmoid(x[i])
        tangents[i] = activations.tanh(x[i])


def values_of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sigmoids, tangents = np.empty_like(x), np.empty_like(x)
    both(x, sigmoids, tangents)
    return sigmoids.astype(np.float64), tangents.astype(np.float64)


def test_float32_is_right_to_its_last_bits() -> None:
    x = np.linspace(-20, 20, 400_001, dtype=np.float32)
    x = np.concatenate([x, np.float32([1e-30, -1e-9, 1e-4, 3e38, -3e38])])
    sigmoids, tangents = values_of(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(tangents, np.tanh(exact), rtol=4e-7)
    np.testing.assert_allclose(sigmoids, 1 / (1 + np.exp(-np.clip(exact, -700, 700))), atol=2e-7)
    assert np.abs(tangents).max() <= 1
    assert sigmoids.min() >= 0
    assert sigmoids.max() <= 1


def test_float64_is_the_librarys() -> None:
    x = np.linspace(-50, 50, 10_001)
    sigmoids, tangents = values_of(x)
    np.testing.assert_allclose(tangents, np.tanh(x), rtol=1e-15)
    np.testing.assert_allclose(sigmoids, 1 / (1 + np.exp(-x)), rtol=1e-14)


def test_nan_stays_and_infinity_is_an_end() -> None:
    for kind in (np.float32, np.float64):
        sigmoids, tangents = values_of(np.array([np.nan, np.inf, -np.inf], dtype=kind))
        np.testing.assert_allclose(sigmoids, [np.nan, 1, 0], atol=5e-7)
        np.testing.assert_allclose(tangents, [np.nan, 1, -1], atol=5e-7)


def test_ends_are_reached() -> None:
    far = np.array([30, -30, 1e9, -1e9, 3e38, -3e38], dtype=np.float32)
    sigmoids, tangents = values_of(far)
    np.testing.assert_array_equal(sigmoids, [1, 0] * 3)
    np.testing.assert_array_equal(tangents, [1, -1] * 3)


def test_tiles_fit_the_registers() -> None:
    """Sums, vectors of B and one of A: of AVX-512 32 registers of 64 bytes, of AVX2 16 of 32."""
    for features, size, registers_there in (
        ("+sse2,+avx,+avx2,+avx512f", 64, 32),
        ("+sse2,+avx,+avx2,-avx512f", 32, 16),
        ("+neon", 16, 32),
        ("", 16, 16),
    ):
        found, rows = registers(features)
        assert found == size
        assert 3 * rows + 3 + 1 <= registers_there
