"""The optimisation problem: terms and constraints, composed, solved and certified."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.portfolio.active_return import ActiveReturn, ActiveReturnSpec, NoSignalError
    from intralpha.portfolio.answer import SolverFailedError
    from intralpha.portfolio.blocked import Blocked, BlockedSpec
    from intralpha.portfolio.cardinality import Cardinality, CardinalitySpec
    from intralpha.portfolio.certificate import Residuals
    from intralpha.portfolio.constraint import Constraint, ConstraintSpec
    from intralpha.portfolio.costs import Costs, CostSpec
    from intralpha.portfolio.counted import CurvedAndCountedError
    from intralpha.portfolio.desk import Desk, NoDecisionError, RiskOf, decisions, lay_desk
    from intralpha.portfolio.fully_invested import FullyInvested, FullyInvestedSpec
    from intralpha.portfolio.industry_band import IndustryBand, IndustryBandSpec
    from intralpha.portfolio.infeasible import Bound, InfeasibleError, Violation
    from intralpha.portfolio.member_share import MemberShare, MemberShareSpec
    from intralpha.portfolio.minimum_position import MinimumPosition, MinimumPositionSpec
    from intralpha.portfolio.own_terms import as_cvxpy
    from intralpha.portfolio.participation import NoAmountError, Participation, ParticipationSpec
    from intralpha.portfolio.planned import NoSequenceError, Planned, PlanSpec
    from intralpha.portfolio.prices import Prices
    from intralpha.portfolio.problem import DECLARED_ORDER, PastWeightsError, Problem, Relaxation
    from intralpha.portfolio.program import LinearProgram, Row
    from intralpha.portfolio.risk_aversion import NotConcaveError, RiskAversion, RiskAversionSpec
    from intralpha.portfolio.snapshot import Snapshot, SnapshotError
    from intralpha.portfolio.solution import RowState, Solution
    from intralpha.portfolio.spec import PortfolioSpec
    from intralpha.portfolio.stock_deviation import StockDeviation, StockDeviationSpec
    from intralpha.portfolio.stock_multiple import StockMultiple, StockMultipleSpec
    from intralpha.portfolio.style_band import ExposureError, StyleBand, StyleBandSpec
    from intralpha.portfolio.style_bands import StyleBands, StyleBandsSpec
    from intralpha.portfolio.terms import Objective, Term, TermSpec
    from intralpha.portfolio.tracking_error import NoRiskError, TrackingError, TrackingErrorSpec
    from intralpha.portfolio.trade_plan import NoPlanError, PlanError, TradePlan, plan_trades
    from intralpha.portfolio.trading_cost import TradingCost, TradingCostSpec
    from intralpha.portfolio.turnover import Turnover, TurnoverSpec
    from intralpha.portfolio.turnover_two_sided import TurnoverTwoSidedSpec
    from intralpha.portfolio.weights import HeldButUnknownError, Weights, WeightsError

lazily(__name__)
