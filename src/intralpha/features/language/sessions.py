"""Sessions: expressions over days, weeks or months, checked and laid out on arrays [D, A].

Every name stands for a series, one number a stock and session; so does what a statistic over
sessions makes of it. Values are of three shapes: a constant, a ``row`` series, or a ``mask``.
"""

import math
from collections.abc import Callable, Mapping
from typing import NoReturn

from intralpha.base import ConfigError
from intralpha.features.language.graph import Value
from intralpha.features.language.session_plan import SessionOp, SessionOperations, SessionPlan
from intralpha.features.language.session_vocabulary import (
    DAY,
    MASKS,
    OWN_NAMES,
    SERIES,
    SessionVocabulary,
)
from intralpha.features.language.syntax import ExpressionError, Node, naming, nearest
from intralpha.features.language.units import PLAIN, Unit
from intralpha.features.language.vocabulary import CONSTANTS
from intralpha.features.language.walk import SHARED, Walk

KEEP_UNIT = ("mean", "sum", "std", "min", "max", "first", "last", "median")
SESSION_STATS = (*KEEP_UNIT, "count", "skew", "kurt", "prod", "corr")
FUNCTIONS = (*SESSION_STATS, "ago", *SHARED)
MAX_DAYS = 1000


class TakenNameError(ConfigError):
    """A factor has the name of a series of the frame day."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"a factor named {name} cannot be read over sessions: the frame day has a series of "
            f"that name.\nHint: rename the factor in its library."
        )


def plan_sessions(
    factors: Mapping[str, str],
    parts: Mapping[str, Unit] | None = None,
    frame: SessionVocabulary = DAY,
) -> SessionPlan:
    """Check the expressions of a set of factors and lay them out.

    Parameters
    ----------
    factors : name -> expression
    parts : factors of other libraries, with their units; only the frame ``day`` can name them
    frame : what names mean, of sessions or of blocks of them

    Raises
    ------
    ExpressionError
        A text is no expression, a name or a shape does not fit, or units differ.
    TakenNameError
        A part has the name of a series of the frame.

    Examples
    --------
    >>> from intralpha.features.language.session_vocabulary import blocks
    >>> plan = plan_sessions({"trend": "mean(close, days=5) / ago(mean(close, days=5), 20) - 1"})
    >>> plan.inputs, plan.lookback, [op.code for op in plan.ops]
    (('close',), 24, ['input', 'mean', 'ago', 'div', 'addk'])
    >>> plan_sessions({"low": "min(low, weeks=4)"}, frame=blocks("week", 5)).lookback
    19
    """
    for name in parts or {}:
        if name in OWN_NAMES:
            raise TakenNameError(name)
    make = SessionOperations()
    walk = _SessionWalk(frame, make, parts or {})
    ops: dict[str, int] = {}
    for name, text in factors.items():
        with naming(name):
            ops[name] = walk.factor(text)
    return make.plan(ops, walk.units)


class _SessionWalk(Walk):
    """Reads the expressions of one frame."""

    def __init__(
        self, frame: SessionVocabulary, make: SessionOperations, parts: Mapping[str, Unit]
    ) -> None:
        own: dict[str, Callable[[Node], Value]] = {
            **dict.fromkeys(SESSION_STATS, self._statistic),
            "ago": self._ago,
        }
        super().__init__(make, own)
        self._sessions, self._frame, self._parts = make, frame, parts
        self._days = _SessionWalk(DAY, make, {}) if frame.derived else None
        self._named: dict[str, Value] = {}
        self._units: list[Unit] = []

    @property
    def units(self) -> tuple[Unit, ...]:
        """Of the factors so far."""
        return tuple(self._units)

    def factor(self, text: str) -> int:
        """Number of the operation that holds the factor."""
        value = self.read(text)
        if value.shape != "row":
            why = f"ends in a {value.shape}, expected one number a session"
            hint = "where(mask, 1, 0) makes numbers of a mask" if value.shape == "mask" else ""
            raise ExpressionError(text, 0, why, hint)
        self._units.append(value.unit)
        return value.op

    # --- names ---------------------------------------------------------------------------------

    def _name(self, node: Node) -> Value:
        name = str(node.value)
        if name not in self._named:
            known = (*OWN_NAMES, *({} if self._days else self._parts))
            if name not in known:
                hint = nearest(name, list(known))
                self.fail(node, f"no {name} in the frame {self._frame.name}", hint)
            self._named[name] = self._define(name)
        return self._named[name]

    def _define(self, name: str) -> Value:
        if name in CONSTANTS:
            return Value("constant", CONSTANTS[name], k=1.0)
        if self._days:
            return self._days.read(self._frame.derived[name])
        op = self._sessions.keep(SessionOp("input", name=name))
        if name in MASKS:
            return Value("mask", op=self._make.add("gtk", "row", op))
        return Value("row", (SERIES | dict(self._parts))[name], op)

    # --- functions -----------------------------------------------------------------------------

    def _ago(self, node: Node) -> Value:
        self.unnamed(node, 2)
        value = self.row(node, 0)
        rows = self._whole(node.args[1], "ago", 1, self._most)
        op = SessionOp("ago", (value.op,), days=rows * self._frame.sessions)
        return value._replace(op=self._sessions.keep(op))

    @property
    def _most(self) -> int:
        """Rows that may be looked back."""
        return MAX_DAYS // self._frame.sessions

    def _whole(self, node: Node, what: str, low: int, high: int) -> int:
        number = float(node.value) if node.kind == "number" else math.nan
        if not (low <= number <= high and number == int(number)):
            self.fail(node, f"{what} wants a whole number from {low} to {high}")
        return int(number)

    def _statistic(self, node: Node) -> Value:
        name = str(node.value)
        self.count(node, 2 if name == "corr" else 1)
        rows, least = self._window(node, name)
        values = [self.row(node, i) for i in range(len(node.args))]
        if name == "prod" and values[0].unit != PLAIN:
            self.fail(node, f"a product of {values[0].unit}")
        args = tuple(sorted(v.op for v in values))
        stride = self._frame.sessions
        op = self._sessions.keep(SessionOp(name, args, days=rows, least=least, stride=stride))
        return Value("row", values[0].unit if name in KEEP_UNIT else PLAIN, op)

    def _window(self, node: Node, name: str) -> tuple[int, int]:
        """Rows and fewest observations; half the rows, rounded up, if it does not say."""
        counted = self._frame.counted
        given: dict[str, Node] = {}
        for key, value in node.named:
            if key not in (counted, "least"):
                why = f"{name} takes {counted}= and least=, not {key}="
                self.fail(value, why, nearest(key, [counted, "least"]))
            if key in given:
                self.fail(value, f"{key}= is given twice")
            given[key] = value
        if counted not in given:
            inside = "x, y" if name == "corr" else "x"
            self.fail(node, f"{name} needs {counted}=", f"{name}({inside}, {counted}=20)")
        rows = self._whole(given[counted], f"{counted}=", 1, self._most)
        if "least" not in given:
            return rows, (rows + 1) // 2
        return rows, self._whole(given["least"], "least=", 0, rows)

    # --- what sessions refuse ------------------------------------------------------------------

    def _time(self, node: Node) -> NoReturn:
        self.fail(node, "sessions have no times of the day")

    def _refuse_mask(self, node: Node, child: Node) -> NoReturn:
        del node  # the mask itself is pointed at, whatever takes it
        hint = "x[mask], or where(mask, 1, 0)"
        self.fail(child, "a mask where numbers belong", hint)
