"""The algebra of objectives: terms are added, subtracted and scaled."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from pydantic import Field

from intralpha.base import Kinded
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


class Term(ABC):
    """Something worth having (or avoiding), linear in weights or trades."""

    @abstractmethod
    def contribute(self, program: LinearProgram, snapshot: Snapshot, factor: float) -> None:
        """Add ``factor`` times this term to the objective that is maximised.

        Parameters
        ----------
        program : the program that is written, over A assets
        snapshot : what is known at the decision
        factor : worth of one unit of the term
        """

    def __mul__(self, factor: float | int) -> "Objective":
        return Objective(((float(factor), self),))

    def __rmul__(self, factor: float | int) -> "Objective":
        return self * factor

    def __neg__(self) -> "Objective":
        return self * -1.0

    def __add__(self, other: "Term | Objective") -> "Objective":
        return self * 1.0 + other

    def __sub__(self, other: "Term | Objective") -> "Objective":
        return self * 1.0 - other


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms.

    Parameters
    ----------
    parts : (factor, term) pairs

    Examples
    --------
    >>> from intralpha.portfolio import ActiveReturn, CostSpec, TradingCost
    >>> objective = ActiveReturn() - 2 * TradingCost(CostSpec())
    >>> [(factor, type(term).__name__) for factor, term in objective.parts]
    [(1.0, 'ActiveReturn'), (-2.0, 'TradingCost')]
    """

    parts: tuple[tuple[float, Term], ...]

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Write every part into the program."""
        for factor, term in self.parts:
            term.contribute(program, snapshot, factor)

    def __add__(self, other: "Term | Objective") -> "Objective":
        more = other if isinstance(other, Objective) else other * 1.0
        return Objective(self.parts + more.parts)

    def __sub__(self, other: "Term | Objective") -> "Objective":
        return self + other * -1.0

    def __mul__(self, factor: float | int) -> "Objective":
        return Objective(tuple((float(factor) * f, term) for f, term in self.parts))

    def __rmul__(self, factor: float | int) -> "Objective":
        return self * factor

    def __neg__(self) -> "Objective":
        return self * -1.0


class TermSpec(Kinded):
    """A term in a recipe. Each stands beside its :class:`Term`, one file a kind."""

    homes = ("intralpha.portfolio",)
    factor: float = Field(
        default=1.0,
        allow_inf_nan=False,
        description="signal units that one unit of the term is worth; negative for what is avoided",
    )

    @property
    def needs_risk(self) -> bool:
        """Whether it looks at the covariance of returns."""
        return False

    @property
    def plannable(self) -> bool:
        """Whether plans of several trades take it."""
        return True

    def make(self) -> Term:
        """The term as an objective takes it, without its factor."""
        raise NotImplementedError
