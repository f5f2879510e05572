"""Constraint: no constituent strays further from the benchmark than its own weight allows."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class StockMultiple(Constraint):
    r""":math:`|w_i - w_{b,i}| \le k \, w_{b,i}` for constituents; other names are left alone.

    Never relaxed. A name that cannot be traded is exempt as far as it cannot comply.

    Parameters
    ----------
    at_most : k, 1 for weights from 0 to twice the benchmark's
    """

    at_most: float
    kind: ClassVar[str] = "stock multiple"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Tighten the box of every constituent."""
        benchmark = snapshot.benchmark.astype(np.float64)
        width = np.where(snapshot.member, self.at_most * benchmark, np.inf)
        program.tighten(benchmark - width, benchmark + width)


class StockMultipleSpec(ConstraintSpec):
    """Band of active weights in index weights; see :class:`StockMultiple`."""

    kind: Literal["stock_multiple"] = "stock_multiple"
    at_most: float = Field(gt=0, description="largest active weight as a multiple of the index's")

    def make(self) -> StockMultiple:
        """The constraint as a problem takes it."""
        return StockMultiple(self.at_most)
