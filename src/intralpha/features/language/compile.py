"""Compile: checks shapes, units and names of an expression and adds its operations to a graph."""

import math
from collections.abc import Callable
from typing import Literal

from intralpha.features.language.constants import fold, fold_map, fold_power
from intralpha.features.language.frames import CONSTANTS, LEAST_IN_BAR, WHOLE_DAY, Frame
from intralpha.features.language.graph import Graph, Op, Value, Window
from intralpha.features.language.syntax import COMPARISONS, ExpressionError, Node, nearest, parse
from intralpha.features.language.units import PLAIN, Unit

ZERO_LEAST, ONE_LEAST = ("count", "sum"), ("first", "last", "min", "max", "prod")
PLAIN_STATS = ("count", "skew", "kurt", "drawdown", "prod")
STATS = (
    *ZERO_LEAST,
    *ONE_LEAST,
    *("mean", "std", "skew", "kurt", "median", "mad", "drawdown", "tratio", "corr", "acorr"),
)
MAPS = ("abs", "sign", "sqrt", "ln", "exp", "normal")
OTHERS = ("smaller", "larger", "where", "lag", "lead", "prev", "clock", "top")
FUNCTIONS = (*STATS, *MAPS, *OTHERS)
MAX_LAG, MAX_LEAST = 60, 100_000
ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
TESTS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
MINUTES_A_DAY = 240
FLAT = 1e-10


class Compiler:
    """Turns expressions over one frame into operations of one graph.

    Parameters
    ----------
    frame : what names mean
    graph : shared by the expressions of a set
    bar_rows : rows of a segment; 0: a segment is a whole day
    """

    def __init__(self, frame: Frame, graph: Graph, bar_rows: int = 0) -> None:
        self._frame, self._graph, self._bar_rows = frame, graph, bar_rows
        self._text = ""
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
        value = self._read(text)
        self._units.append(value.unit)
        if value.shape != "day":
            raise ExpressionError(
                text,
                0,
                f"ends in a {value.shape}, expected one number a segment",
                "reduce it with a statistic, such as mean(...)",
            )
        alive = self._alive() if guard == "keep" or self._bar_rows else self._price_ok()
        return self._add("select", "day", value.op, alive)

    def _read(self, text: str) -> Value:
        outer, self._text = self._text, text
        value = self._value(parse(text))
        self._text = outer
        return value

    def _fail(self, node: Node, why: str, hint: str = "") -> ExpressionError:
        return ExpressionError(self._text, node.at, why, hint)

    def _add(self, code: str, on: Literal["row", "day"], *args: int, **rest: float | int) -> int:
        return self._graph.add(Op(code, on, args, **rest))  # type: ignore[arg-type]

    # --- names ---------------------------------------------------------------------------------

    def _value(self, node: Node) -> Value:
        makers: dict[str, Callable[[Node], Value]] = {
            "number": lambda n: Value("constant", k=float(n.value)),
            "name": self._name,
            "call": self._call,
            "select": self._select,
            "neg": self._negative,
            "**": self._power,
            **dict.fromkeys(("&", "|", "~"), self._logic),
            **dict.fromkeys(COMPARISONS, self._test),
            **dict.fromkeys(ARITHMETIC, self._two),
        }
        if node.kind not in makers:
            raise self._fail(node, "a time outside clock(...)", 'clock("09:30", "10:00")')
        return makers[node.kind](node)

    def _negative(self, node: Node) -> Value:
        value = self._arg(node, 0)
        self._no_mask(node, value)
        return self._arithmetic(node, "mul", value, Value("constant", k=-1.0))

    def _two(self, node: Node) -> Value:
        left, right = self._arg(node, 0), self._arg(node, 1)
        return self._arithmetic(node, ARITHMETIC[node.kind], left, right)

    def _arg(self, node: Node, i: int) -> Value:
        return self._value(node.args[i])

    def _name(self, node: Node) -> Value:
        name, frame = str(node.value), self._frame
        if name not in self._named:
            if name not in frame.names():
                hint = nearest(name, frame.names())
                raise self._fail(node, f"no {name} in the frame {frame.name}", hint)
            self._named[name] = self._define(name)
        return self._named[name]

    def _define(self, name: str) -> Value:
        frame = self._frame
        if name in CONSTANTS:
            return Value("constant", CONSTANTS[name], k=1.0)
        if self._bar_rows and name in WHOLE_DAY:
            return Value("day", WHOLE_DAY[name], self._input(name, "day"))
        if name in frame.derived:
            return self._read(frame.derived[name])
        if name in frame.rows:
            shape = "mask" if name == "locked" else "row"
            return Value(shape, frame.rows[name], self._input(name))
        if name in frame.days:
            return Value("day", frame.days[name], self._input(name, "day"))
        return self._own(name)

    def _own(self, name: str) -> Value:
        """What the machine makes: the masks of minutes, and row numbers."""
        if name == "locked":
            parts = [self._input(n) for n in ("high", "low")]
            parts += [self._input(n, "day") for n in ("up_limit", "down_limit")]
            return Value("mask", op=self._add("locked", "row", *parts))
        if name == "cont":
            closing = self._input("closing_auction", "day")
            last = MINUTES_A_DAY - 3 if self._frame.minutes == 1 else -1
            return Value("mask", op=self._add("cont", "row", closing, lo=last))
        return Value("row", op=self._add(name, "row"))

    def _input(self, name: str, on: Literal["row", "day"] = "row") -> int:
        return self._graph.add(Op("input", on, name=name))

    def _alive(self) -> int:
        return self._add("rsubk", "day", self._input("suspended", "day"), k=1.0)

    def _price_ok(self) -> int:
        """1 where at most half of the continuous rows are locked and the stock is not suspended."""
        text = "count(row[cont & locked], least=0) * 2 <= count(row[cont], least=0)"
        if self._frame.minutes != 1:  # minutes count, whatever the rows are
            return self._add("mul", "day", self._input("price_ok", "day"), self._alive())
        return self._add("mul", "day", self._read(text).op, self._alive())

    # --- arithmetic ----------------------------------------------------------------------------

    def _arithmetic(self, node: Node, code: str, left: Value, right: Value) -> Value:
        for value, child in zip((left, right), node.args[-2:], strict=False):
            if value.shape == "mask":
                raise self._fail(child, "a mask has no arithmetic", "x[mask], or where(mask, 1, 0)")
        if code in ("add", "sub"):
            unit = self._same_unit(node, left, right)
        else:
            unit = left.unit.times(right.unit) if code == "mul" else left.unit / right.unit
        if left.shape == right.shape == "constant":
            return Value("constant", unit, k=fold(code, left.k, right.k))
        return self._combine(code, left, right)._replace(unit=unit)

    def _same_unit(self, node: Node, left: Value, right: Value) -> Unit:
        zero = [v.shape == "constant" and v.k == 0 for v in (left, right)]
        if left.unit != right.unit and not any(zero):
            hint = "volume / SHARE, amount / CNY and trades / TRADE are plain numbers"
            raise self._fail(node, f"{left.unit} beside {right.unit}", hint)
        return right.unit if zero[0] else left.unit

    def _combine(self, code: str, left: Value, right: Value) -> Value:
        """The operation on two values of which at most one is a constant."""
        if right.shape == "constant":
            on = "day" if left.shape == "day" else "row"
            if code == "sub" and right.k == 1.0 and self._op(left).code == "div" and on == "row":
                op = self._add("reldiff", "row", *self._op(left).args)
            else:
                op = self._with_constant(code, on, left.op, right.k)
            return Value("day" if on == "day" else "row", op=op, window=left.window)
        if left.shape == "constant":
            flipped = {"add": "addk", "mul": "mulk", "sub": "rsubk", "div": "rdivk"}
            known = flipped | {t: f"{SWAPPED[t]}k" for t in SWAPPED}
            known |= {"smaller": "smallerk", "larger": "largerk"}
            on = "day" if right.shape == "day" else "row"
            op = self._add(known[code], on, right.op, k=left.k)
            return Value("day" if on == "day" else "row", op=op, window=right.window)
        if left.shape == right.shape == "day":
            return Value("day", op=self._binary(code, "day", left.op, right.op))
        a, b = self._as_row(left), self._as_row(right)
        window = _both(left.window, right.window)
        return Value("row", op=self._binary(code, "row", a, b), window=window)

    def _with_constant(self, code: str, on: Literal["row", "day"], op: int, k: float) -> int:
        if code == "sub":
            return self._add("addk", on, op, k=-k)
        if code == "div":
            return self._add("mulk", on, op, k=1.0 / k if k else math.nan)
        return self._add(f"{code}k", on, op, k=k)

    def _binary(self, code: str, on: Literal["row", "day"], a: int, b: int) -> int:
        if code in ("gt", "ge"):
            code, a, b = SWAPPED[code], b, a
        if code in ("add", "mul", "eq", "ne", "smaller", "larger"):
            a, b = min(a, b), max(a, b)
        return self._add(code, on, a, b)

    def _op(self, value: Value) -> Op:
        return self._graph.ops[value.op] if value.op >= 0 else Op("none", "row")

    def _power(self, node: Node) -> Value:
        value, power = self._arg(node, 0), self._arg(node, 1).k
        unit = value.unit**power
        if power not in (2, 3, 4, 0.5):
            raise self._fail(node, f"an exponent of {power:g}", "one of 2, 3, 4 and 0.5")
        if value.shape == "constant":
            return Value("constant", unit, k=fold_power(value.k, power))
        if power == 0.5:
            return self._map(node, "sqrt", value)
        self._no_mask(node, value)
        square = self._combine("mul", value, value)
        if power == 2:
            return square._replace(unit=unit)
        other = value if power == 3 else square
        return self._combine("mul", square, other)._replace(unit=unit)

    def _no_mask(self, node: Node, *values: Value) -> None:
        for value in values:
            if value.shape == "mask":
                raise self._fail(node, "a mask where numbers belong", "x[mask]")

    def _as_row(self, value: Value) -> int:
        """The operation as a series; a number of the day is repeated in every row."""
        if value.shape == "day":
            return self._add("expand", "row", value.op)
        if value.shape == "constant":
            return self._add("fill", "row", k=value.k)
        return value.op

    def _cropped(self, value: Value) -> int:
        """The operation with rows outside the window made absent."""
        op = self._as_row(value)
        if value.window is None:
            return op
        code = "cropmask" if value.shape == "mask" else "crop"
        return self._add(code, "row", op, lo=value.window[0], hi=value.window[1])

    # --- masks ---------------------------------------------------------------------------------

    def _test(self, node: Node) -> Value:
        code = TESTS[node.kind]
        left, right = self._arg(node, 0), self._arg(node, 1)
        self._no_mask(node, left, right)
        self._same_unit(node, left, right)
        if left.shape == right.shape == "constant":
            raise self._fail(node, "compares two constants")
        found = self._combine(code, left, right)
        return found if found.shape == "day" else found._replace(shape="mask")

    def _logic(self, node: Node) -> Value:
        values = [self._arg(node, i) for i in range(len(node.args))]
        for value, child in zip(values, node.args, strict=True):
            if value.shape != "mask":
                hint = "compare it: volume > 0"
                raise self._fail(child, f"expected a mask, found a {value.shape}", hint)
        if node.kind == "&":
            a, b = values
            window = _both(a.window, b.window)
            if a.op < 0 or b.op < 0:
                return Value("mask", op=max(a.op, b.op), window=window)
            return Value("mask", op=self._binary("mul", "row", a.op, b.op), window=window)
        ops = [self._whole_mask(v) for v in values]
        if node.kind == "~":
            return Value("mask", op=self._add("rsubk", "row", ops[0], k=1.0))
        return Value("mask", op=self._binary("larger", "row", *ops))

    def _whole_mask(self, value: Value) -> int:
        """A mask as an operation, its window worked in."""
        if value.op < 0:
            value = value._replace(op=self._add("fill", "row", k=1.0))
        return self._cropped(value)

    def _select(self, node: Node) -> Value:
        value, mask = self._arg(node, 0), self._arg(node, 1)
        if mask.shape != "mask":
            raise self._fail(
                node.args[1], f"expected a mask, found a {mask.shape}", "x[volume > 0]"
            )
        self._no_mask(node, value)
        op = self._as_row(value)
        op = op if mask.op < 0 else self._add("select", "row", op, mask.op)
        return Value("row", value.unit, op, window=_both(value.window, mask.window))

    # --- functions -----------------------------------------------------------------------------

    def _call(self, node: Node) -> Value:
        name = str(node.value)
        if name not in FUNCTIONS:
            raise self._fail(node, f"no function {name}", nearest(name, list(FUNCTIONS)))
        if name == "clock":
            return self._clock(node)
        if name in STATS:
            return self._statistic(node, name)
        if node.named and name != "top":
            raise self._fail(node.named[0][1], f"{name} takes no {node.named[0][0]}=")
        makers: dict[str, Callable[[Node], Value]] = {
            "where": self._where,
            "lag": self._lag,
            "lead": self._lag,
            "prev": self._prev,
            "top": self._top,
        }
        if name in makers:
            return makers[name](node)
        if name in ("smaller", "larger"):
            self._count(node, 2)
            left, right = self._arg(node, 0), self._arg(node, 1)
            self._no_mask(node, left, right)
            unit = self._same_unit(node, left, right)
            if left.shape == right.shape == "constant":
                raise self._fail(node, "two constants")
            return self._combine(name, left, right)._replace(unit=unit)
        self._count(node, 1)
        return self._map(node, name, self._arg(node, 0))

    def _count(self, node: Node, *counts: int) -> None:
        if len(node.args) not in counts:
            wanted = " or ".join(map(str, counts))
            why = f"{node.value} takes {wanted} arguments, found {len(node.args)}"
            raise self._fail(node, why)

    def _map(self, node: Node, name: str, value: Value) -> Value:
        self._no_mask(node, value)
        if name in ("ln", "exp", "normal") and value.unit != PLAIN:
            hint = "divide by SHARE, CNY or TRADE, or by a value of the same unit"
            raise self._fail(node, f"{name} of {value.unit}", hint)
        unit = {"sqrt": value.unit**0.5, "abs": value.unit}.get(name, PLAIN)
        if value.shape == "constant":
            return Value("constant", unit, k=fold_map(name, value.k))
        on = "day" if value.shape == "day" else "row"
        inner = self._op(value)
        if name == "ln" and inner.code == "div" and on == "row":
            op = self._add("logratio", "row", *inner.args)
        else:
            op = self._add(name, on, value.op)
        return value._replace(unit=unit, op=op)

    def _where(self, node: Node) -> Value:
        self._count(node, 3)
        test, yes, no = (self._arg(node, i) for i in range(3))
        self._no_mask(node, yes, no)
        unit = self._same_unit(node, yes, no)
        of_day = test.shape == "day"
        if of_day and "row" not in (yes.shape, no.shape):
            ops = [self._as_day(v) for v in (yes, no)]
            return Value("day", unit, self._add("where", "day", test.op, *ops))
        if test.shape != "mask" and not of_day:
            raise self._fail(node.args[0], f"expected a mask, found a {test.shape}")
        mask = self._as_row(test) if of_day else self._whole_mask(test)
        ops = [mask, self._cropped(yes), self._cropped(no)]
        return Value("row", unit, self._add("where", "row", *ops))

    def _as_day(self, value: Value) -> int:
        if value.shape == "constant":
            return self._add("fill", "day", k=value.k)
        return value.op

    def _lag(self, node: Node) -> Value:
        self._count(node, 1, 2)
        value = self._row_arg(node, 0)
        given = self._arg(node, 1) if len(node.args) == 2 else Value("constant", k=1.0)
        steps = given.k
        whole = given.shape == "constant" and 1 <= steps <= MAX_LAG and steps == int(steps)
        if not whole:
            raise self._fail(node, f"a lag of {steps:g}", f"a whole number from 1 to {MAX_LAG}")
        op = self._add(str(node.value), "row", self._cropped(value), lo=int(steps))
        return Value("row", value.unit, op)

    def _prev(self, node: Node) -> Value:
        self._count(node, 2)
        value, first = self._row_arg(node, 0), self._row_arg(node, 1)
        unit = self._same_unit(node, value, first)
        ops = [self._cropped(v) for v in (value, first)]
        return Value("row", unit, self._add("prev", "row", *ops))

    def _top(self, node: Node) -> Value:
        self._count(node, 2)
        value, share = self._row_arg(node, 0), self._arg(node, 1)
        if share.shape != "constant" or not 0 < share.k <= 1:
            raise self._fail(node.args[1], "expected a share above 0, at most 1")
        least = self._least(node, "count")
        op = self._add("top", "row", self._cropped(value), k=share.k, least=least)
        return Value("mask", op=op)

    def _row_arg(self, node: Node, i: int) -> Value:
        value = self._arg(node, i)
        if value.shape != "row":
            raise self._fail(node.args[i], f"expected a series, found a {value.shape}")
        return value

    def _clock(self, node: Node) -> Value:
        self._count(node, 2)
        frame = self._frame
        if not frame.minutes or self._bar_rows:
            raise self._fail(node, "clock needs whole days of bars of time")
        for arg in node.args:
            if arg.kind != "clock":
                raise self._fail(arg, 'expected a time such as "09:30"')
        lo, hi = (self._row_at(node, str(a.value)) for a in node.args)
        if lo >= hi:
            raise self._fail(node, "the second time is not after the first")
        return Value("mask", window=(lo, hi))

    def _row_at(self, node: Node, clock: str) -> int:
        """Rows that end at that time or before."""
        hour, minute = map(int, clock.split(":"))
        gone = hour * 60 + minute - (9 * 60 + 30)
        closed = 120 < gone < 210
        gone = gone if gone <= 120 else gone - 90
        if closed or not 0 <= gone <= MINUTES_A_DAY or gone % self._frame.minutes:
            hint = f"09:30 to 11:30 and 13:00 to 15:00, in steps of {self._frame.minutes} minutes"
            raise self._fail(node, f"no row of {self._frame.name} ends at {clock}", hint)
        return gone // self._frame.minutes

    def _statistic(self, node: Node, name: str) -> Value:
        least = self._least(node, name)
        self._count(node, 2 if name == "corr" else 1)
        value = self._row_arg(node, 0)
        if name == "acorr":
            cropped = value._replace(op=self._cropped(value), window=None)
            before = Value("row", value.unit, self._add("lag", "row", cropped.op, lo=1))
            return self._pair(cropped, before, least)
        if name == "corr":
            return self._pair(value, self._row_arg(node, 1), least)
        if name == "mad":
            middle = self._reduce("median", value, least)
            away = self._combine("sub", value, middle._replace(shape="day"))
            away = away._replace(op=self._add("abs", "row", away.op))
            return self._reduce("median", away, least)._replace(unit=value.unit)
        if name == "tratio":
            return self._tratio(value, least)
        if name == "prod":
            if value.unit != PLAIN:
                raise self._fail(node, f"a product of {value.unit}")
            inner = self._op(value)
            if inner.code == "addk" and inner.k == 1.0:
                return self._reduce("growth", value._replace(op=inner.args[0]), least)
        found = self._reduce(name, value, least)
        return found._replace(unit=PLAIN if name in PLAIN_STATS else value.unit)

    def _tratio(self, value: Value, least: int) -> Value:
        """Mean over standard deviation, NaN where the latter counts as zero [Spec 1]."""
        mean, std = (self._reduce(code, value, least).op for code in ("mean", "std"))
        size = self._add("largerk", "day", self._add("abs", "day", mean), k=FLAT)
        spread = self._add("lt", "day", self._add("mulk", "day", size, k=FLAT), std)
        ratio = self._add("div", "day", mean, std)
        return Value("day", op=self._add("select", "day", ratio, spread))

    def _least(self, node: Node, name: str) -> int:
        default = LEAST_IN_BAR if self._bar_rows else self._frame.least
        least = 0 if name in ZERO_LEAST else 1 if name in ONE_LEAST else default
        if len(node.named) > 1:
            raise self._fail(node.named[1][1], f"{name} takes one argument by name, least=")
        for key, given in node.named:
            if key != "least":
                raise self._fail(given, f"{name} takes least=, not {key}=", nearest(key, ["least"]))
            value = float(given.value) if given.kind == "number" else math.nan
            if not 0 <= value <= MAX_LEAST or value != int(value):
                raise self._fail(given, "least= wants a whole number")
            least = int(value)
        return least

    def _reduce(self, code: str, value: Value, least: int) -> Value:
        lo, hi = value.window or (0, -1)
        op = self._add(code, "day", value.op, lo=lo, hi=hi, least=least)
        return Value("day", value.unit, op)

    def _pair(self, a: Value, b: Value, least: int) -> Value:
        lo, hi = _both(a.window, b.window) or (0, -1)
        first, second = min(a.op, b.op), max(a.op, b.op)
        op = self._add("corr", "day", first, second, lo=lo, hi=hi, least=least)
        return Value("day", op=op)


def _both(a: Window | None, b: Window | None) -> Window | None:
    """Rows inside both windows; an empty one is (0, 0)."""
    if a is None or b is None:
        return a or b
    lo, hi = max(a[0], b[0]), min(a[1], b[1])
    return (lo, hi) if lo < hi else (0, 0)
