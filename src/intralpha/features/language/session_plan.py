"""SessionPlan: operations on arrays [D, A] of a set of factors, each different one kept once."""

from dataclasses import dataclass
from typing import NamedTuple

from intralpha.features.language.graph import Value, Window
from intralpha.features.language.operations import Operations, Place
from intralpha.features.language.units import Unit


class SessionOp(NamedTuple):
    """One operation on arrays [D, A].

    Attributes
    ----------
    code : what to do; ``input`` reads ``name``
    args : numbers of the operations that are read, all before this one
    k : a constant operand
    days : rows of a statistic's window, today's included; of ``ago``, sessions to go back
    least : fewest observations of a statistic
    stride : sessions from one row of a statistic's window to the next
    """

    code: str
    args: tuple[int, ...] = ()
    k: float = 0.0
    days: int = 0
    least: int = 0
    name: str = ""
    stride: int = 1

    @property
    def reach(self) -> int:
        """Sessions before today that this operation alone looks back."""
        return self.days if self.code == "ago" else max(self.days - 1, 0) * self.stride


@dataclass(frozen=True)
class SessionPlan:
    """Operations of a set of factors; what several of them need is there once.

    Attributes
    ----------
    names : factors
    ops : operations, each reads earlier ones only
    outputs : operation that holds each factor
    lookbacks : sessions before a date that each factor's value is made from
    units : of the factors
    """

    names: tuple[str, ...]
    ops: tuple[SessionOp, ...]
    outputs: tuple[int, ...]
    lookbacks: tuple[int, ...]
    units: tuple[Unit, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Series that are read."""
        return tuple(op.name for op in self.ops if op.code == "input")

    @property
    def lookback(self) -> int:
        """The longest look-back of the factors."""
        return max(self.lookbacks, default=0)

    def lookbacks_of_inputs(self) -> dict[str, int]:
        """Series -> sessions before a date that it is read from."""
        back = [0] * len(self.ops)
        for i in reversed(range(len(self.ops))):
            for a in self.ops[i].args:
                back[a] = max(back[a], back[i] + self.ops[i].reach)
        return {op.name: n for op, n in zip(self.ops, back, strict=True) if op.code == "input"}


class SessionOperations(Operations):
    """Adds operations on sessions, and lays them out."""

    def __init__(self) -> None:
        self._known: dict[SessionOp, int] = {}

    def keep(self, op: SessionOp) -> int:
        """Number of the operation."""
        return self._known.setdefault(op, len(self._known))

    def add(self, code: str, on: Place, *args: int, k: float = 0.0) -> int:
        """Number of the operation; every value of a session is a series."""
        del on
        return self.keep(SessionOp(code, args, k))

    def quotient(self, value: Value) -> tuple[int, ...]:
        """Nothing: numbers over sessions are float64, which a ratio near 1 leaves digits enough."""
        del value
        return ()

    def crop(self, code: str, op: int, window: Window) -> int:
        """Never asked for: sessions have no windows."""
        raise NotImplementedError(f"{code} of {op} to {window}: sessions have no windows")

    def plan(self, factors: dict[str, int], units: tuple[Unit, ...] = ()) -> SessionPlan:
        """The plan of some factors, name -> operation."""
        ops = tuple(self._known)
        back: list[int] = []
        for op in ops:
            back.append(op.reach + max((back[a] for a in op.args), default=0))
        outputs = tuple(factors.values())
        return SessionPlan(tuple(factors), ops, outputs, tuple(back[o] for o in outputs), units)
