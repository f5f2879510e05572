"""Constraint: a minimum of the money is in constituents of the index."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from intralpha.portfolio.constraint import Constraint
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
