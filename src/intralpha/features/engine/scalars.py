"""Scalars: the operations of rows on one number, for numbers of the day, of which there are few."""

import math
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.codes import BINARY, CODES, CONSTANT
from intralpha.features.engine.compiling import INNER

_ADD, _SUB, _MUL, _DIV = (CODES[c] for c in ("add", "sub", "mul", "div"))
_RELDIFF, _LOGRATIO, _SMALLER, _LARGER = (
    CODES[c] for c in ("reldiff", "logratio", "smaller", "larger")
)
_LT, _LE, _EQ, _NE, _SELECT = (CODES[c] for c in ("lt", "le", "eq", "ne", "select"))
_RSUBK, _RDIVK, _FILL, _ADDK = (CODES[c] for c in ("rsubk", "rdivk", "fill", "addk"))
_GTK, _GEK = CODES["gtk"], CODES["gek"]
_ABS, _SIGN, _SQRT, _LN, _EXP, _NORMAL = (
    CODES[c] for c in ("abs", "sign", "sqrt", "ln", "exp", "normal")
)
_LAST_BINARY = len(BINARY)
_LAST_CONSTANT = _LAST_BINARY + len(CONSTANT)
# What becomes of a constant operand: the operation on two numbers.
_OF_TWO = np.array(
    [CODES[c] for c in ("add", "mul", "sub", "div", "smaller", "larger")]
    + [CODES[c] for c in ("lt", "le", "lt", "le", "eq", "ne")]
)
HALF_ROOT = math.sqrt(0.5)


@njit(**INNER)
@no_type_check
def number(code, x, y, z, k):
    """One number of up to three and a constant; see ``elementwise``."""
    if code < _LAST_BINARY:
        return _two(code, x, y)
    if code < _LAST_CONSTANT:
        if code == _FILL:
            return k
        if code in (_RSUBK, _RDIVK, _GTK, _GEK):
            return _two(_OF_TWO[code - _LAST_BINARY], k, x)
        return _two(_OF_TWO[code - _LAST_BINARY], x, k)
    if code <= _NORMAL:
        return _one(code, x)
    return y if x != 0 else z


@njit(**INNER)
@no_type_check
def _two(code, x, y):
    if code <= _SUB:
        return x + y if code == _ADD else x - y
    if code == _MUL:
        return x * y
    if code == _DIV:
        return x / y if y != 0 else np.nan
    if code == _SELECT:
        return x if y != 0 else np.nan
    if code == _RELDIFF:
        return (x - y) / y if y != 0 else np.nan
    if code == _LOGRATIO:
        return math.log1p((x - y) / y) if x > 0 and y > 0 else np.nan
    if code in (_SMALLER, _LARGER):
        less = x if (x < y) == (code == _SMALLER) else y
        return less if x == x and y == y else np.nan
    return _holds(code, x, y)


@njit(**INNER)
@no_type_check
def _holds(code, x, y):
    if code == _LT:
        return 1.0 if x < y else 0.0
    if code == _LE:
        return 1.0 if x <= y else 0.0
    if code == _EQ:
        return 1.0 if x == y else 0.0
    return 1.0 if x < y or x > y else 0.0


@njit(**INNER)
@no_type_check
def _one(code, x):
    if code == _ABS:
        return abs(x)
    if code == _SIGN:
        return 1.0 if x > 0 else (-1.0 if x < 0 else x)
    if code == _SQRT:
        return math.sqrt(x) if x >= 0 else np.nan
    if code == _LN:
        return math.log(x) if x > 0 else np.nan
    if code == _EXP:
        return math.exp(x)
    return 0.5 * math.erfc(-x * HALF_ROOT)
