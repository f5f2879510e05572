"""Activations by arithmetic alone, so that loops of them become loops of vectors.

Of float32, tanh(x) is x P(x^2) / Q(x^2) with two polynomials of degree 4, for the best largest
relative error at Chebyshev points of [0, 7.9] (6e-9); rounding leaves 3e-7. Beyond 7.9 tanh is 1 to
the precision of float32, and is 1: whatever were missing would be a slope where there is none, and
back-propagation multiplies it with inputs that may be as large as volumes. Of float64 both are the
library's, which nobody waits for.
"""

import math
from typing import no_type_check

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

_ZERO, _HALF, _ONE, _MOST = np.float32(0), np.float32(0.5), np.float32(1), np.float32(7.9)
_MOST2 = np.float32(15.8)
_P = (0.9999999943577031, 0.13450629711672824, 0.0035790028893875232)
_P += (2.202342508051887e-05, 1.5428226727449776e-08)
_Q = (0.4678395771545845, 0.026192279243756802, 0.0003423668357453106, 8.598882916284016e-07)
_P0, _P1, _P2, _P3, _P4 = (np.float32(c) for c in _P)
_R0, _R1, _R2, _R3, _R4 = (np.float32(c / 4 ** (i + 1)) for i, c in enumerate(_P))
_S1, _S2, _S3, _S4 = (np.float32(c / 4 ** (i + 1)) for i, c in enumerate(_Q))
_Q1, _Q2, _Q3, _Q4 = (np.float32(c) for c in _Q)


@register_jitable
@no_type_check
def _tanh32(x):
    u = x * x
    p = _P0 + u * (_P1 + u * (_P2 + u * (_P3 + u * _P4)))
    q = _ONE + u * (_Q1 + u * (_Q2 + u * (_Q3 + u * _Q4)))
    y = x * p / q
    y = y if not x > _MOST else _ONE  # so turned that NaN stays
    return y if not x < -_MOST else -_ONE


@register_jitable
@no_type_check
def _tanh64(x):
    return math.tanh(x)


@register_jitable
@no_type_check
def _sigmoid32(x):
    u = x * x
    p = _R0 + u * (_R1 + u * (_R2 + u * (_R3 + u * _R4)))
    q = _ONE + u * (_S1 + u * (_S2 + u * (_S3 + u * _S4)))
    y = _HALF + x * p / q
    y = y if not x > _MOST2 else _ONE
    return y if not x < -_MOST2 else _ZERO


@register_jitable
@no_type_check
def _sigmoid64(x):
    return 1.0 / (1.0 + math.exp(-x))


@no_type_check
def tanh(x):
    """Hyperbolic tangent of a float32 or float64; NaN stays NaN."""
    return math.tanh(x)


@no_type_check
def sigmoid(x):
    """1 / (1 + exp(-x)) of a float32 or float64; NaN stays NaN."""
    return 1 / (1 + math.exp(-x))


@overload(tanh)
@no_type_check
def _tanh_of(x):
    return _tanh32 if x == types.float32 else _tanh64


@overload(sigmoid)
@no_type_check
def _sigmoid_of(x):
    return _sigmoid32 if x == types.float32 else _sigmoid64
