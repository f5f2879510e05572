"""Constraint: a name is held with a weight worth holding, or not at all."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class MinimumPosition(Constraint):
    r""":math:`w_i = 0` or :math:`w_i \ge m`.

    Makes the problem a mixed-integer one; see :func:`intralpha.portfolio.counted.solve_counted`.
    Never relaxed. A name that must keep a smaller weight, because it cannot be traded, is exempt.

    Parameters
    ----------
    at_least : m, a fraction of the portfolio
    """

    at_least: float
    kind: ClassVar[str] = "minimum position"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Set the smallest weight that is held."""
        del snapshot
        program.least_held = max(program.least_held, self.at_least)


class MinimumPositionSpec(ConstraintSpec):
    """Smallest weight of a name that is held; see :class:`MinimumPosition`."""

    kind: Literal["minimum_position"] = "minimum_position"
    at_least: float = Field(gt=0, le=1, description="smallest weight that is held")

    @property
    def plannable(self) -> bool:
        """No: names are held or not."""
        return False

    def make(self) -> MinimumPosition:
        """The constraint as a problem takes it."""
        return MinimumPosition(self.at_least)
