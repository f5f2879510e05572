"""Operations on one number are those on rows, which are tested against NumPy."""

from typing import no_type_check

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose

from intralpha.features.engine import elementwise as el
from intralpha.features.engine.codes import BINARY, CODES, CONSTANT, UNARY
from intralpha.features.engine.scalars import number

VALUES = np.array([-2.0, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5, 1e300, np.nan, np.inf, -np.inf])


@njit(error_model="numpy")
@no_type_check
def _numbers(code, x, y, z, k, out):
    for i in range(len(out)):
        out[i] = number(code, x[i], y[i], z[i], k)


def _both(x: np.ndarray, y: np.ndarray, name: str, k: float) -> tuple[np.ndarray, np.ndarray]:
    """By numbers and by rows."""
    one, rows, code = np.empty_like(x), np.empty_like(x), CODES[name]
    _numbers(code, x, y, x[::-1].copy(), k, one)
    if name in BINARY:
        el.binary(code, x, y, rows)
    elif name in CONSTANT:
        el.with_constant(code, x, k, rows)
    elif name in UNARY:
        el.unary(code, x, rows)
    else:
        el.where(x, y, x[::-1].copy(), rows)
    return one, rows


@pytest.mark.parametrize("name", [*BINARY, *CONSTANT, *UNARY, "where"])
def test_numbers_are_rows_of_one(name: str) -> None:
    x, y = (a.ravel() for a in np.meshgrid(VALUES, VALUES))
    for k in (0.0, 0.3, -1.0, np.nan) if name in CONSTANT else (0.0,):
        one, rows = _both(x, y, name, k)
        assert_allclose(one, rows, rtol=1e-15, atol=0)
