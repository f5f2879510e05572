"""Sessions: expressions of the frame ``day`` checked and laid out as operations on arrays [D, A].

Every name stands for a series, one number a stock and session; so does what a statistic over
sessions makes of it. Values are of three shapes: a constant, a ``row`` series, or a ``mask``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from intralpha.base import ConfigError
from intralpha.features.language.compile import ARITHMETIC, MAPS, SWAPPED, TESTS
from intralpha.features.language.constants import fold, fold_map
from intralpha.features.language.frames import CONSTANTS, PRICES
from intralpha.features.language.graph import Value
from intralpha.features.language.syntax import COMPARISONS, ExpressionError, Node, nearest, parse
from intralpha.features.language.units import CNY_UNIT, PLAIN, PRICE_UNIT, SHARE_UNIT, Unit

SERIES = {
    **PRICES,
    "vwap": PRICE_UNIT,
    "preclose": PRICE_UNIT,
    "volume": SHARE_UNIT,
    "amount": CNY_UNIT,
    "turnover": PLAIN,
    "ret": PLAIN,
}
MASKS = ("traded",)
KEEP_UNIT = ("mean", "sum", "std", "min", "max", "first", "last", "median")
SESSION_STATS = (*KEEP_UNIT, "count", "skew", "kurt", "prod", "corr")
FUNCTIONS = (*SESSION_STATS, *MAPS, "ago", "smaller", "larger", "where")
MAX_DAYS = 1000
_WITH_CONSTANT = {"add": "addk", "mul": "mulk", "sub": "rsubk", "div": "rdivk"}
_WITH_CONSTANT |= {"smaller": "smallerk", "larger": "largerk"}
_WITH_CONSTANT |= {test: f"{SWAPPED[test]}k" for test in SWAPPED}


class TakenNameError(ConfigError):
    """A factor has the name of a series of the frame day."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"a factor named {name} cannot be read over sessions: the frame day has a series of "
            f"that name.\nHint: rename the factor in its library."
        )


class SessionOp(NamedTuple):
    """One operation on arrays [D, A].

    Attributes
    ----------
    code : what to do; ``input`` reads ``name``
    args : numbers of the operations that are read, all before this one
    k : a constant operand
    days : sessions of a statistic's window, today included; of ``ago``, sessions to go back
    least : fewest observations of a statistic
    """

    code: str
    args: tuple[int, ...] = ()
    k: float = 0.0
    days: int = 0
    least: int = 0
    name: str = ""

    @property
    def reach(self) -> int:
        """Sessions before today that this operation alone looks back."""
        return self.days if self.code == "ago" else max(self.days - 1, 0)


@dataclass(frozen=True)
class SessionPlan:
    """Operations of a set of factors; what several of them need is there once.

    Attributes
    ----------
    names : factors
    ops : operations, each reads earlier ones only
    outputs : operation that holds each factor
    lookbacks : sessions before a date that each factor's value is made from
    """

    names: tuple[str, ...]
    ops: tuple[SessionOp, ...]
    outputs: tuple[int, ...]
    lookbacks: tuple[int, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series that are read."""
        return tuple(op.name for op in self.ops if op.code == "input")

    @property
    def lookback(self) -> int:
        """The longest look-back of the factors."""
        return max(self.lookbacks, default=0)


def plan_sessions(
    factors: Mapping[str, str], parts: Mapping[str, Unit] | None = None
) -> SessionPlan:
    """Check the expressions of a set of factors and lay them out.

    Parameters
    ----------
    factors : name -> expression
    parts : factors of other libraries that may be named, with their units

    Raises
    ------
    ExpressionError
        A text is no expression, a name or a shape does not fit, or units differ.
    TakenNameError
        A part has the name of a series of the frame.

    Examples
    --------
    >>> plan = plan_sessions({"trend": "mean(close, days=5) / ago(mean(close, days=5), 20) - 1"})
    >>> plan.inputs, plan.lookback, [op.code for op in plan.ops]
    (('close',), 24, ['input', 'mean', 'ago', 'div', 'addk'])
    """
    series = SERIES | dict(parts or {})
    for name in parts or {}:
        if name in (*SERIES, *MASKS, *CONSTANTS):
            raise TakenNameError(name)
    known: dict[SessionOp, int] = {}
    outputs = tuple(_Reader(text, series, known).factor() for text in factors.values())
    ops = tuple(known)
    back: list[int] = []
    for op in ops:
        back.append(op.reach + max((back[a] for a in op.args), default=0))
    return SessionPlan(tuple(factors), ops, outputs, tuple(back[o] for o in outputs))


class _Reader:
    """Reads one expression and adds its operations to those known."""

    def __init__(self, text: str, series: dict[str, Unit], known: dict[SessionOp, int]) -> None:
        self._text, self._series, self._known = text, series, known

    def factor(self) -> int:
        """Number of the operation that holds the factor."""
        value = self._value(parse(self._text))
        if value.shape != "row":
            why = f"ends in a {value.shape}, expected one number a session"
            hint = "where(mask, 1, 0) makes numbers of a mask" if value.shape == "mask" else ""
            raise ExpressionError(self._text, 0, why, hint)
        return value.op

    def _fail(self, node: Node, why: str, hint: str = "") -> ExpressionError:
        return ExpressionError(self._text, node.at, why, hint)

    def _add(
        self,
        code: str,
        *args: int,
        k: float = 0.0,
        days: int = 0,
        least: int = 0,
        name: str = "",
    ) -> int:
        op = SessionOp(code, args, k, days, least, name)
        return self._known.setdefault(op, len(self._known))

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
            raise self._fail(node, "sessions have no times of the day")
        return makers[node.kind](node)

    def _name(self, node: Node) -> Value:
        name = str(node.value)
        if name in CONSTANTS:
            return Value("constant", CONSTANTS[name], k=1.0)
        if name in MASKS:
            return Value("mask", op=self._add("gtk", self._add("input", name=name)))
        if name not in self._series:
            hint = nearest(name, [*self._series, *MASKS, *CONSTANTS])
            raise self._fail(node, f"no {name} in the frame day", hint)
        return Value("row", self._series[name], self._add("input", name=name))

    # --- arithmetic ----------------------------------------------------------------------------

    def _number(self, node: Node) -> Value:
        """A series or a constant."""
        value = self._value(node)
        if value.shape == "mask":
            hint = "x[mask], or where(mask, 1, 0)"
            raise self._fail(node, "a mask where numbers belong", hint)
        return value

    def _row(self, node: Node) -> Value:
        """A series."""
        value = self._value(node)
        if value.shape != "row":
            hint = "where(mask, 1, 0), or x[mask]" if value.shape == "mask" else ""
            raise self._fail(node, f"expected a series, found a {value.shape}", hint)
        return value

    def _mask(self, node: Node) -> Value:
        """A mask."""
        value = self._value(node)
        if value.shape != "mask":
            hint = "compare it: volume > 0"
            raise self._fail(node, f"expected a mask, found a {value.shape}", hint)
        return value

    def _same_unit(self, node: Node, left: Value, right: Value) -> Unit:
        zero = [v.shape == "constant" and v.k == 0 for v in (left, right)]
        if left.unit != right.unit and not any(zero):
            hint = "volume / SHARE and amount / CNY are plain numbers"
            raise self._fail(node, f"{left.unit} beside {right.unit}", hint)
        return right.unit if zero[0] else left.unit

    def _negative(self, node: Node) -> Value:
        value = self._number(node.args[0])
        return self._combine("mul", Value("constant", k=-1.0), value)._replace(unit=value.unit)

    def _two(self, node: Node) -> Value:
        left, right = (self._number(a) for a in node.args)
        code = ARITHMETIC[node.kind]
        if code in ("add", "sub"):
            unit = self._same_unit(node, left, right)
        else:
            unit = left.unit.times(right.unit) if code == "mul" else left.unit / right.unit
        return self._combine(code, left, right)._replace(unit=unit)

    def _combine(self, code: str, left: Value, right: Value) -> Value:
        """The operation on two values; of two constants, the constant."""
        if left.shape == right.shape == "constant":
            return Value("constant", k=fold(code, left.k, right.k))
        if left.shape == "constant":
            return Value("row", op=self._add(_WITH_CONSTANT[code], right.op, k=left.k))
        if right.shape == "constant":
            return Value("row", op=self._with_constant(code, left.op, right.k))
        return Value("row", op=self._binary(code, left.op, right.op))

    def _with_constant(self, code: str, op: int, k: float) -> int:
        if code == "sub":
            return self._add("addk", op, k=-k)
        if code == "div":
            return self._add("mulk", op, k=1.0 / k if k else math.nan)
        return self._add(f"{code}k", op, k=k)

    def _binary(self, code: str, a: int, b: int) -> int:
        if code in ("gt", "ge"):
            code, a, b = SWAPPED[code], b, a
        if code in ("add", "mul", "eq", "ne", "smaller", "larger"):
            a, b = min(a, b), max(a, b)
        return self._add(code, a, b)

    def _power(self, node: Node) -> Value:
        value, power = self._number(node.args[0]), float(node.args[1].value)
        if power not in (2, 3, 4, 0.5):
            raise self._fail(node, f"an exponent of {power:g}", "one of 2, 3, 4 and 0.5")
        if power == 0.5:
            return self._map("sqrt", value)
        found = square = self._combine("mul", value, value)
        if power > 2:
            found = self._combine("mul", square, value if power == 3 else square)
        return found._replace(unit=value.unit**power)

    # --- masks ---------------------------------------------------------------------------------

    def _test(self, node: Node) -> Value:
        left, right = (self._number(a) for a in node.args)
        self._same_unit(node, left, right)
        if left.shape == right.shape == "constant":
            raise self._fail(node, "compares two constants")
        return self._combine(TESTS[node.kind], left, right)._replace(shape="mask")

    def _logic(self, node: Node) -> Value:
        ops = [self._mask(a).op for a in node.args]
        if node.kind == "~":
            return Value("mask", op=self._add("rsubk", *ops, k=1.0))
        return Value("mask", op=self._binary("mul" if node.kind == "&" else "larger", *ops))

    def _select(self, node: Node) -> Value:
        value, mask = self._number(node.args[0]), self._mask(node.args[1])
        return Value("row", value.unit, self._add("select", self._as_row(value), mask.op))

    def _as_row(self, value: Value) -> int:
        return self._add("fill", k=value.k) if value.shape == "constant" else value.op

    # --- functions -----------------------------------------------------------------------------

    def _call(self, node: Node) -> Value:
        name = str(node.value)
        if name not in FUNCTIONS:
            raise self._fail(node, f"no function {name}", nearest(name, list(FUNCTIONS)))
        if name in SESSION_STATS:
            return self._statistic(node, name)
        if node.named:
            raise self._fail(node.named[0][1], f"{name} takes no {node.named[0][0]}=")
        wanted = {"where": 3, "ago": 2, "smaller": 2, "larger": 2}.get(name, 1)
        self._count(node, wanted)
        if name == "where":
            return self._where(node)
        if name == "ago":
            return self._ago(node)
        if wanted == 2:
            return self._extreme(node, name)
        value = self._number(node.args[0])
        if name in ("ln", "exp") and value.unit != PLAIN:
            hint = "divide by SHARE or CNY, or by a value of the same unit"
            raise self._fail(node, f"{name} of {value.unit}", hint)
        return self._map(name, value)

    def _count(self, node: Node, wanted: int) -> None:
        if len(node.args) != wanted:
            why = f"{node.value} takes {wanted} arguments, found {len(node.args)}"
            raise self._fail(node, why)

    def _map(self, name: str, value: Value) -> Value:
        unit = {"sqrt": value.unit**0.5, "abs": value.unit}.get(name, PLAIN)
        if value.shape == "constant":
            return Value("constant", unit, k=fold_map(name, value.k))
        return Value("row", unit, self._add(name, value.op))

    def _where(self, node: Node) -> Value:
        test, yes, no = self._mask(node.args[0]), *(self._number(a) for a in node.args[1:])
        unit = self._same_unit(node, yes, no)
        op = self._add("where", test.op, self._as_row(yes), self._as_row(no))
        return Value("row", unit, op)

    def _extreme(self, node: Node, name: str) -> Value:
        left, right = (self._number(a) for a in node.args)
        unit = self._same_unit(node, left, right)
        if left.shape == right.shape == "constant":
            raise self._fail(node, "two constants")
        return self._combine(name, left, right)._replace(unit=unit)

    def _ago(self, node: Node) -> Value:
        value = self._row(node.args[0])
        days = self._whole(node.args[1], "ago", 1, MAX_DAYS)
        return value._replace(op=self._add("ago", value.op, days=days))

    def _whole(self, node: Node, what: str, low: int, high: int) -> int:
        number = float(node.value) if node.kind == "number" else math.nan
        if not (low <= number <= high and number == int(number)):
            raise self._fail(node, f"{what} wants a whole number from {low} to {high}")
        return int(number)

    def _statistic(self, node: Node, name: str) -> Value:
        self._count(node, 2 if name == "corr" else 1)
        days, least = self._window(node, name)
        values = [self._row(a) for a in node.args]
        if name == "prod" and values[0].unit != PLAIN:
            raise self._fail(node, f"a product of {values[0].unit}")
        op = self._add(name, *sorted(v.op for v in values), days=days, least=least)
        return Value("row", values[0].unit if name in KEEP_UNIT else PLAIN, op)

    def _window(self, node: Node, name: str) -> tuple[int, int]:
        """Sessions and fewest observations; half the sessions, rounded up, if it does not say."""
        given: dict[str, Node] = {}
        for key, value in node.named:
            if key not in ("days", "least"):
                why = f"{name} takes days= and least=, not {key}="
                raise self._fail(value, why, nearest(key, ["days", "least"]))
            if key in given:
                raise self._fail(value, f"{key}= is given twice")
            given[key] = value
        if "days" not in given:
            inside = "x, y" if name == "corr" else "x"
            raise self._fail(node, f"{name} needs days=", f"{name}({inside}, days=20)")
        days = self._whole(given["days"], "days=", 1, MAX_DAYS)
        if "least" not in given:
            return days, (days + 1) // 2
        return days, self._whole(given["least"], "least=", 0, days)
