"""Constraint: no single name strays far from its benchmark weight."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class StockDeviation(Constraint):
    r""":math:`|w_i - w_{b,i}| \le d`, and :math:`w_i \le d` for names outside the index.

    Never relaxed. A name that cannot be traded is exempt as far as it cannot comply.

    Parameters
    ----------
    at_most : d, a fraction of the portfolio. Spec 18.2 item 4.
    """

    at_most: float
    kind: ClassVar[str] = "stock deviation"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Tighten the box of every weight."""
        benchmark = snapshot.benchmark.astype(np.float64)
        upper = np.where(snapshot.member, benchmark + self.at_most, self.at_most)
        program.tighten(benchmark - self.at_most, np.maximum(upper, benchmark - self.at_most))


class StockDeviationSpec(ConstraintSpec):
    """Band of every active weight; see :class:`StockDeviation`."""

    kind: Literal["stock_deviation"] = "stock_deviation"
    at_most: float = Field(gt=0, le=1, description="largest active weight of one name")

    def make(self) -> StockDeviation:
        """The constraint as a problem takes it."""
        return StockDeviation(self.at_most)
