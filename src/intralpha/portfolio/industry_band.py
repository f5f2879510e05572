"""Constraint: the weight of each industry stays near the benchmark's."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.portfolio.constraint import Constraint, ConstraintSpec, wider
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot


@dataclass(frozen=True)
class IndustryBand(Constraint):
    r""":math:`|I^\top (w - w_b)| \le h` for every industry of the snapshot.

    Parameters
    ----------
    at_most : h, a fraction of the portfolio; 0 for strict neutrality. Spec 18.2 item 3.
    """

    at_most: float
    kind: ClassVar[str] = "industry"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one row an industry."""
        benchmark = np.bincount(snapshot.industry, weights=snapshot.benchmark)
        for code in np.unique(snapshot.industry):
            inside = (snapshot.industry == code).astype(np.float64)
            middle, name = float(benchmark[code]), f"industry {snapshot.industry_label(int(code))}"
            program.add(Row(name, inside, middle - self.at_most, middle + self.at_most))

    def scaled(self, factor: float) -> "IndustryBand":
        """A wider band."""
        return replace(self, at_most=wider(self.at_most, factor))


class IndustryBandSpec(ConstraintSpec):
    """Band of every industry; see :class:`IndustryBand`."""

    kind: Literal["industry_band"] = "industry_band"
    at_most: float = Field(ge=0, description="largest active weight of one industry")

    def make(self) -> IndustryBand:
        """The constraint as a problem takes it."""
        return IndustryBand(self.at_most)
