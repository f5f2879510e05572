"""Term: what the trades cost, by the same definition as in the back-test."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from intralpha.market import TradingRules
from intralpha.portfolio.costs import CostSpec
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.terms import Term, TermSpec


@dataclass(frozen=True)
class TradingCost(Term):
    r"""Linear cost of the trades, :math:`c_b^\top (w - w_0)^+ + c_s^\top (w_0 - w)^+`.

    A share of the portfolio's value (0.001 is ten basis points). Subtract it, with a factor that
    turns it into the units of the signal. The rates are those in force on the decision date; the
    minimum commission of an order is not linear and is left to the back-test.

    Parameters
    ----------
    costs : CostSpec
    rules : dated stamp tax; default: the shipped rules
    """

    costs: CostSpec
    rules: TradingRules | None = None

    def contribute(self, program: LinearProgram, snapshot: Snapshot, factor: float) -> None:
        """Add the rates to the costs of purchases and sales.

        Parameters
        ----------
        program : the program that is written, over A assets
        snapshot : gives the date of the rates
        factor : worth of one unit of the term; negative where costs are to be avoided
        """
        rates = self.costs.on(snapshot.date.astype("datetime64[D]").item(), self.rules)
        program.buy_cost -= factor * rates.buy_rate
        program.sell_cost -= factor * rates.sell_rate


class TradingCostSpec(TermSpec):
    """Cost of the trades, with a negative factor; see :class:`TradingCost`."""

    kind: Literal["trading_cost"] = "trading_cost"
    costs: CostSpec = Field(default=CostSpec(), description="charges by side")

    def make(self) -> TradingCost:
        """The term as an objective takes it, without its factor."""
        return TradingCost(self.costs)
