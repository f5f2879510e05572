"""Constraint: names that cannot be traded are not traded."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class Blocked(Constraint):
    r"""Suspended :math:`w_i = w_{0,i}`, at limit-up :math:`\le`, at limit-down :math:`\ge`.

    From ``can_buy`` and ``can_sell`` of the snapshot. Never relaxed; it wins over the stock
    deviation. Spec 18.2 item 8.
    """

    kind: ClassVar[str] = "blocked"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Block purchases and sales."""
        program.block(snapshot.can_buy, snapshot.can_sell)


class BlockedSpec(ConstraintSpec):
    """Names that cannot be traded are not; see :class:`Blocked`."""

    kind: Literal["blocked"] = "blocked"

    def make(self) -> Blocked:
        """The constraint as a problem takes it."""
        return Blocked()
