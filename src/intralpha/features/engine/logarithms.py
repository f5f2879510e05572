"""Logarithms: of float32 by arithmetic alone, so that loops of them become loops of vectors.

A number is 2^e (1 + f) with 1 + f between the roots of 1/2 and of 2; ln(1 + f) is its series, the
terms from f^3 on replaced by a polynomial (least squares at Chebyshev points; error 3e-8 of the
value). Of float64 they are the C library's.
"""

import math
from typing import no_type_check

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable

_ROOT_HALF_BITS = np.int32(0x3F3504F3)
_TINY, _MOST = np.float32(np.finfo(np.float32).tiny), np.float32(np.finfo(np.float32).max)
_SCALE, _SCALE_POWER = np.float32(2.0**24), np.float32(24)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ONE, _HALF, _ZERO, _INF = np.float32(1), np.float32(0.5), np.float32(0), np.float32(np.inf)
_C0, _C1, _C2, _C3 = (np.float32(c) for c in (0.333333286, -0.250002965, 0.200014686, -0.166422476))
_C4, _C5, _C6, _C7 = (np.float32(c) for c in (0.142021738, -0.12972239, 0.127123077, -0.0810155838))


@intrinsic
@no_type_check
def _bits(typing_context, x):
    """The bits of a float32 as int32."""
    del typing_context
    return types.int32(x), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.IntType(32))


@intrinsic
@no_type_check
def _from_bits(typing_context, i):
    """The float32 that has these bits."""
    del typing_context
    return types.float32(i), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.FloatType())


@register_jitable
@no_type_check
def _ln32(x):
    """Of x >= 0; anything for what is not."""
    small = x < _TINY
    v = x * _SCALE if small else x
    bits = _bits(v)
    power = np.int32(np.int32(bits - _ROOT_HALF_BITS) >> np.int32(23))
    f = _from_bits(np.int32(bits - np.int32(power << np.int32(23)))) - _ONE
    e = np.float32(power) - (_SCALE_POWER if small else _ZERO)
    q = _C4 + f * (_C5 + f * (_C6 + f * _C7))
    q = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * q)))
    s = f * f
    value = e * _LN2_HIGH + (f - _HALF * s + (s * f * q + e * _LN2_LOW))
    finite = x if x > _MOST else value
    return finite if x > _ZERO else -_INF


@register_jitable
@no_type_check
def _ln1p32(x):
    """Of x >= -1: of the rounded sum, and what the rounding took away."""
    u = _ONE + x
    lost = (x - (u - _ONE)) / u
    sane = (u > _ZERO) & (u <= _MOST)
    return _ln32(u) + (lost if sane else _ZERO)


@no_type_check
def ln(x):
    """Natural logarithm of x >= 0 inside kernels."""
    return math.log(x)


@no_type_check
def ln1p(x):
    """Natural logarithm of 1 + x, for x >= -1, inside kernels; exact where x is small."""
    return math.log1p(x)


@overload(ln, inline="always")
@no_type_check
def _ln_of(x):
    return _ln32 if x == types.float32 else ln


@overload(ln1p, inline="always")
@no_type_check
def _ln1p_of(x):
    return _ln1p32 if x == types.float32 else ln1p
