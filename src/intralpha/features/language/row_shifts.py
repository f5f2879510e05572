"""RowShifts: rows before and after, and rows by the clock."""

from intralpha.features.language.graph import Value
from intralpha.features.language.row_operations import RowOperations
from intralpha.features.language.syntax import Node
from intralpha.features.language.vocabulary import Vocabulary
from intralpha.features.language.walk import Walk

MAX_LAG = 60
MINUTES_A_DAY = 240


class RowShifts:
    """Reads calls of lag, lead, prev and clock.

    Parameters
    ----------
    walk : reads the arguments
    make : operations are added by it
    frame : the rows are of
    whole_days : segments are days, so that rows have times
    """

    def __init__(
        self, walk: Walk, make: RowOperations, frame: Vocabulary, whole_days: bool
    ) -> None:
        self._walk, self._make, self._frame = walk, make, frame
        self._by_minute = frame.minutes == 0 and "minute" in frame.rows
        self._timed = (frame.minutes > 0 or self._by_minute) and whole_days

    def lag(self, node: Node) -> Value:
        """A row before, or after."""
        self._walk.unnamed(node, 1, 2)
        value = self._walk.row(node, 0)
        one = Value("constant", k=1.0)
        given = self._walk.value(node.args[1]) if len(node.args) == 2 else one
        steps = given.k
        whole = given.shape == "constant" and 1 <= steps <= MAX_LAG and steps == int(steps)
        if not whole:
            hint = f"a whole number from 1 to {MAX_LAG}"
            self._walk.fail(node, f"a lag of {steps:g}", hint)
        op = self._make.add(str(node.value), "row", self._make.cropped(value), lo=int(steps))
        return Value("row", value.unit, op)

    def prev(self, node: Node) -> Value:
        """The row before, across lunch."""
        self._walk.unnamed(node, 2)
        value, first = self._walk.row(node, 0), self._walk.row(node, 1)
        unit = self._walk.same_unit(node, value, first)
        ops = [self._make.cropped(v) for v in (value, first)]
        return Value("row", unit, self._make.add("prev", "row", *ops))

    def clock(self, node: Node) -> Value:
        """A window of rows; where rows are no bars, a mask of those stamped in these minutes."""
        self._walk.unnamed(node, 2)
        if not self._timed:
            self._walk.fail(node, "clock needs whole days of bars of time")
        for arg in node.args:
            if arg.kind != "clock":
                self._walk.fail(arg, 'expected a time such as "09:30"')
        lo, hi = (self._row_at(node, str(a.value)) for a in node.args)
        if lo >= hi:
            self._walk.fail(node, "the second time is not after the first")
        if not self._by_minute:
            return Value("mask", window=(lo, hi))
        make, minute = self._make, self._make.input("minute")
        after, upto = ("gtk", float(lo)), ("lek", float(hi))
        parts = [make.add(code, "row", minute, k=k) for code, k in (after, upto)]
        return Value("mask", op=make.pair("mul", "row", *parts))

    def _row_at(self, node: Node, clock: str) -> int:
        """Rows that end at that time or before."""
        step = max(self._frame.minutes, 1)
        hour, minute = map(int, clock.split(":"))
        gone = hour * 60 + minute - (9 * 60 + 30)
        closed = 120 < gone < 210
        gone = gone if gone <= 120 else gone - 90
        if closed or not 0 <= gone <= MINUTES_A_DAY or gone % step:
            hint = f"09:30 to 11:30 and 13:00 to 15:00, in steps of {step} minutes"
            self._walk.fail(node, f"no row of {self._frame.name} ends at {clock}", hint)
        return gone // step
