"""Constraint: a minimum of the money is in constituents of the index."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class MemberShare(Constraint):
    r""":math:`\sum_{i \in M} w_i \ge m`.

    The declared order of relaxation does not name it, so it is never relaxed.

    Parameters
    ----------
    at_least : m, a fraction of the portfolio. Spec 18.2 item 5.
    """

    at_least: float
    kind: ClassVar[str] = "member share"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one row."""
        inside = snapshot.member.astype(np.float64)
        program.add(Row("member share", inside, self.at_least, np.inf))


class MemberShareSpec(ConstraintSpec):
    """Least weight in constituents; see :class:`MemberShare`."""

    kind: Literal["member_share"] = "member_share"
    at_least: float = Field(ge=0, le=1, description="least weight in index constituents")

    @property
    def needs_constituents(self) -> bool:
        """It holds of itself without stocks that are none."""
        return True

    def make(self) -> MemberShare:
        """The constraint as a problem takes it."""
        return MemberShare(self.at_least)
