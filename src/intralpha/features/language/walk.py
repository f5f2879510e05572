"""Walk: from the tree of an expression to values, with shapes and units checked on the way."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import NoReturn

from intralpha.features.language.constants import fold_power
from intralpha.features.language.graph import Value
from intralpha.features.language.operations import ARITHMETIC, TESTS, Operations, both
from intralpha.features.language.syntax import COMPARISONS, ExpressionError, Node, nearest, parse
from intralpha.features.language.units import PLAIN, Unit

MAPS = ("abs", "sign", "sqrt", "ln", "exp", "normal")
SHARED = (*MAPS, "smaller", "larger", "where")
POWERS = (2, 3, 4, 0.5)


class Walk(ABC):
    """Reads expressions: arithmetic, comparisons, masks and functions of single numbers.

    What a name stands for, and the functions of a frame's own, are told by the child.

    Parameters
    ----------
    make : operations are added by it
    own : name -> reader of a call, for the functions of the frame's own
    elsewhere : name -> hint, for functions that only other frames have
    """

    def __init__(
        self,
        make: Operations,
        own: dict[str, Callable[[Node], Value]],
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self._make, self._own, self._elsewhere = make, own, elsewhere or {}
        self._text = ""
        self._makers: dict[str, Callable[[Node], Value]] = {
            "number": lambda node: Value("constant", k=float(node.value)),
            "clock": self._time,
            "name": self._name,
            "call": self._call,
            "select": self._select,
            "neg": self._negative,
            "**": self._power,
            **dict.fromkeys(("&", "|", "~"), self._logic),
            **dict.fromkeys(COMPARISONS, self._test),
            **dict.fromkeys(ARITHMETIC, self._two),
        }

    @abstractmethod
    def _name(self, node: Node) -> Value:
        """What a name stands for."""

    @abstractmethod
    def _time(self, node: Node) -> NoReturn:
        """Refuses a time that stands where a value belongs."""
        raise NotImplementedError

    @abstractmethod
    def _refuse_mask(self, node: Node, child: Node) -> NoReturn:
        """Refuses a mask ``child`` that stands where ``node`` takes numbers."""
        raise NotImplementedError

    # --- what functions of a frame's own are made with ------------------------------------------

    def read(self, text: str) -> Value:
        """What an expression stands for; it may be read while another one is."""
        outer, self._text = self._text, text
        value = self.value(parse(text))
        self._text = outer
        return value

    def fail(self, node: Node, why: str, hint: str = "") -> NoReturn:
        """Refuses what stands there.

        Parameters
        ----------
        node : the place of the text that the error points at
        why : what was found
        hint : what to do; may be empty

        Raises
        ------
        ExpressionError
            Always.
        """
        raise ExpressionError(self._text, node.at, why, hint)

    def value(self, node: Node) -> Value:
        """What a part of the expression stands for."""
        return self._makers[node.kind](node)

    def row(self, node: Node, i: int) -> Value:
        """An argument that must be a series."""
        value = self.value(node.args[i])
        if value.shape != "row":
            hint = "where(mask, 1, 0), or x[mask]" if value.shape == "mask" else ""
            self.fail(node.args[i], f"expected a series, found a {value.shape}", hint)
        return value

    def same_unit(self, node: Node, left: Value, right: Value) -> Unit:
        """The unit of both; a literal 0 has every unit.

        Parameters
        ----------
        node : the operation, which the error points at
        left, right : its operands

        Raises
        ------
        ExpressionError
            The units differ.
        """
        zero = [v.shape == "constant" and v.k == 0 for v in (left, right)]
        if left.unit != right.unit and not any(zero):
            hint = "volume / SHARE, amount / CNY and trades / TRADE are plain numbers"
            self.fail(node, f"{left.unit} beside {right.unit}", hint)
        return right.unit if zero[0] else left.unit

    def count(self, node: Node, *counts: int) -> None:
        """Refuses another number of arguments."""
        if len(node.args) not in counts:
            wanted = " or ".join(map(str, counts))
            self.fail(node, f"{node.value} takes {wanted} arguments, found {len(node.args)}")

    def unnamed(self, node: Node, *counts: int) -> None:
        """Refuses arguments by name, and another number of those without."""
        if node.named:
            self.fail(node.named[0][1], f"{node.value} takes no {node.named[0][0]}=")
        self.count(node, *counts)

    # --- arithmetic ----------------------------------------------------------------------------

    def _numbers(self, node: Node, first: int = 0) -> list[Value]:
        """The arguments from that one on, none of them a mask."""
        children = node.args[first:]
        values = [self.value(child) for child in children]
        for child, value in zip(children, values, strict=True):
            if value.shape == "mask":
                self._refuse_mask(node, child)
        return values

    def _negative(self, node: Node) -> Value:
        (value,) = self._numbers(node)
        minus = Value("constant", k=-1.0)
        return self._make.combine("mul", value, minus)._replace(unit=value.unit)

    def _two(self, node: Node) -> Value:
        left, right = self._numbers(node)
        code = ARITHMETIC[node.kind]
        if code in ("add", "sub"):
            unit = self.same_unit(node, left, right)
        else:
            unit = left.unit.times(right.unit) if code == "mul" else left.unit / right.unit
        return self._make.combine(code, left, right)._replace(unit=unit)

    def _power(self, node: Node) -> Value:
        value, exponent = self._numbers(node)
        power = exponent.k
        if power not in POWERS:
            self.fail(node, f"an exponent of {power:g}", "one of 2, 3, 4 and 0.5")
        unit = value.unit**power
        if value.shape == "constant":
            return Value("constant", unit, k=fold_power(value.k, power))
        if power == 0.5:
            return self._make.map("sqrt", value)
        found = square = self._make.combine("mul", value, value)
        if power > 2:
            found = self._make.combine("mul", square, value if power == 3 else square)
        return found._replace(unit=unit)

    # --- masks ---------------------------------------------------------------------------------

    def _mask(self, child: Node, value: Value) -> None:
        if value.shape != "mask":
            why = f"expected a mask, found a {value.shape}"
            self.fail(child, why, "compare it: volume > 0")

    def _test(self, node: Node) -> Value:
        left, right = self._numbers(node)
        self.same_unit(node, left, right)
        if left.shape == right.shape == "constant":
            self.fail(node, "compares two constants")
        found = self._make.combine(TESTS[node.kind], left, right)
        return found if found.shape == "day" else found._replace(shape="mask")

    def _logic(self, node: Node) -> Value:
        make, values = self._make, [self.value(child) for child in node.args]
        for child, value in zip(node.args, values, strict=True):
            self._mask(child, value)
        if node.kind == "&":
            a, b = values
            window = both(a.window, b.window)
            if a.op < 0 or b.op < 0:
                return Value("mask", op=max(a.op, b.op), window=window)
            return Value("mask", op=make.pair("mul", "row", a.op, b.op), window=window)
        ops = [make.whole_mask(v) for v in values]
        if node.kind == "~":
            return Value("mask", op=make.add("rsubk", "row", ops[0], k=1.0))
        return Value("mask", op=make.pair("larger", "row", *ops))

    def _select(self, node: Node) -> Value:
        value, mask = (self.value(child) for child in node.args)
        self._mask(node.args[1], mask)
        if value.shape == "mask":
            self._refuse_mask(node, node.args[0])
        op = self._make.as_row(value)
        op = op if mask.op < 0 else self._make.add("select", "row", op, mask.op)
        return Value("row", value.unit, op, window=both(value.window, mask.window))

    # --- functions -----------------------------------------------------------------------------

    def _call(self, node: Node) -> Value:
        name = str(node.value)
        if name in self._own:
            return self._own[name](node)
        if name not in SHARED:
            hint = self._elsewhere.get(name) or nearest(name, [*self._own, *SHARED])
            self.fail(node, f"no function {name}", hint)
        if name == "where":
            return self._where(node)
        return self._map(node, name) if name in MAPS else self._extreme(node, name)

    def _map(self, node: Node, name: str) -> Value:
        self.unnamed(node, 1)
        (value,) = self._numbers(node)
        if name in ("ln", "exp", "normal") and value.unit != PLAIN:
            hint = "divide by SHARE, CNY or TRADE, or by a value of the same unit"
            self.fail(node, f"{name} of {value.unit}", hint)
        return self._make.map(name, value)

    def _extreme(self, node: Node, name: str) -> Value:
        self.unnamed(node, 2)
        left, right = self._numbers(node)
        unit = self.same_unit(node, left, right)
        if left.shape == right.shape == "constant":
            self.fail(node, "two constants")
        return self._make.combine(name, left, right)._replace(unit=unit)

    def _where(self, node: Node) -> Value:
        self.unnamed(node, 3)
        make, test = self._make, self.value(node.args[0])
        yes, no = self._numbers(node, first=1)
        unit = self.same_unit(node, yes, no)
        if test.shape == "day" and "row" not in (yes.shape, no.shape):
            ops = [make.as_day(v) for v in (yes, no)]
            return Value("day", unit, make.add("where", "day", test.op, *ops))
        if test.shape != "day":
            self._mask(node.args[0], test)
        mask = make.as_row(test) if test.shape == "day" else make.whole_mask(test)
        ops = [make.cropped(v) for v in (yes, no)]
        return Value("row", unit, make.add("where", "row", mask, *ops))
