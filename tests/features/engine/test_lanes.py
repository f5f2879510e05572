"""Lanes against NumPy, for every number of rows that fills no vector, one, or some and a rest."""

from typing import no_type_check

import numpy as np
import pytest
from numba import njit

from intralpha.features.engine import lanes as v
from intralpha.features.engine.compiling import BARE

LENGTHS = range(3 * v.LANES + 1)


@njit(**BARE | {"cache": False})
@no_type_check
def _describe(x, y, origin, out):
    """Of the rows that have both: count, sum of x, of products of distances; ends of x alone."""
    n, sums, products, from_here = 0, v.zeros(), v.zeros(), v.every(origin)
    low, high = v.every(np.inf), v.every(-np.inf)
    for i in range(0, len(x), v.LANES):
        a, b = v.lanes(x, i), v.lanes(y, i)
        n += v.seen(a, b)
        sums = v.plus(sums, v.away(a, b, v.zeros()))
        products = v.plus(products, v.times(v.away(a, b, from_here), v.away(b, a, from_here)))
        low = v.smaller(v.filled(a, v.every(np.inf)), low)
        high = v.larger(v.filled(a, v.every(-np.inf)), high)
    out[0], out[1], out[2] = n, v.total(sums), v.total(products)
    out[3], out[4] = v.smallest(low), v.largest(high)


def _want(x: np.ndarray, y: np.ndarray, origin: float) -> list[float]:
    x, y = x.astype(np.float64), y.astype(np.float64)
    both, alone = ~np.isnan(x) & ~np.isnan(y), x[~np.isnan(x)]
    products = (x[both] - origin) * (y[both] - origin)
    ends = alone.min(initial=np.inf), alone.max(initial=-np.inf)
    return [float(both.sum()), x[both].sum(), products.sum(), *ends]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rows_are_read_to_their_end_and_no_further(kind: type[np.floating]) -> None:
    rng, out = np.random.default_rng(0), np.empty(5)
    for length in LENGTHS:
        # What lies behind the rows would spoil every number if it were read.
        x, y = np.full((2, length + v.LANES), 1e30, kind)
        x[:length], y[:length] = rng.normal(size=(2, length)).astype(kind)
        x[:length][rng.random(length) < 0.2], y[:length][rng.random(length) < 0.2] = np.nan, np.nan
        _describe(x[:length], y[:length], 0.5, out)
        want = _want(x[:length], y[:length], 0.5)
        np.testing.assert_allclose(out, want, rtol=1e-12, atol=1e-12, err_msg=f"{length} rows")


def test_rows_that_are_all_missing_count_nothing() -> None:
    out, gone = np.empty(5), np.full(11, np.nan, np.float32)
    _describe(gone, np.ones(11, np.float32), 0.0, out)
    assert out.tolist() == [0, 0, 0, np.inf, -np.inf]


def test_infinite_rows_are_observations() -> None:
    out = np.empty(5)
    _describe(np.array([np.inf, 1.0, -np.inf]), np.ones(3), 0.0, out)
    assert out[0] == 3
    assert out[3:].tolist() == [-np.inf, np.inf]
