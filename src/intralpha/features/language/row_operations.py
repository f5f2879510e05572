"""RowOperations: operations on the rows of a day and on its numbers, in a graph."""

from intralpha.features.language.graph import Graph, Op, Value, Window
from intralpha.features.language.operations import Operations, Place


class RowOperations(Operations):
    """Adds operations to a graph.

    Parameters
    ----------
    graph : shared by the expressions of a set
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def add(
        self,
        code: str,
        on: Place,
        *args: int,
        k: float = 0.0,
        lo: int = 0,
        hi: int = -1,
        least: int = 0,
    ) -> int:
        """Number of the operation.

        Parameters
        ----------
        code, on, *args, k : as for :meth:`Operations.add`
        lo, hi : rows of a segment that are read, or kept; ``hi`` -1 for all. A lag is in ``lo``
        least : fewest observations of a statistic
        """
        return self._graph.add(Op(code, on, args, k, lo, hi, least))

    def input(self, name: str, on: Place = "row") -> int:
        """Number of a series or number of the day that the data give."""
        return self._graph.add(Op("input", on, name=name))

    def quotient(self, value: Value) -> tuple[int, ...]:
        """Operands of a division of series: a ratio less one, or its log, is made of these."""
        op = self._op(value)
        return op.args if op.code == "div" and op.on == "row" else ()

    def grown(self, value: Value) -> int | None:
        """The series that the value is one more than, if it is."""
        op = self._op(value)
        return op.args[0] if op.code == "addk" and op.k == 1.0 else None

    def _op(self, value: Value) -> Op:
        return self._graph.ops[value.op] if value.op >= 0 else Op("none", "row")

    def crop(self, code: str, op: int, window: Window) -> int:
        """A series without the rows outside a window."""
        return self.add(code, "row", op, lo=window[0], hi=window[1])
