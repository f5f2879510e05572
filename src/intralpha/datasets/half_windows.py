"""Windows out of a time-major array of float16, widened while they are cut: one pass, one copy."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int
from llvmlite import ir
from numba import njit, types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy import ndarray

from intralpha.base import DataError
from intralpha.base.arrays import check_arrays, check_shape, read_only
from intralpha.base.compiling import RAISING
from intralpha.base.room import aligned_empty
from intralpha.datasets.windows import Rows, rows_back


class HalfStepsError(DataError):
    """Steps are no float16, or do not fit their exponents."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"steps_SAF: found {found}; expected {expected}.")


def gather_half(
    steps_SAF: Float[ndarray, "S A F"],
    scale_DF: Float32[ndarray, "D width"],
    stop_N: Int[ndarray, " N"],
    column_N: Int[ndarray, " N"],
    length: Rows,
) -> Float32[ndarray, "N L F"]:
    """Windows of halves times their scale, as :func:`~intralpha.datasets.windows.gather` cuts them.

    Parameters
    ----------
    steps_SAF : float16 [S, A, F], the S / D bars of each of D days, in time order
    scale_DF : float32 [D, F], what the values of a day and feature are multiplied with
    stop_N, column_N, length : as of ``gather``

    Returns
    -------
    float32 array [N, L, F]
        NaN stays NaN. Known when the step before ``stop`` is.

    Raises
    ------
    HalfStepsError
        Another type than float16, or steps that are not as many a day.
    ArrayFormError, CountError, WindowBoundsError
        As of ``gather``.
    """
    check_shape("scale_DF", scale_DF, (None, None), "f")
    if not isinstance(steps_SAF, ndarray) or steps_SAF.dtype != np.float16:
        raise HalfStepsError(f"{getattr(steps_SAF, 'dtype', type(steps_SAF))}", "float16")
    bits_SAF = np.asarray(steps_SAF).view(np.uint16)
    back = rows_back(bits_SAF, stop_N, column_N, length, "u")
    check_arrays(1, column_N=column_N, stop_N=stop_N)
    days, width = scale_DF.shape
    bars = len(bits_SAF) // max(days, 1)
    if bars * days != len(bits_SAF) or width != bits_SAF.shape[2]:
        raise HalfStepsError(f"shape {bits_SAF.shape}", f"S, A, F that fit {days} days, {width} F")
    out = aligned_empty(len(stop_N), len(back), width)
    steps, scale = read_only(bits_SAF, False), read_only(scale_DF.astype(np.float32, copy=False))
    _gather(steps, scale, max(bars, 1), read_only(stop_N), read_only(column_N), back, out)
    return out


@intrinsic
@no_type_check
def _wide(typing_context, bits):
    """float32 of the bits of a float16, by the processor's own instruction (F16C, or that of ARM):
    a table or shifts take two and a half times as long.
    """
    del typing_context, bits

    def code(context, builder, sign, args):
        del context, sign
        return builder.fpext(builder.bitcast(args[0], ir.HalfType()), ir.FloatType())

    return Signature(types.float32, (types.uint16,), None), code


@njit(**RAISING)
@no_type_check
def _gather(steps, scale, bars, stop, column, back, out):
    count, length, width = out.shape
    for n in range(count):
        end, a = stop[n], column[n]
        for step in range(length):
            row = end - back[step]
            day = row // bars
            for f in range(width):
                out[n, step, f] = _wide(steps[row, a, f]) * scale[day, f]
