"""Operations from rows to rows against NumPy, of both types."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from intralpha.features.engine import elementwise as el
from intralpha.features.engine.codes import BINARY, CODES, CONSTANT, UNARY

VALUES = [-2.0, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5, 1e30, np.nan, np.inf, -np.inf]
K = (0.0, 0.3, -1.0, np.nan)
Two = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _unless(bad: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(bad, np.nan, values)


OF_TWO: dict[str, Two] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": lambda a, b: _unless(b == 0, a / b),
    "reldiff": lambda a, b: _unless(b == 0, (a - b) / b),
    "logratio": lambda a, b: _unless(~((a > 0) & (b > 0)), np.log1p((a - b) / b)),
    "smaller": np.minimum,
    "larger": np.maximum,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": lambda a, b: (a != b) & ~np.isnan(a) & ~np.isnan(b),
    "select": lambda a, b: _unless(b == 0, a),
    "gt": np.greater,
    "ge": np.greater_equal,
    "rsub": lambda a, b: b - a,
    "rdiv": lambda a, b: _unless(a == 0, b / a),
    "fill": lambda a, b: b + 0 * np.nan_to_num(a, posinf=0, neginf=0),
}
OF_ONE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": lambda a: _unless(~(a >= 0), np.sqrt(np.abs(a))),
    "ln": lambda a: _unless(~(a > 0), np.log(np.abs(a))),
    "exp": np.exp,
    "normal": np.vectorize(lambda a: 0.5 * math.erfc(-a / math.sqrt(2.0))),
}


def _pairs(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    a, b = (m.ravel().astype(dtype) for m in np.meshgrid(VALUES, VALUES))
    return a, b


def _check(out: np.ndarray, want: np.ndarray, dtype: type) -> None:
    few = 8 * np.finfo(dtype).eps
    assert_allclose(out, want.astype(dtype), rtol=few, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY)
def test_two_rows(name: str, dtype: type) -> None:
    a, b = _pairs(dtype)
    out = np.empty_like(a)
    el.binary(CODES[name], a, b, out)
    with np.errstate(all="ignore"):
        _check(out, OF_TWO[name](a, b), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CONSTANT)
def test_a_row_and_a_constant(name: str, dtype: type) -> None:
    a, out = np.array(VALUES, dtype), np.empty(len(VALUES), dtype)
    for k in K:
        el.with_constant(CODES[name], a, k, out)
        with np.errstate(all="ignore"):
            want = OF_TWO[name.removesuffix("k")](a, np.full_like(a, k))
        _check(out, want, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNARY)
def test_one_row(name: str, dtype: type) -> None:
    a, out = np.array(VALUES, dtype), np.empty(len(VALUES), dtype)
    el.unary(CODES[name], a, out)
    with np.errstate(all="ignore"):
        _check(out, OF_ONE[name](a), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where(dtype: type) -> None:
    a, b = _pairs(dtype)
    out = np.empty_like(a)
    el.where(b, a, a[::-1].copy(), out)
    _check(out, np.where(b != 0, a, a[::-1]), dtype)
