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
def _rank32(x):
    bits = bits_of(x)
    return np.int32(bits ^ np.int32(np.int32(bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@register_jitable
@no_type_check
def _rank64(x):
    bits = bits_of(x)
    return bits ^ ((bits >> np.int64(63)) & np.int64(0x7FFFFFFFFFFFFFFF))


@register_jitable
@no_type_check
def _of_rank32(rank):
    return from_bits(
        np.int32(rank ^ np.int32(np.int32(rank >> np.int32(31)) & np.int32(0x7FFFFFFF)))
    )


@register_jitable
@no_type_check
def _of_rank64(rank):
    return from_bits(rank ^ ((rank >> np.int64(63)) & np.int64(0x7FFFFFFFFFFFFFFF)))


@no_type_check
def rank_of(x):
    """A whole number of the same width that is ordered as floats are; NaN has no place.

    The largest of whole numbers is found by vectors, that of floats, because of NaN, is not.
    """
    raise NotImplementedError("inside kernels only")


@no_type_check
def of_rank(rank):
    """The float that has this rank."""
    raise NotImplementedError("inside kernels only")


@overload(rank_of, inline="always")
@no_type_check
def _overload_rank(x):
    return _rank32 if x == types.float32 else _rank64


@overload(of_rank, inline="always")
@no_type_check
def _overload_of_rank(rank):
    return _of_rank32 if rank == types.int32 else _of_rank64
