"""Tiles: products of small matrices whose sums stay in vector registers.

A tile is ``ROWS`` rows by one to three vectors of columns. Numba turns a loop into vectors along
its innermost counter, so a sum over the depth of a product goes to memory and back at every step.
Here the tile is written as instructions instead: its sums are carried through the loop over the
depth, where each step loads one row of B and spreads one number of each row of A over a vector.
"""

from typing import no_type_check

from llvmlite import binding, ir
from numba import njit, types
from numba.core import config
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from intralpha.base.compiling import BARE_INNER

INT, LANE = ir.IntType(64), ir.IntType(32)


def registers(features: str) -> tuple[int, int]:
    """Bytes of a vector, and rows of a tile, whose sums fit the registers of a processor.

    Parameters
    ----------
    features : what the processor can do, in LLVM's words: ``+avx2,+avx512f,-sse4a``

    Returns
    -------
    bytes, rows
        Rows by three vectors of sums, three vectors of B and one of A are held at a time.
    """
    known = set(features.split(","))
    if "+avx512f" in known:
        return 64, 8
    return (32 if "+avx" in known else 16), 4


def _features() -> str:
    """What Numba compiles for, which the user may have set."""
    named = getattr(config, "CPU_FEATURES", None)
    if named is not None or getattr(config, "CPU_NAME", None) == "generic":
        return named or ""
    return binding.get_host_cpu_features().flatten()


VECTOR_BYTES, ROWS = registers(_features())


@no_type_check
def _tile_of(columns):
    """The instruction that adds the product of one tile of so many vectors."""

    @intrinsic
    def tile(typing_context, to, begin, left, right, depth):
        del typing_context
        kinds = (to, begin, left, right)
        signature = Signature(types.void, (*kinds, depth), None)

        def code(context, builder, sign, args):
            del sign
            c, d, a, b = (_Place(context, builder, kinds[i], args[i]) for i in range(4))
            _multiply(builder, c, d, a, b, args[4], columns)
            return context.get_dummy_value()

        return signature, code

    return tile


@no_type_check
class _Place:
    """A matrix inside an array: where it starts, and two strides, all in numbers."""

    def __init__(self, context, builder, kind, value):
        array, self.start, self.down, self.along = (
            builder.extract_value(value, i) for i in range(4)
        )
        self.builder, self.bytes = builder, kind[0].dtype.bitwidth // 8
        self.data = make_array(kind[0])(context, builder, array).data
        self.number = context.get_value_type(kind[0].dtype)
        self.vector = ir.VectorType(self.number, VECTOR_BYTES // self.bytes)

    def at(self, down, along, kind):
        """Pointer to what stands so many strides from the start."""
        b = self.builder
        away = b.add(b.mul(down, self.down), b.mul(along, self.along))
        return b.bitcast(b.gep(self.data, [b.add(self.start, away)]), kind.as_pointer())

    def load(self, down, along, kind):
        value = self.builder.load(self.at(down, along, kind))
        value.align = self.bytes
        return value

    def spread(self, down, along):
        """One number in every lane."""
        b, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        one = b.insert_element(nothing, self.load(down, along, self.number), ir.Constant(LANE, 0))
        lanes = ir.Constant(ir.VectorType(LANE, self.vector.count), [0] * self.vector.count)
        return b.shuffle_vector(one, nothing, lanes)


@no_type_check
def _multiply(b, to, begin, left, right, depth, columns):
    count = lambda i: ir.Constant(INT, i)  # noqa: E731
    cells = [(i, j) for i in range(ROWS) for j in range(columns)]
    fused = ("contract",)
    before, loop, after = b.block, b.append_basic_block("depth"), b.append_basic_block("sums")
    b.branch(loop)
    b.position_at_end(loop)
    k = b.phi(INT)
    sums = {cell: b.phi(to.vector) for cell in cells}
    row = [right.load(k, count(j), right.vector) for j in range(columns)]
    spread = [left.spread(count(i), k) for i in range(ROWS)]
    more = {
        (i, j): b.fadd(sums[i, j], b.fmul(spread[i], row[j], flags=fused), flags=fused)
        for i, j in cells
    }
    following = b.add(k, count(1))
    k.add_incoming(count(0), before)
    k.add_incoming(following, loop)
    for cell in cells:
        sums[cell].add_incoming(ir.Constant(to.vector, [0.0] * to.vector.count), before)
        sums[cell].add_incoming(more[cell], loop)
    b.cbranch(b.icmp_signed("<", following, depth), loop, after)
    b.position_at_end(after)
    for i, j in cells:
        old = begin.load(count(i), count(j), to.vector)
        b.store(b.fadd(old, more[i, j]), to.at(count(i), count(j), to.vector)).align = to.bytes


_one, _two, _three = (_tile_of(n) for n in (1, 2, 3))


@njit(**BARE_INNER)
@no_type_check
def product(to, begin, left, right, depth, rows, vectors):
    """A matrix and the product of two others, C = D + A B.

    Parameters
    ----------
    to : (array, start, stride of rows, stride of vectors) of C, in numbers
        Column j of vector v of row i stands at start + i * rows' + v * vectors' + j.
    begin : the same of D, which may be C; a stride of rows of 0 repeats one row
    left : (array, start, stride of rows, stride of the depth) of A
    right : (array, start, stride of the depth, stride of vectors) of B
    depth : numbers in a row of A, at least 1
    rows : rows of C, a multiple of ``ROWS``
    vectors : vectors of columns, each of ``VECTOR_BYTES``

    Notes
    -----
    Every number is the sum over the depth in its order, then added to D: it does not depend on
    where in C it stands.
    """
    c, c0, c_row, c_vector = to
    d, d0, d_row, d_vector = begin
    a, a0, a_row, a_step = left
    b, b0, b_step, b_vector = right
    done = 0
    while done < vectors:
        rest = vectors - done
        take = 3 if rest == 3 or rest > 4 else min(rest, 2)
        for i in range(0, rows, ROWS):
            here = (c, c0 + i * c_row + done * c_vector, c_row, c_vector)
            from_ = (d, d0 + i * d_row + done * d_vector, d_row, d_vector)
            some = (a, a0 + i * a_row, a_row, a_step)
            panel = (b, b0 + done * b_vector, b_step, b_vector)
            if take == 3:
                _three(here, from_, some, panel, depth)
            elif take == 2:
                _two(here, from_, some, panel, depth)
            else:
                _one(here, from_, some, panel, depth)
        done += take
