"""Constraint: all money is in stocks."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class FullyInvested(Constraint):
    """Weights sum to 1 (that none is negative holds in every program). Never relaxed. Spec 18.2."""

    kind: ClassVar[str] = "fully invested"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add the budget row."""
        program.add(Row("fully invested", np.ones(len(snapshot.assets)), 1.0, 1.0))


class FullyInvestedSpec(ConstraintSpec):
    """All money is in stocks; see :class:`FullyInvested`."""

    kind: Literal["fully_invested"] = "fully_invested"

    def make(self) -> FullyInvested:
        """The constraint as a problem takes it."""
        return FullyInvested()
