"""Constraint: how much may be bought and sold together at one rebalance."""

from typing import Literal

from pydantic import Field

from intralpha.portfolio.constraint import ConstraintSpec
from intralpha.portfolio.turnover import Turnover


class TurnoverTwoSidedSpec(ConstraintSpec):
    """Cap on all traded weight, bought and sold, of a rebalance; see :class:`Turnover`."""

    kind: Literal["turnover_two_sided"] = "turnover_two_sided"
    two_sided: float = Field(gt=0, description="cap on the traded weight, purchases and sales")

    def make(self) -> Turnover:
        """The constraint as a problem takes it."""
        return Turnover(self.two_sided / 2)
