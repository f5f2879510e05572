"""What a constraint is: it writes bounds or rows, and may be loosened; its spec makes it."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from jaxtyping import Float
from numpy import ndarray

from intralpha.base import Kinded
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


class Constraint(ABC):
    """One requirement on the weights. A new one is one new file.

    Attributes
    ----------
    kind : the name by which an order of relaxation refers to constraints of this class
    """

    kind: ClassVar[str]

    @abstractmethod
    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Write the requirement into the program."""

    def applies(self, past: Float[ndarray, "A"]) -> bool:
        """Whether the requirement counts at all, given the weights held now."""
        del past
        return True

    def scaled(self, factor: float) -> "Constraint":
        """The same requirement ``factor`` times as wide; itself if it cannot be relaxed."""
        del factor
        return self


class ConstraintSpec(Kinded):
    """A constraint in a recipe. Each stands beside its :class:`Constraint`, one file a kind."""

    homes = ("intralpha.portfolio",)

    @property
    def needs_risk(self) -> bool:
        """Whether it looks at the covariance of returns."""
        return False

    @property
    def plannable(self) -> bool:
        """Whether plans of several trades take it: they do not choose which names are held."""
        return True

    @property
    def needs_constituents(self) -> bool:
        """Whether it says nothing where every stock of the universe is a constituent."""
        return False

    def make(self) -> Constraint:
        """The constraint as a problem takes it."""
        raise NotImplementedError


def wider(bound: float, factor: float) -> float:
    """A bound times a factor; an infinite factor removes even a bound of 0."""
    return math.copysign(math.inf, bound) if math.isinf(factor) else bound * factor
