"""Term: the variance of the active return, which is avoided."""

from dataclasses import dataclass
from typing import Literal

from intralpha.base import ConfigError
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.spread import Penalty, Spread
from intralpha.portfolio.terms import Term, TermSpec
from intralpha.portfolio.tracking_error import known_risk


class NotConcaveError(ConfigError):
    """A variance that would be sought: such a problem has no best answer that can be proved."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        super().__init__(
            f"risk_aversion has the factor {factor:g}; expected 0 or less.\n"
            "Hint: subtract the term, or give it a negative factor: variance is avoided."
        )


@dataclass(frozen=True)
class RiskAversion(Term):
    r"""Variance of one session's active return, :math:`(w - w_b)^\top \Sigma (w - w_b)`.

    Subtract it, with a factor that turns it into the units of the signal.

    Raises
    ------
    NoRiskError
        The snapshot has no risk estimate.
    NotConcaveError
        Its factor is above 0.
    """

    def contribute(self, program: LinearProgram, snapshot: Snapshot, factor: float) -> None:
        """Add a penalty.

        Parameters
        ----------
        program : the program that is written, over A assets
        snapshot : gives the risk estimate
        factor : worth of one unit of the term; negative
        """
        if factor > 0:
            raise NotConcaveError(factor)
        if factor < 0:
            spread = Spread.of(known_risk(snapshot, "risk aversion"), snapshot.benchmark)
            program.penalties.append(Penalty("risk aversion", spread, -factor))


class RiskAversionSpec(TermSpec):
    """Variance of a session's active return, with a negative factor; see :class:`RiskAversion`."""

    kind: Literal["risk_aversion"] = "risk_aversion"

    @property
    def needs_risk(self) -> bool:
        """It does."""
        return True

    def make(self) -> RiskAversion:
        """The term as an objective takes it, without its factor."""
        return RiskAversion()
