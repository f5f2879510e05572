"""Graph: typed operations of a whole set of expressions, each different one kept once.

Values are of four shapes: a constant, a ``row`` series (one number a row of the frame), a ``mask``
(a series of 0 and 1), and a ``day`` number (one a segment). A series may carry a window, rows
outside of which are absent; statistics then read those rows only, and nothing is masked.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from intralpha.features.language.units import PLAIN, Unit

Shape = Literal["constant", "row", "mask", "day"]
Window = tuple[int, int]


class Op(NamedTuple):
    """One operation.

    Attributes
    ----------
    code : what to do
    on : "row" or "day", where the result lives
    args : numbers of the operations that are read
    k : a constant operand
    lo, hi : rows of the segment that a statistic reads; hi -1 for all. A lag is in ``lo``.
    least : fewest observations of a statistic
    """

    code: str
    on: Literal["row", "day"]
    args: tuple[int, ...] = ()
    k: float = 0.0
    lo: int = 0
    hi: int = -1
    least: int = 0
    name: str = ""


class Value(NamedTuple):
    """What an expression stands for while it is read.

    Attributes
    ----------
    shape, unit : see above
    op : number of the operation; -1 for a constant, and for a mask that is nothing but a window
    k : the constant
    window : rows outside are absent, though the operation may hold numbers there
    """

    shape: Shape
    unit: Unit = PLAIN
    op: int = -1
    k: float = 0.0
    window: Window | None = None


@dataclass
class Graph:
    """Operations in an order in which each reads earlier ones only."""

    ops: list[Op] = field(default_factory=list)
    _known: dict[Op, int] = field(default_factory=dict)

    def add(self, op: Op) -> int:
        """Number of this operation; the same one twice is kept once."""
        if op not in self._known:
            self._known[op] = len(self.ops)
            self.ops.append(op)
        return self._known[op]

    def used(self, outputs: list[int]) -> list[int]:
        """Operations that the outputs depend on, in order."""
        wanted, todo = set(), list(outputs)
        while todo:
            here = todo.pop()
            if here not in wanted:
                wanted.add(here)
                todo += self.ops[here].args
        return sorted(wanted)
