"""Compile: an expression over the rows of a day, checked and added to a graph of operations."""

from collections.abc import Callable
from typing import Literal, NoReturn

from intralpha.features.language.graph import Graph, Value
from intralpha.features.language.levels import BookLevels
from intralpha.features.language.row_operations import RowOperations
from intralpha.features.language.row_shifts import MINUTES_A_DAY, RowShifts
from intralpha.features.language.row_statistics import STATS, RowStatistics, over_sessions
from intralpha.features.language.syntax import ExpressionError, Node, nearest
from intralpha.features.language.units import Unit
from intralpha.features.language.vocabulary import CONSTANTS, LEAST_IN_BAR, MASKS, Vocabulary
from intralpha.features.language.walk import SHARED, Walk

SHIFTS = ("lag", "lead", "prev", "clock")
FUNCTIONS = (*STATS, "top", *SHIFTS, "levels", "deeper", *SHARED)


class Compiler(Walk):
    """Turns expressions over one frame into operations of one graph.

    Parameters
    ----------
    frame : what names mean
    graph : shared by the expressions of a set
    bar_rows : rows of a segment; 0: a segment is a whole day
    strict : refuse a statistic that wants more rows than a segment has
    """

    def __init__(
        self, frame: Vocabulary, graph: Graph, bar_rows: int = 0, strict: bool = False
    ) -> None:
        make = RowOperations(graph)
        least = LEAST_IN_BAR if bar_rows else frame.least
        statistics = RowStatistics(self, make, least, bar_rows if strict else 0)
        shifts = RowShifts(self, make, frame, whole_days=not bar_rows)
        book = BookLevels(self, make, frame)
        own: dict[str, Callable[[Node], Value]] = {
            **dict.fromkeys(STATS, statistics.statistic),
            "top": statistics.top,
            "lag": shifts.lag,
            "lead": shifts.lag,
            "prev": shifts.prev,
            "clock": shifts.clock,
            "levels": book.levels,
            "deeper": book.deeper,
        }
        ago = f"{over_sessions('ago(FACTOR, 1)')}; lag(x) is the row before"
        super().__init__(make, own, {"ago": ago})
        self._rows, self._frame, self._bar_rows = make, frame, bar_rows
        self._named: dict[str, Value] = {}
        self._units: list[Unit] = []

    @property
    def units(self) -> tuple[Unit, ...]:
        """Of the factors so far."""
        return tuple(self._units)

    def factor(self, text: str, guard: Literal["nan", "keep"] = "nan") -> int:
        """Number of the operation that holds the factor, one number a segment.

        Parameters
        ----------
        text : expression
        guard : on a day locked for more than half its minutes: NaN, or the value as it is. A
            suspended day is NaN either way. Where segments are bars it says nothing, since nobody
            knows at the end of a bar how the day goes on

        Raises
        ------
        ExpressionError
            The text is no expression, a name or a shape does not fit, or units differ.
        """
        value = self.read(text)
        self._units.append(value.unit)
        if value.shape != "day":
            raise ExpressionError(
                text,
                0,
                f"ends in a {value.shape}, expected one number a segment",
                "reduce it with a statistic, such as mean(...)",
            )
        alive = self._alive() if guard == "keep" or self._bar_rows else self._price_ok()
        return self._rows.add("select", "day", value.op, alive)

    def _alive(self) -> int:
        return self._rows.add("rsubk", "day", self._rows.input("suspended", "day"), k=1.0)

    def _price_ok(self) -> int:
        """1 where at most half of the continuous rows are locked and the stock is not suspended."""
        text = "count(row[cont & locked], least=0) * 2 <= count(row[cont], least=0)"
        if self._frame.minutes != 1:  # minutes count, whatever the rows are
            free = self._rows.input("price_ok", "day")
        else:
            free = self.read(text).op
        return self._rows.add("mul", "day", free, self._alive())

    # --- names ---------------------------------------------------------------------------------

    def _name(self, node: Node) -> Value:
        name, frame = str(node.value), self._frame
        if name not in self._named:
            if name not in frame.names():
                hint = nearest(name, frame.names())
                self.fail(node, f"no {name} in the frame {frame.name}", hint)
            self._named[name] = self._define(name)
        return self._named[name]

    def _define(self, name: str) -> Value:
        frame = self._frame
        if name in CONSTANTS:
            return Value("constant", CONSTANTS[name], k=1.0)
        if self._bar_rows and name in frame.whole_day:
            return Value("day", frame.whole_day[name], self._rows.input(name, "day"))
        if name in frame.derived:
            return self.read(frame.derived[name])
        if name in frame.rows:
            shape = "mask" if name in MASKS else "row"
            return Value(shape, frame.rows[name], self._rows.input(name))
        if name in frame.days:
            return Value("day", frame.days[name], self._rows.input(name, "day"))
        return self._made(name)

    def _made(self, name: str) -> Value:
        """What the machine makes: the masks of minutes, and row numbers."""
        rows = self._rows
        if name == "locked":
            parts = [rows.input(n) for n in ("high", "low")]
            parts += [rows.input(n, "day") for n in ("up_limit", "down_limit")]
            return Value("mask", op=rows.add("locked", "row", *parts))
        if name == "cont":
            closing = rows.input("closing_auction", "day")
            last = MINUTES_A_DAY - 3 if self._frame.minutes == 1 else -1
            return Value("mask", op=rows.add("cont", "row", closing, lo=last))
        return Value("row", op=rows.add(name, "row"))

    # --- what the rows of a day refuse ---------------------------------------------------------

    def _time(self, node: Node) -> NoReturn:
        self.fail(node, "a time outside clock(...)", 'clock("09:30", "10:00")')

    def _refuse_mask(self, node: Node, child: Node) -> NoReturn:
        if node.kind in ("+", "-", "*", "/"):
            self.fail(child, "a mask has no arithmetic", "x[mask], or where(mask, 1, 0)")
        self.fail(node, "a mask where numbers belong", "x[mask]")
