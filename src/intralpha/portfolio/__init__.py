"""The optimisation problem: terms and constraints, composed, solved exactly as a linear program."""

from intralpha.portfolio.active_return import ActiveReturn, NoSignalError
from intralpha.portfolio.blocked import Blocked
from intralpha.portfolio.constraint import Constraint
from intralpha.portfolio.costs import Costs, CostSpec
from intralpha.portfolio.fully_invested import FullyInvested
from intralpha.portfolio.highs import SolverFailedError
from intralpha.portfolio.industry_band import IndustryBand
from intralpha.portfolio.infeasible import InfeasibleError, Violation
from intralpha.portfolio.member_share import MemberShare
from intralpha.portfolio.problem import DECLARED_ORDER, PastWeightsError, Problem, Relaxation
from intralpha.portfolio.program import LinearProgram, Row
from intralpha.portfolio.snapshot import Snapshot, SnapshotError
from intralpha.portfolio.solution import RowState, Solution
from intralpha.portfolio.spec import PortfolioSpec, build
from intralpha.portfolio.stock_deviation import StockDeviation
from intralpha.portfolio.style_band import ExposureError, StyleBand
from intralpha.portfolio.terms import Objective, Term
from intralpha.portfolio.trading_cost import TradingCost
from intralpha.portfolio.turnover import Turnover
from intralpha.portfolio.weights import HeldButUnknownError, Weights, WeightsError

__all__ = [
    "DECLARED_ORDER",
    "ActiveReturn",
    "Blocked",
    "Constraint",
    "CostSpec",
    "Costs",
    "ExposureError",
    "FullyInvested",
    "HeldButUnknownError",
    "IndustryBand",
    "InfeasibleError",
    "LinearProgram",
    "MemberShare",
    "NoSignalError",
    "Objective",
    "PastWeightsError",
    "PortfolioSpec",
    "Problem",
    "Relaxation",
    "Row",
    "RowState",
    "Snapshot",
    "SnapshotError",
    "Solution",
    "SolverFailedError",
    "StockDeviation",
    "StyleBand",
    "Term",
    "TradingCost",
    "Turnover",
    "Violation",
    "Weights",
    "WeightsError",
    "build",
]
