"""Elementwise: kernels from rows to rows, each one pass over arrays that fit the cache."""

import math
from typing import no_type_check

import numpy as np
from numba import njit

from intralpha.features.engine.codes import CODES
from intralpha.features.engine.compiling import BARE, BARE_INNER
from intralpha.features.engine.logarithms import ln, ln1p

_ADD, _SUB, _MUL, _DIV = (CODES[c] for c in ("add", "sub", "mul", "div"))
_RELDIFF, _LOGRATIO, _SMALLER, _LARGER = (
    CODES[c] for c in ("reldiff", "logratio", "smaller", "larger")
)
_LT, _LE, _EQ, _NE, _SELECT = (CODES[c] for c in ("lt", "le", "eq", "ne", "select"))
_ADDK, _MULK, _RSUBK, _RDIVK = (CODES[c] for c in ("addk", "mulk", "rsubk", "rdivk"))
_SMALLERK, _LARGERK, _FILL = (CODES[c] for c in ("smallerk", "largerk", "fill"))
_LTK, _LEK, _GTK, _GEK, _EQK, _NEK = (CODES[c] for c in ("ltk", "lek", "gtk", "gek", "eqk", "nek"))
_ABS, _SIGN, _SQRT, _LN, _EXP = (CODES[c] for c in ("abs", "sign", "sqrt", "ln", "exp"))
HALF_ROOT = math.sqrt(0.5)


@njit(**BARE)
@no_type_check
def binary(code, a, b, out):
    """Out[i] = a[i] code b[i]; a division by zero is NaN, a comparison with NaN is 0.

    Parameters
    ----------
    code : int, of ``codes.BINARY``
        ``reldiff`` is (a - b) / b; ``logratio`` is ln(a / b), NaN unless both are above 0;
        ``smaller`` and ``larger`` are NaN where either is; ``select`` is a where the mask b is
        set, else NaN; comparisons give 1 or 0.
    a, b : float32 or float64 [N]
    out : [N], of the type of a and b; written
    """
    n = len(out)
    if code == _ADD:
        for i in range(n):
            out[i] = a[i] + b[i]
    elif code == _SUB:
        for i in range(n):
            out[i] = a[i] - b[i]
    elif code == _MUL:
        for i in range(n):
            out[i] = a[i] * b[i]
    elif code == _DIV:
        for i in range(n):
            out[i] = a[i] / b[i] if b[i] != 0 else np.nan
    elif code == _RELDIFF:
        for i in range(n):
            out[i] = (a[i] - b[i]) / b[i] if b[i] != 0 else np.nan
    elif code == _LOGRATIO:
        for i in range(n):
            good = a[i] > 0 and b[i] > 0
            value = ln1p((a[i] - b[i]) / b[i])
            out[i] = value if good else np.nan
    elif code == _SELECT:
        for i in range(n):
            out[i] = a[i] if b[i] != 0 else np.nan
    else:
        _compare(code, a, b, out)


@njit(**BARE_INNER)
@no_type_check
def _compare(code, a, b, out):
    n = len(out)
    if code == _LT:
        for i in range(n):
            out[i] = 1.0 if a[i] < b[i] else 0.0
    elif code == _LE:
        for i in range(n):
            out[i] = 1.0 if a[i] <= b[i] else 0.0
    elif code == _EQ:
        for i in range(n):
            out[i] = 1.0 if a[i] == b[i] else 0.0
    elif code == _NE:
        for i in range(n):
            out[i] = 1.0 if a[i] < b[i] or a[i] > b[i] else 0.0
    else:
        smaller = code == _SMALLER
        for i in range(n):
            less = a[i] < b[i]
            value = a[i] if less == smaller else b[i]
            out[i] = value if a[i] == a[i] and b[i] == b[i] else np.nan


@njit(**BARE)
@no_type_check
def with_constant(code, a, k, out):
    """Out[i] = a[i] code k, or k code a[i] for rsubk and rdivk; ``fill`` reads no ``a``.

    A division by zero is NaN, a comparison with NaN is 0.

    Parameters
    ----------
    code : int, of ``codes.CONSTANT``
    a : float32 or float64 [N]
    k : float, the constant; rounded to the type of ``out`` first
    out : [N], of the type of a; written
    """
    n = len(out)
    k = out.dtype.type(k)
    if code == _ADDK:
        for i in range(n):
            out[i] = a[i] + k
    elif code == _MULK:
        for i in range(n):
            out[i] = a[i] * k
    elif code == _RSUBK:
        for i in range(n):
            out[i] = k - a[i]
    elif code == _RDIVK:
        for i in range(n):
            out[i] = k / a[i] if a[i] != 0 else np.nan
    elif code == _FILL:
        for i in range(n):
            out[i] = k
    elif code in (_SMALLERK, _LARGERK):
        smaller = code == _SMALLERK
        for i in range(n):
            value = a[i] if (a[i] < k) == smaller else k
            out[i] = value if a[i] == a[i] and not math.isnan(k) else np.nan
    else:
        _compare_constant(code, a, k, out)


@njit(**BARE_INNER)
@no_type_check
def _compare_constant(code, a, k, out):
    n = len(out)
    if code == _LTK:
        for i in range(n):
            out[i] = 1.0 if a[i] < k else 0.0
    elif code == _LEK:
        for i in range(n):
            out[i] = 1.0 if a[i] <= k else 0.0
    elif code == _GTK:
        for i in range(n):
            out[i] = 1.0 if a[i] > k else 0.0
    elif code == _GEK:
        for i in range(n):
            out[i] = 1.0 if a[i] >= k else 0.0
    elif code == _EQK:
        for i in range(n):
            out[i] = 1.0 if a[i] == k else 0.0
    else:
        for i in range(n):
            out[i] = 1.0 if a[i] < k or a[i] > k else 0.0


@njit(**BARE)
@no_type_check
def unary(code, a, out):
    """Out[i] = code of a[i]; roots and logarithms outside their domain are NaN.

    Parameters
    ----------
    code : int, of ``codes.UNARY``
        ``ln`` of 0 is NaN, ``sign`` of 0 is 0; ``normal`` is the distribution function of the
        standard normal.
    a : float32 or float64 [N]; NaN stays NaN
    out : [N], of the type of a; written
    """
    n = len(out)
    if code == _ABS:
        for i in range(n):
            out[i] = abs(a[i])
    elif code == _SIGN:
        for i in range(n):
            out[i] = 1.0 if a[i] > 0 else (-1.0 if a[i] < 0 else a[i])
    elif code == _SQRT:
        for i in range(n):
            out[i] = math.sqrt(a[i]) if a[i] >= 0 else np.nan
    elif code == _LN:
        for i in range(n):
            value = ln(a[i])
            out[i] = value if a[i] > 0 else np.nan
    elif code == _EXP:
        for i in range(n):
            out[i] = math.exp(a[i])
    else:
        for i in range(n):
            out[i] = 0.5 * math.erfc(-a[i] * HALF_ROOT)


@njit(**BARE)
@no_type_check
def where(mask, a, b, out):
    """Out[i] = a[i] where the mask is set, b[i] elsewhere.

    Parameters
    ----------
    mask : float32 or float64 [N]; 0 is not set, anything else is
    a, b : [N]; NaN on the side that is not taken does no harm
    out : [N], written
    """
    for i in range(len(out)):
        yes, no = a[i], b[i]
        out[i] = yes if mask[i] != 0 else no
