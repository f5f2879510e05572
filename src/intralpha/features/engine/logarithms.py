"""Logarithms by arithmetic alone, so that loops of them become loops of vectors.

A number is 2^e (1 + f) with 1 + f between the roots of 1/2 and of 2. Of float32, ln(1 + f) is its
series, the terms from f^3 on replaced by a polynomial (error 3e-8 of the value). Of float64 it is
2 artanh(s) with s = f / (2 + f), whose terms from s^3 on are a polynomial in s^2 (error 2e-18),
added in the order that loses least. Both polynomials are least squares at Chebyshev points.
"""

import math
from typing import no_type_check

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

from intralpha.features.engine.bits import bits_of, from_bits

_ROOT_HALF_BITS = np.int32(0x3F3504F3)
_TINY, _MOST = np.float32(np.finfo(np.float32).tiny), np.float32(np.finfo(np.float32).max)
_SCALE, _SCALE_POWER = np.float32(2.0**24), np.float32(24)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ONE, _HALF, _ZERO, _INF = np.float32(1), np.float32(0.5), np.float32(0), np.float32(np.inf)
_C0, _C1, _C2, _C3 = (np.float32(c) for c in (0.333333286, -0.250002965, 0.200014686, -0.166422476))
_C4, _C5, _C6, _C7 = (np.float32(c) for c in (0.142021738, -0.12972239, 0.127123077, -0.0810155838))
_ROOT_HALF_BITS64 = np.int64(0x3FE6A09E667F3BCD)
_TINY64, _MOST64 = np.finfo(np.float64).tiny, np.finfo(np.float64).max
_LN2_HIGH64, _LN2_LOW64 = 0.6931471806019545, -4.2009150726810846e-11  # the first has 31 bits
_A0, _A1, _A2, _A3 = 0.666666666666667, 0.39999999999899005, 0.28571428626173057, 0.2222221110612709
_A4, _A5, _A6 = 0.1818289100504977, 0.15331664799306263, 0.14617093237558204


@register_jitable
@no_type_check
def _ln32(x):
    """Of x >= 0; anything for what is not."""
    small = x < _TINY
    v = x * _SCALE if small else x
    bits = bits_of(v)
    power = np.int32(np.int32(bits - _ROOT_HALF_BITS) >> np.int32(23))
    f = from_bits(np.int32(bits - np.int32(power << np.int32(23)))) - _ONE
    e = np.float32(power) - (_SCALE_POWER if small else _ZERO)
    q = _C4 + f * (_C5 + f * (_C6 + f * _C7))
    q = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * q)))
    s = f * f
    value = e * _LN2_HIGH + (f - _HALF * s + (s * f * q + e * _LN2_LOW))
    finite = x if x > _MOST else value
    return finite if x > _ZERO else -_INF


@register_jitable
@no_type_check
def _ln64(x):
    """Of x >= 0; anything for what is not."""
    small = x < _TINY64
    v = x * 2.0**54 if small else x
    bits = bits_of(v)
    power = (bits - _ROOT_HALF_BITS64) >> np.int64(52)
    f = from_bits(bits - (power << np.int64(52))) - 1.0
    e = np.float64(power) - (54.0 if small else 0.0)
    s = f / (2.0 + f)
    z = s * s
    r = z * (_A0 + z * (_A1 + z * (_A2 + z * (_A3 + z * (_A4 + z * (_A5 + z * _A6))))))
    half = 0.5 * f * f
    value = e * _LN2_HIGH64 - ((half - (s * (half + r) + e * _LN2_LOW64)) - f)
    finite = x if x > _MOST64 else value
    return finite if x > 0.0 else -np.inf


@register_jitable
@no_type_check
def _ln1p32(x):
    """Of x >= -1, or NaN: of the rounded sum, and what the rounding took away."""
    u = _ONE + x
    lost = (x - (u - _ONE)) / u
    sane = (u > _ZERO) & (u <= _MOST)
    value = _ln32(u) + (lost if sane else _ZERO)
    return x if np.isnan(x) else value


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
    return _ln32 if x == types.float32 else _ln64


@overload(ln1p, inline="always")
@no_type_check
def _ln1p_of(x):
    return _ln1p32 if x == types.float32 else ln1p
