"""RowStatistics: from a series to one number a segment, and the mask of its largest values."""

import math

from intralpha.features.language.graph import Value
from intralpha.features.language.operations import both
from intralpha.features.language.row_operations import RowOperations
from intralpha.features.language.syntax import Node, nearest
from intralpha.features.language.units import PLAIN
from intralpha.features.language.walk import Walk

ZERO_LEAST, ONE_LEAST = ("count", "sum"), ("first", "last", "min", "max", "prod")
PLAIN_STATS = ("count", "skew", "kurt", "drawdown", "prod")
STATS = (
    *ZERO_LEAST,
    *ONE_LEAST,
    *("mean", "std", "skew", "kurt", "median", "mad", "drawdown", "tratio", "corr", "acorr"),
)
MAX_LEAST = 100_000
FLAT = 1e-10
OVER_SESSIONS: dict[str, str] = dict.fromkeys(
    ("days", "weeks", "months"),
    "a row knows one session; a second library of the frame day names this factor and takes its "
    "mean (docs/factor-language.md, Grammar)",
)


class RowStatistics:
    """Reads calls of statistics.

    Parameters
    ----------
    walk : reads the arguments
    make : operations are added by it
    least : fewest observations of a statistic that does not say
    most : rows of a segment, of which a statistic may want no more; 0: it may
    """

    def __init__(self, walk: Walk, make: RowOperations, least: int, most: int = 0) -> None:
        self._walk, self._make, self._default, self._most = walk, make, least, most

    def statistic(self, node: Node) -> Value:
        """A number a segment."""
        name = str(node.value)
        least = self._least(node, name)
        self._walk.count(node, 2 if name == "corr" else 1)
        value = self._walk.row(node, 0)
        match name:
            case "acorr":
                return self._acorr(value, least)
            case "corr":
                return self._pair(value, self._walk.row(node, 1), least)
            case "mad":
                return self._mad(value, least)
            case "tratio":
                return self._tratio(value, least)
            case "prod":
                return self._prod(node, value, least)
        found = self._reduce(name, value, least)
        return found._replace(unit=PLAIN) if name in PLAIN_STATS else found

    def top(self, node: Node) -> Value:
        """The mask of the largest values."""
        least = self._least(node, "count")
        self._walk.count(node, 2)
        value, share = self._walk.row(node, 0), self._walk.value(node.args[1])
        if share.shape != "constant" or not 0 < share.k <= 1:
            self._walk.fail(node.args[1], "expected a share above 0, at most 1")
        cropped = self._make.cropped(value)
        return Value("mask", op=self._make.add("top", "row", cropped, k=share.k, least=least))

    def _least(self, node: Node, name: str) -> int:
        least = 0 if name in ZERO_LEAST else 1 if name in ONE_LEAST else self._default
        if len(node.named) > 1:
            why = f"{node.value} takes one argument by name, least="
            self._walk.fail(node.named[1][1], why)
        for key, given in node.named:
            if key != "least":
                why = f"{node.value} takes least=, not {key}="
                self._walk.fail(given, why, OVER_SESSIONS.get(key) or nearest(key, ["least"]))
            value = _number(given)
            if not 0 <= value <= MAX_LEAST or value != int(value):
                self._walk.fail(given, "least= wants a whole number")
            least = int(value)
        if 0 < self._most < least:
            why = f"{node.value} wants {least} observations, a segment has {self._most} rows"
            hint = "choose a smaller least, shorter rows, or leave the factor out (`names`)"
            self._walk.fail(node, why, hint)
        return least

    def _reduce(self, code: str, value: Value, least: int) -> Value:
        lo, hi = value.window or (0, -1)
        op = self._make.add(code, "day", value.op, lo=lo, hi=hi, least=least)
        return Value("day", value.unit, op)

    def _pair(self, a: Value, b: Value, least: int) -> Value:
        lo, hi = both(a.window, b.window) or (0, -1)
        first, second = min(a.op, b.op), max(a.op, b.op)
        op = self._make.add("corr", "day", first, second, lo=lo, hi=hi, least=least)
        return Value("day", op=op)

    def _acorr(self, value: Value, least: int) -> Value:
        cropped = value._replace(op=self._make.cropped(value), window=None)
        before = self._make.add("lag", "row", cropped.op, lo=1)
        return self._pair(cropped, Value("row", value.unit, before), least)

    def _mad(self, value: Value, least: int) -> Value:
        away = self._make.combine("sub", value, self._reduce("median", value, least))
        away = away._replace(op=self._make.add("abs", "row", away.op))
        return self._reduce("median", away, least)._replace(unit=value.unit)

    def _tratio(self, value: Value, least: int) -> Value:
        """Mean over standard deviation, NaN where the latter counts as zero [Spec 1]."""
        make = self._make
        mean, std = (self._reduce(code, value, least).op for code in ("mean", "std"))
        size = make.add("largerk", "day", make.add("abs", "day", mean), k=FLAT)
        spread = make.add("lt", "day", make.add("mulk", "day", size, k=FLAT), std)
        ratio = make.add("div", "day", mean, std)
        return Value("day", op=make.add("select", "day", ratio, spread))

    def _prod(self, node: Node, value: Value, least: int) -> Value:
        if value.unit != PLAIN:
            self._walk.fail(node, f"a product of {value.unit}")
        less_one = self._make.grown(value)
        if less_one is None:
            return self._reduce("prod", value, least)
        return self._reduce("growth", value._replace(op=less_one), least)


def _number(node: Node) -> float:
    """A number, or the larger of two, as of a parameter and what a formula needs; else NaN."""
    if node.kind == "number":
        return float(node.value)
    if node.kind == "call" and node.value == "larger" and len(node.args) == 2 and not node.named:
        return max(map(_number, node.args), key=lambda x: (math.isnan(x), x))
    return math.nan
