"""Constraint: the portfolio's return stays near the benchmark's, as a risk estimate sees it."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from intralpha.base import DataError
from intralpha.portfolio.constraint import Constraint, ConstraintSpec, wider
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.spread import Cone, Spread
from intralpha.risk.estimate import RiskEstimate


class NoRiskError(DataError):
    """A part of the problem needs a risk estimate and there is none."""

    def __init__(self, date: np.datetime64, part: str) -> None:
        self.date, self.part = date, part
        super().__init__(
            f"{part} on {date}: the snapshot has no risk estimate; expected one of its assets.\n"
            "Hint: give the portfolio a risk model, or leave this part out."
        )


@dataclass(frozen=True)
class TrackingError(Constraint):
    r""":math:`\sqrt{n \, (w - w_b)^\top \Sigma (w - w_b)} \le t`, n sessions a year.

    Makes the problem a second-order cone program, solved by Clarabel in factor form.

    Parameters
    ----------
    at_most : t, standard deviation of a year's active return
    sessions_per_year : n. Spec 18.2 item 7, with daily instead of weekly covariances.

    Raises
    ------
    NoRiskError
        The snapshot has no risk estimate.
    """

    at_most: float
    sessions_per_year: float = 244.0
    kind: ClassVar[str] = "tracking error"

    def contribute(self, program: LinearProgram, snapshot: Snapshot) -> None:
        """Add one cone."""
        if np.isfinite(self.at_most):
            spread = Spread.of(
                known_risk(snapshot, self.kind), snapshot.benchmark, self.sessions_per_year
            )
            program.cones.append(Cone(self.kind, spread, self.at_most))

    def scaled(self, factor: float) -> "TrackingError":
        """A wider cone."""
        return replace(self, at_most=wider(self.at_most, factor))


def known_risk(snapshot: Snapshot, part: str) -> RiskEstimate:
    """The snapshot's estimate, or an error that names who needs it."""
    if snapshot.risk is None:
        raise NoRiskError(snapshot.date, part)
    return snapshot.risk


class TrackingErrorSpec(ConstraintSpec):
    """Cap on the expected tracking error; see :class:`TrackingError`."""

    kind: Literal["tracking_error"] = "tracking_error"
    at_most: float = Field(gt=0, description="tracking error of a year, a fraction")
    sessions_per_year: float = Field(
        default=244.0, gt=0, description="turns a session's variance into a year's"
    )

    @property
    def needs_risk(self) -> bool:
        """It does."""
        return True

    def make(self) -> TrackingError:
        """The constraint as a problem takes it."""
        return TrackingError(self.at_most, self.sessions_per_year)
