"""PortfolioSpec: the problem of Spec 18.2 as configuration, and build()."""

from pydantic import Field

from intralpha.base import Spec
from intralpha.portfolio.active_return import ActiveReturn
from intralpha.portfolio.blocked import Blocked
from intralpha.portfolio.constraint import Constraint
from intralpha.portfolio.costs import CostSpec
from intralpha.portfolio.fully_invested import FullyInvested
from intralpha.portfolio.industry_band import IndustryBand
from intralpha.portfolio.member_share import MemberShare
from intralpha.portfolio.problem import Problem
from intralpha.portfolio.stock_deviation import StockDeviation
from intralpha.portfolio.style_band import StyleBand
from intralpha.portfolio.terms import Objective, Term
from intralpha.portfolio.trading_cost import TradingCost
from intralpha.portfolio.turnover import Turnover


class PortfolioSpec(Spec):
    """Constraints and costs of an index-enhancement portfolio."""

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


def build(spec: PortfolioSpec) -> Problem:
    """The problem a spec describes.

    Parameters
    ----------
    spec : PortfolioSpec

    Returns
    -------
    Problem
        Maximises the active signal, less ``cost_weight`` times the trading cost. Spec 18.2.
    """
    maximise: Term | Objective = ActiveReturn()
    if spec.cost_weight > 0:
        maximise = maximise - spec.cost_weight * TradingCost(spec.costs)
    constraints: list[Constraint] = [FullyInvested(), StockDeviation(spec.stock_deviation)]
    constraints += [StyleBand(name, at_most) for name, at_most in spec.style_bounds.items()]
    if spec.industry_deviation is not None:
        constraints.append(IndustryBand(spec.industry_deviation))
    if spec.member_min_share is not None:
        constraints.append(MemberShare(spec.member_min_share))
    if spec.turnover_one_sided is not None:
        constraints.append(Turnover(spec.turnover_one_sided))
    constraints.append(Blocked())
    return Problem(maximise, tuple(constraints), min_weight=spec.min_weight)
