"""Constraint: how much may be traded at one rebalance."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec, wider
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class Turnover(Constraint):
    r""":math:`\sum_i |w_i - w_{0,i}| \le 2 \cdot \text{one-sided}`.

    Off at the first rebalance, when nothing is held. Money that stayed cash counts when it is
    invested. The weights held now must be the drifted ones.

    Parameters
    ----------
    one_sided : cap on half the traded weight; infinite for none. Spec 18.2 item 6.
    """

    one_sided: float
    kind: ClassVar[str] = "turnover"

    def applies(self, past: Float[ndarray, "A"]) -> bool:
        """Only once something is held."""
        return bool(past.any())

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one row on the trades."""
        if np.isfinite(self.one_sided):
            every = np.ones(len(snapshot.assets))
            program.add(Row("turnover", every, -np.inf, 2 * self.one_sided, on="trades"))

    def scaled(self, factor: float) -> "Turnover":
        """A higher cap."""
        return Turnover(wider(self.one_sided, factor))


class TurnoverSpec(ConstraintSpec):
    """Cap on the trades of a rebalance; see :class:`Turnover`."""

    kind: Literal["turnover"] = "turnover"
    one_sided: float = Field(gt=0, description="cap on half the traded weight")

    def make(self) -> Turnover:
        """The constraint as a problem takes it."""
        return Turnover(self.one_sided)
