"""Bits: a float as a whole number and back, inside kernels."""

from typing import no_type_check

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload, register_jitable


@intrinsic
@no_type_check
def bits_of(typing_context, x):
    """The bits of a float as a whole number of the same width."""
    del typing_context
    whole = types.int32 if x == types.float32 else types.int64
    kind = ir.IntType(whole.bitwidth)
    return whole(x), lambda _c, builder, _s, args: builder.bitcast(args[0], kind)


@intrinsic
@no_type_check
def from_bits(typing_context, i):
    """The float that has these bits."""
    del typing_context
    real, kind = types.float32, ir.FloatType()
    if i == types.int64:
        real, kind = types.float64, ir.DoubleType()
    return real(i), lambda _c, builder, _s, args: builder.bitcast(args[0], kind)


@register_jitable
@no_type_check
def _mirrored32(i):
    return np.int32(i ^ np.int32(np.int32(i >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@no_type_check
def _mirrored(i):
    """Whole numbers below zero in the opposite order; twice, as they were."""
    return i ^ ((i >> np.int64(63)) & np.int64(0x7FFFFFFFFFFFFFFF))


@overload(_mirrored, inline="always")
@no_type_check
def _mirrored_of(i):
    return _mirrored32 if i == types.int32 else _mirrored


@register_jitable
@no_type_check
def rank_of(x):
    """A whole number of the same width that is ordered as floats are; NaN has no place.

    The largest of whole numbers is found by vectors, that of floats, because of NaN, is not.
    """
    return _mirrored(bits_of(x))


@register_jitable
@no_type_check
def of_rank(rank):
    """The float that has this rank."""
    return from_bits(_mirrored(rank))
