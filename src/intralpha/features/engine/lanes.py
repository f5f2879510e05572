"""Lanes: eight rows of a series at a time, as float64, inside kernels.

The compiler makes vectors of a loop over rows by itself, but goes one by one through those that do
not fill a vector: 6 of 30, which take longer than the other 24. Here the last rows are a vector,
too, whose other lanes are NaN, which is no observation. Sums over lanes may be reordered by the
compiler; nothing else is assumed about the numbers.
"""

from typing import no_type_check

from llvmlite import ir
from numba import types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic, models, register_jitable, register_model

LANES = 8
_FAST = ("reassoc", "contract", "nsz")
_NUMBERS, _PLACES = (ir.VectorType(kind, LANES) for kind in (ir.DoubleType(), ir.IntType(64)))
_ZEROS = ir.Constant(_NUMBERS, None)


class Lanes(types.Type):
    """Eight float64 numbers; NaN is no observation."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


@register_model(Lanes)
class _Registers(models.PrimitiveModel):
    """One vector."""

    @no_type_check
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _NUMBERS)


_lanes = Lanes()


# --- what LLVM is told ---------------------------------------------------------------------------


@no_type_check
def _splat(builder, value, vector):
    """A number in every lane."""
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    to_all = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
    return builder.shuffle_vector(first, nothing, to_all)


@no_type_check
def _load(context, builder, kind, array, i, inside=None):
    """Rows from ``i`` on as float64; NaN where they are not ``inside``."""
    data = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(context.get_data_type(kind.dtype), LANES)
    where = builder.bitcast(builder.gep(data, [i]), vector.as_pointer())
    size = kind.dtype.bitwidth
    if inside is None:
        found = builder.load(where, align=size // 8)
    else:
        name = f"llvm.masked.load.v{LANES}f{size}.p0v{LANES}f{size}"
        nothing = ir.Constant(vector, [float("nan")] * LANES)
        args = [where, ir.Constant(ir.IntType(32), size // 8), inside, nothing]
        sign = ir.FunctionType(vector, [a.type for a in args])
        found = builder.call(builder.module.declare_intrinsic(name, (), sign), args)
    return found if vector == _NUMBERS else builder.fpext(found, _NUMBERS)


@no_type_check
def _reduce(builder, name, lanes, *first):
    """One number from all lanes; there is no NaN among them."""
    sign = ir.FunctionType(ir.DoubleType(), [*(a.type for a in first), _NUMBERS])
    code = builder.module.declare_intrinsic(f"llvm.vector.reduce.{name}.v{LANES}f64", (), sign)
    return builder.call(code, [*first, lanes], fastmath=(*_FAST, "nnan"))


# --- what kernels say ----------------------------------------------------------------------------


@intrinsic
@no_type_check
def _all_inside(typing_context, x, i):
    del typing_context

    def code(context, builder, _sign, args):
        return _load(context, builder, x, args[0], args[1])

    return Signature(_lanes, (x, i), None), code


@intrinsic
@no_type_check
def _some_inside(typing_context, x, i):
    del typing_context

    def code(context, builder, _sign, args):
        length = context.make_array(x)(context, builder, args[0]).nitems
        left = _splat(builder, builder.sub(length, args[1]), _PLACES)
        inside = builder.icmp_signed("<", ir.Constant(_PLACES, list(range(LANES))), left)
        return _load(context, builder, x, args[0], args[1], inside)

    return Signature(_lanes, (x, i), None), code


@register_jitable
@no_type_check
def lanes(x, i):
    """Rows ``i`` to ``i + 7`` of a float32 or float64 series without gaps in memory.

    Rows behind its end are NaN, and are not read.
    """
    if i + LANES <= len(x):
        return _all_inside(x, i)
    return _some_inside(x, i)


@intrinsic
@no_type_check
def zeros(typing_context):
    """0 in every lane."""
    del typing_context
    return Signature(_lanes, (), None), lambda _context, _builder, _sign, _args: _ZEROS


@intrinsic
@no_type_check
def every(typing_context, value):
    """A float64 number in every lane."""
    del typing_context

    def code(_context, builder, _sign, args):
        return _splat(builder, args[0], _NUMBERS)

    return Signature(_lanes, (value,), None), code


@intrinsic
@no_type_check
def seen(typing_context, a, b):
    """In how many lanes both are observations, int64.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        both = builder.bitcast(builder.fcmp_ordered("ord", *args), ir.IntType(LANES))
        return builder.zext(builder.ctpop(both), ir.IntType(64))

    return Signature(types.int64, (a, b), None), code


@intrinsic
@no_type_check
def away(typing_context, a, b, origin):
    """``a - origin`` where ``a`` and ``b`` are observations, else 0; ``origin`` are lanes, too.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    origin : likewise, what is taken from each lane
    """
    del typing_context

    def code(_context, builder, _sign, args):
        both = builder.fcmp_ordered("ord", *args[:2])
        return builder.select(both, builder.fsub(args[0], args[2], flags=_FAST), _ZEROS)

    return Signature(_lanes, (a, b, origin), None), code


@intrinsic
@no_type_check
def filled(typing_context, a, other):
    """``a`` where it is an observation, else the other lanes.

    Parameters
    ----------
    typing_context : given by the compiler
    a, other : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        return builder.select(builder.fcmp_ordered("ord", args[0], args[0]), *args)

    return Signature(_lanes, (a, other), None), code


@intrinsic
@no_type_check
def plus(typing_context, a, b):
    """Sum, lane by lane.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        return builder.fadd(*args, flags=_FAST)

    return Signature(_lanes, (a, b), None), code


@intrinsic
@no_type_check
def times(typing_context, a, b):
    """Product, lane by lane.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        return builder.fmul(*args, flags=_FAST)

    return Signature(_lanes, (a, b), None), code


@intrinsic
@no_type_check
def larger(typing_context, a, b):
    """The larger, lane by lane; both are observations.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return Signature(_lanes, (a, b), None), code


@intrinsic
@no_type_check
def smaller(typing_context, a, b):
    """The smaller, lane by lane; both are observations.

    Parameters
    ----------
    typing_context : given by the compiler
    a, b : vectors of eight float64
    """
    del typing_context

    def code(_context, builder, _sign, args):
        return builder.select(builder.fcmp_ordered("<", *args), *args)

    return Signature(_lanes, (a, b), None), code


@intrinsic
@no_type_check
def total(typing_context, a):
    """Sum over the lanes, all of which are observations."""
    del typing_context

    def code(_context, builder, _sign, args):
        return _reduce(builder, "fadd", args[0], ir.Constant(ir.DoubleType(), -0.0))

    return Signature(types.float64, (a,), None), code


@intrinsic
@no_type_check
def largest(typing_context, a):
    """The largest of the lanes, all of which are observations."""
    del typing_context

    def code(_context, builder, _sign, args):
        return _reduce(builder, "fmax", args[0])

    return Signature(types.float64, (a,), None), code


@intrinsic
@no_type_check
def smallest(typing_context, a):
    """The smallest of the lanes, all of which are observations."""
    del typing_context

    def code(_context, builder, _sign, args):
        return _reduce(builder, "fmin", args[0])

    return Signature(types.float64, (a,), None), code
