"""PortfolioSpec: the problem of Spec 18.2 as configuration."""

from pydantic import Field

from intralpha.base import Spec
from intralpha.portfolio.active_return import ActiveReturnSpec
from intralpha.portfolio.blocked import BlockedSpec
from intralpha.portfolio.constraint import ConstraintSpec
from intralpha.portfolio.costs import CostSpec
from intralpha.portfolio.fully_invested import FullyInvestedSpec
from intralpha.portfolio.industry_band import IndustryBandSpec
from intralpha.portfolio.member_share import MemberShareSpec
from intralpha.portfolio.problem import Problem
from intralpha.portfolio.stock_deviation import StockDeviationSpec
from intralpha.portfolio.style_band import StyleBandSpec
from intralpha.portfolio.terms import Objective, TermSpec
from intralpha.portfolio.tracking_error import TrackingErrorSpec
from intralpha.portfolio.trading_cost import TradingCostSpec
from intralpha.portfolio.turnover import TurnoverSpec
from intralpha.portfolio.turnover_two_sided import TurnoverTwoSidedSpec


class PortfolioSpec(Spec):
    """Terms and constraints of an index-enhancement portfolio [Spec 18.2].

    The named settings are a preset: each stands for one term or constraint. ``terms`` and
    ``constraints`` hold further ones of any kind, those of plug-ins among them.
    """

    stock_deviation: float = Field(
        default=0.01, gt=0, le=1, description="largest active weight of one name"
    )
    industry_deviation: float | None = Field(
        default=0.02, ge=0, description="largest active weight of one industry; null for none"
    )
    style_bounds: dict[str, float] = Field(
        default={}, description="exposure name -> largest active exposure, both directions"
    )
    member_min_share: float | None = Field(
        default=None, ge=0, le=1, description="least weight in index constituents; null for none"
    )
    turnover_one_sided: float | None = Field(
        default=0.2, gt=0, description="cap on half the traded weight of a rebalance; null for none"
    )
    turnover_two_sided: float | None = Field(
        default=None,
        gt=0,
        description="cap on all traded weight of a rebalance, instead of turnover_one_sided",
    )
    tracking_error: float | None = Field(
        default=None,
        gt=0,
        description="largest expected tracking error of a year; needs a risk model; null for none",
    )
    costs: CostSpec = Field(
        default=CostSpec(), description="charges, the same in the objective and in the back-test"
    )
    cost_weight: float = Field(
        default=0.0,
        ge=0,
        description="signal units worth a cost of 100 %; 0: costs are not weighed",
    )
    min_weight: float = Field(
        default=1e-4, ge=0, lt=0.01, description="smaller weights are set to 0 after solving"
    )
    constraints: tuple[ConstraintSpec, ...] = Field(
        default=(), description="further constraints, each with its kind"
    )
    terms: tuple[TermSpec, ...] = Field(
        default=(), description="further terms of the objective, each with its kind and factor"
    )

    def all_constraints(self) -> tuple[ConstraintSpec, ...]:
        """The preset's constraints, then the further ones, then tradability."""
        made: list[ConstraintSpec] = [
            FullyInvestedSpec(),
            StockDeviationSpec(at_most=self.stock_deviation),
        ]
        made += [StyleBandSpec(style=name, at_most=b) for name, b in self.style_bounds.items()]
        if self.industry_deviation is not None:
            made.append(IndustryBandSpec(at_most=self.industry_deviation))
        if self.member_min_share is not None:
            made.append(MemberShareSpec(at_least=self.member_min_share))
        if self.tracking_error is not None:
            made.append(TrackingErrorSpec(at_most=self.tracking_error))
        if self.turnover_two_sided is not None:
            made.append(TurnoverTwoSidedSpec(two_sided=self.turnover_two_sided))
        elif self.turnover_one_sided is not None:
            made.append(TurnoverSpec(one_sided=self.turnover_one_sided))
        return (*made, *self.constraints, BlockedSpec())

    def all_terms(self) -> tuple[TermSpec, ...]:
        """The active signal, the costs if they are weighed, then the further terms."""
        made: list[TermSpec] = [ActiveReturnSpec()]
        if self.cost_weight > 0:
            made.append(TradingCostSpec(factor=-self.cost_weight, costs=self.costs))
        return (*made, *self.terms)

    def make(self) -> Problem:
        """The problem these settings describe.

        Returns
        -------
        Problem
            Maximises the active signal, less ``cost_weight`` times the trading cost, plus the
            further terms.
        """
        objective = Objective(tuple((t.factor, t.make()) for t in self.all_terms()))
        constraints = tuple(c.make() for c in self.all_constraints())
        return Problem(objective, constraints, min_weight=self.min_weight)
