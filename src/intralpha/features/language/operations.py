"""Operations: what arithmetic, masks and maps on values become, whatever machine runs them."""

import math
from abc import ABC, abstractmethod
from typing import Literal

from intralpha.features.language.constants import fold, fold_map
from intralpha.features.language.graph import Value, Window
from intralpha.features.language.units import PLAIN, Unit

Place = Literal["row", "day"]
ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
TESTS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
COMMUTING = ("add", "mul", "eq", "ne", "smaller", "larger")
CONSTANT_FIRST = {"add": "addk", "mul": "mulk", "sub": "rsubk", "div": "rdivk"}
CONSTANT_FIRST |= {"smaller": "smallerk", "larger": "largerk"}
CONSTANT_FIRST |= {test: f"{SWAPPED[test]}k" for test in SWAPPED}


class Operations(ABC):
    """Adds operations to those of a set; the same one twice is kept once.

    Units, and whether an operand may stand there, are the business of who calls.
    """

    @abstractmethod
    def add(self, code: str, on: Place, *args: int, k: float = 0.0) -> int:
        """Number of the operation.

        Parameters
        ----------
        code : what to do
        on : where the result lives: a series, or one number a segment
        *args : numbers of the operations that are read
        k : a constant operand
        """

    @abstractmethod
    def quotient(self, value: Value) -> tuple[int, ...]:
        """Operands of the division that made a series, if this machine has operations on it."""

    def combine(self, code: str, left: Value, right: Value) -> Value:
        """The operation on two values, its unit left out; of two constants, the constant.

        Parameters
        ----------
        code : of two operands; ``add``, ``sub``, ``mul`` or ``div`` where both are constants
        left, right : no masks

        Returns
        -------
        Value
            A number of the day if both are, or one is beside a constant; else a series, with the
            rows that are inside both windows.
        """
        if left.shape == right.shape == "constant":
            return Value("constant", k=fold(code, left.k, right.k))
        if right.shape == "constant":
            op = self._with_constant(code, left, right.k)
            return Value(place(left), op=op, window=left.window)
        if left.shape == "constant":
            op = self.add(CONSTANT_FIRST[code], place(right), right.op, k=left.k)
            return Value(place(right), op=op, window=right.window)
        if left.shape == right.shape == "day":
            return Value("day", op=self.pair(code, "day", left.op, right.op))
        ops = [self.as_row(v) for v in (left, right)]
        window = both(left.window, right.window)
        return Value("row", op=self.pair(code, "row", *ops), window=window)

    def _with_constant(self, code: str, left: Value, k: float) -> int:
        on, parts = place(left), self.quotient(left)
        if code == "sub" and k == 1.0 and parts:
            return self.add("reldiff", "row", *parts)
        if code == "sub":
            return self.add("addk", on, left.op, k=-k)
        if code == "div":
            return self.add("mulk", on, left.op, k=1.0 / k if k else math.nan)
        return self.add(f"{code}k", on, left.op, k=k)

    def pair(self, code: str, on: Place, a: int, b: int) -> int:
        """The operation on two others, in the one order that each pair is kept in.

        Parameters
        ----------
        code : of two operands; ``gt`` and ``ge`` become ``lt`` and ``le``
        on : where both operands and the result live
        a, b : numbers of the operands
        """
        if code in ("gt", "ge"):
            code, a, b = SWAPPED[code], b, a
        if code in COMMUTING:
            a, b = min(a, b), max(a, b)
        return self.add(code, on, a, b)

    def map(self, name: str, value: Value) -> Value:
        """A function of each number: abs, sign, sqrt, ln, exp or normal."""
        unit = mapped_unit(name, value.unit)
        if value.shape == "constant":
            return Value("constant", unit, k=fold_map(name, value.k))
        parts = self.quotient(value) if name == "ln" else ()
        if parts:
            op = self.add("logratio", "row", *parts)
        else:
            op = self.add(name, place(value), value.op)
        return value._replace(unit=unit, op=op)

    def as_row(self, value: Value) -> int:
        """The operation as a series; a number of the day is repeated in every row."""
        if value.shape == "day":
            return self.add("expand", "row", value.op)
        if value.shape == "constant":
            return self.add("fill", "row", k=value.k)
        return value.op

    def as_day(self, value: Value) -> int:
        """The operation as a number of the day."""
        return self.add("fill", "day", k=value.k) if value.shape == "constant" else value.op

    def cropped(self, value: Value) -> int:
        """The operation as a series with rows outside the window made absent."""
        op = self.as_row(value)
        if value.window is None:
            return op
        return self.crop("cropmask" if value.shape == "mask" else "crop", op, value.window)

    @abstractmethod
    def crop(self, code: str, op: int, window: Window) -> int:
        """A series without the rows outside a window.

        Parameters
        ----------
        code : ``crop``, rows outside are NaN; ``cropmask``, they are 0
        op : number of the series
        window : first row that stays, and the one after the last
        """

    def whole_mask(self, value: Value) -> int:
        """A mask as an operation, its window worked in."""
        if value.op < 0:
            value = value._replace(op=self.add("fill", "row", k=1.0))
        return self.cropped(value)


def place(value: Value) -> Place:
    """Where an operation on a value and a constant lives."""
    return "day" if value.shape == "day" else "row"


def mapped_unit(name: str, unit: Unit) -> Unit:
    """Unit of a function of numbers of some unit."""
    return {"sqrt": unit**0.5, "abs": unit}.get(name, PLAIN)


def both(a: Window | None, b: Window | None) -> Window | None:
    """Rows inside both windows; an empty one is (0, 0)."""
    if a is None or b is None:
        return a or b
    lo, hi = max(a[0], b[0]), min(a[1], b[1])
    return (lo, hi) if lo < hi else (0, 0)
