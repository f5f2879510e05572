"""Constraint: no more than so many names are held."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class Cardinality(Constraint):
    """At most so many names have a weight above 0.

    Makes the problem a mixed-integer one; see :func:`intralpha.portfolio.counted.solve_counted`.
    Never relaxed. Names that cannot be sold count.

    Parameters
    ----------
    at_most : names
    """

    at_most: int
    kind: ClassVar[str] = "cardinality"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Cap the number of names."""
        del snapshot
        before = program.most_names
        program.most_names = self.at_most if before is None else min(before, self.at_most)


class CardinalitySpec(ConstraintSpec):
    """Largest number of names held; see :class:`Cardinality`."""

    kind: Literal["cardinality"] = "cardinality"
    at_most: int = Field(gt=0, description="names that may be held")

    @property
    def plannable(self) -> bool:
        """No: names are held or not."""
        return False

    def make(self) -> Cardinality:
        """The constraint as a problem takes it."""
        return Cardinality(self.at_most)
