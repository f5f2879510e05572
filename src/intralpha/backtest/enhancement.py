"""EnhancementSpec: what an index-enhancement portfolio and its replay are made of."""

from typing import Any

from pydantic import Field, field_validator, model_validator

from intralpha.backtest.benchmark import BenchmarkSpec
from intralpha.backtest.benchmark_float_cap import FloatCapBenchmarkSpec
from intralpha.backtest.hedge import HedgeSpec
from intralpha.backtest.preset import PORTFOLIOS
from intralpha.backtest.recalibration import RecalibrationSpec
from intralpha.backtest.spec import BacktestSpec
from intralpha.base import Spec
from intralpha.datasets.grid import GridSpec
from intralpha.evaluation.figures import FiguresSpec
from intralpha.portfolio import Planned, PlanSpec, PortfolioSpec, Problem
from intralpha.risk import ExposureSpec, PriceVolumeSpec, RiskModelSpec


class EnhancementSpec(Spec):
    """An index-enhancement portfolio made from the combined signal, and its replay."""

    preset: str | None = Field(
        default=None,
        description="settings of a report, such as s001_csi500, which the other keys change; once "
        "they are taken over it is null again",
    )
    benchmark: BenchmarkSpec = Field(
        default=FloatCapBenchmarkSpec(), description="what the portfolio is measured against"
    )
    grid: GridSpec | None = Field(
        default=None, description="dates of decisions; null: the recipe's grid"
    )
    every: int = Field(default=1, gt=0, description="dates of the grid between decisions")
    exposures: ExposureSpec = Field(
        default=PriceVolumeSpec(), description="style exposures that constraints may name"
    )
    risk: RiskModelSpec | None = Field(
        default=None, description="covariance of the stocks' returns; null: none is estimated"
    )
    recalibration: RecalibrationSpec | None = Field(
        default=None,
        description="the risk model's variances times what the portfolio's own past decisions have "
        "missed; null: as the model has them",
    )
    problem: PortfolioSpec = Field(
        default=PortfolioSpec(), description="what is maximised under which constraints"
    )
    plan: PlanSpec | None = Field(
        default=None,
        description="several trades planned over the returns that the traded factor predicts in "
        "turn, of which the first is made; null: one trade at a time",
    )
    backtest: BacktestSpec = Field(default=BacktestSpec(), description="mechanics of the replay")

    figures: FiguresSpec | None = Field(
        default=None,
        description="figures that the report shows as a certain report counts them, such as s001",
    )

    hedge: HedgeSpec | None = Field(
        default=None,
        description="index futures sold short against the replay, told beside it; null: none",
    )

    @field_validator("figures", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return {"kind": given} if isinstance(given, str) else given

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, given: Any) -> Any:
        return PORTFOLIOS.under(given) if isinstance(given, dict) else given

    def traded(self) -> "EnhancementSpec":
        """What decisions and trades are made of: all but how they are looked at afterwards."""
        return self.model_copy(update={"figures": None, "hedge": None})

    def decider(self) -> Problem | Planned:
        """What gives the weights of a decision."""
        problem = self.problem.make()
        return problem if self.plan is None else Planned(problem)

    def faults(self) -> tuple[str, ...]:
        """What is wrong between its parts, in words; nothing is read."""
        parts = (*self.problem.all_constraints(), *self.problem.all_terms())
        risky = sorted({p.kind for p in parts if p.needs_risk})  # type: ignore[attr-defined]
        found = []
        if risky and self.risk is None:
            found.append(
                f"problem: {', '.join(risky)} needs the covariance of returns; risk is null.\n"
                "Hint: risk: {kind: factors}"
            )
        if self.recalibration is not None and self.risk is None:
            found.append(
                "recalibration: it multiplies the covariance of returns; risk is null.\n"
                "Hint: risk: {kind: factors}"
            )
        floor = any(c.needs_constituents for c in self.problem.all_constraints())
        if floor and not self.benchmark.has_constituents:
            kind = self.benchmark.kind  # type: ignore[attr-defined]
            found.append(
                f"problem.member_min_share: every stock of the universe is a constituent of "
                f"benchmark {kind}, so it holds of itself.\nHint: benchmark: {{kind: index, index: "
                "000905.SH}"
            )
        if self.plan is not None and (counts := sorted({p.kind for p in parts if not p.plannable})):  # type: ignore[attr-defined]
            found.append(
                f"plan: {', '.join(counts)} of the problem cannot be planned ahead; expected "
                "nothing that says which names are held.\nHint: leave it out here, or plan: null "
                "for one trade at a time"
            )
        hedge = () if self.hedge is None else self.hedge.faults()
        return (*found, *(f"hedge.{one}" for one in hedge))
