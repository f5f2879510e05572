"""Scalars: the operations of rows on one number, for numbers of the day, of which there are few."""

import math
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.codes import BINARY, CODES, CONSTANT
from intralpha.features.engine.compiling import INNER

_ADD, _MUL, _DIV = CODES["add"], CODES["mul"], CODES["div"]
_RELDIFF, _LOGRATIO, _SMALLER, _LARGER = (
    CODES[c] for c in ("reldiff", "logratio", "smaller", "larger")
)
_LT, _LE, _EQ, _SELECT = (CODES[c] for c in ("lt", "le", "eq", "select"))
_RSUBK, _RDIVK, _FILL = CODES["rsubk"], CODES["rdivk"], CODES["fill"]
_GTK, _GEK = CODES["gtk"], CODES["gek"]
_ABS, _SIGN, _SQRT = CODES["abs"], CODES["sign"], CODES["sqrt"]
_LN, _EXP, _NORMAL = CODES["ln"], CODES["exp"], CODES["normal"]
_LAST_BINARY = len(BINARY)
_LAST_CONSTANT = _LAST_BINARY + len(CONSTANT)
# What becomes of a constant operand: the operation on two numbers.
_PLAIN = ("add", "mul", "sub", "div", "smaller", "larger", "lt", "le", "lt", "le", "eq", "ne")
_OF_TWO = np.array([CODES[c] for c in _PLAIN])
HALF_ROOT = math.sqrt(0.5)


@njit(**INNER)
@no_type_check
def number(code, x, y, z, k):
    """One number of up to three and a constant.

    Parameters
    ----------
    code : int, of ``codes.BINARY``, ``CONSTANT``, ``UNARY`` or ``where``
    x, y, z : float64
        Operands; those that the operation does not read may be anything. ``where`` is y if x is
        not 0, else z.
    k : float64, the constant operand

    Returns
    -------
    float64
        As :mod:`~intralpha.features.engine.elementwise` says, NaN included.
    """
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
    if code <= _MUL:
        return x * y if code == _MUL else x + (y if code == _ADD else -y)
    if code in (_DIV, _SELECT, _RELDIFF):
        top = x - y if code == _RELDIFF else x
        divided = top / y if code != _SELECT else x
        return divided if y != 0 else np.nan
    if code == _LOGRATIO:
        return math.log1p((x - y) / y) if x > 0 and y > 0 else np.nan
    if code in (_SMALLER, _LARGER):
        chosen = x if (x < y) == (code == _SMALLER) else y
        return np.nan if math.isnan(x) or math.isnan(y) else chosen
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
