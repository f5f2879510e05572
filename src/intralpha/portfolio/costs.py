"""What a trade costs: one definition for the optimiser and for the back-test."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from pydantic import Field

from intralpha.base import Spec
from intralpha.market import TradingRules

_BPS = 1e-4


class CostSpec(Spec):
    """Charges on the traded amount. The defaults are those of Spec 18.1: buy 0.1 %, sell 0.2 %."""

    buy_bps: float = Field(
        default=10.0, ge=0, description="commission and fees of a purchase, basis points"
    )
    sell_bps: float = Field(
        default=20.0,
        ge=0,
        description="the same of a sale; contains the stamp tax unless stamp_tax is `dated`",
    )
    stamp_tax: Literal["included", "dated"] = Field(
        default="included",
        description="`dated` adds the stamp tax in force on the day of the trade",
    )
    slippage_bps: float = Field(
        default=0.0, ge=0, description="added on both sides for trading at a worse price"
    )
    min_commission_yuan: float = Field(
        default=0.0, ge=0, description="smallest commission of one order, CNY; not in the optimiser"
    )

    def on(self, day: date, rules: TradingRules | None = None) -> "Costs":
        """The charges in force on a session.

        Parameters
        ----------
        day : session of the trade
        rules : source of the dated stamp tax; default: the shipped rules
        """
        buy_tax = sell_tax = 0.0
        if self.stamp_tax == "dated":
            known = TradingRules.default() if rules is None else rules
            buy_tax = known.stamp_tax_bps("buy", day)
            sell_tax = known.stamp_tax_bps("sell", day)
        return Costs(
            buy_commission=self.buy_bps * _BPS,
            sell_commission=self.sell_bps * _BPS,
            buy_other=(self.slippage_bps + buy_tax) * _BPS,
            sell_other=(self.slippage_bps + sell_tax) * _BPS,
            min_commission_yuan=self.min_commission_yuan,
        )


@dataclass(frozen=True)
class Costs:
    r"""Charges of one session as shares of the traded amount.

    .. math:: \text{cost} = \max(c \cdot \text{amount}, c_{\min}) + o \cdot \text{amount}

    with the commission :math:`c`, its minimum an order and the other charges :math:`o` (stamp tax
    and slippage), each by side.

    Attributes
    ----------
    buy_commission, sell_commission : c, a share of the amount
    buy_other, sell_other : o, a share of the amount
    min_commission_yuan : CNY an order
    """

    buy_commission: float
    sell_commission: float
    buy_other: float
    sell_other: float
    min_commission_yuan: float = 0.0

    @property
    def buy_rate(self) -> float:
        """Linear cost of buying one yuan, without the minimum commission."""
        return self.buy_commission + self.buy_other

    @property
    def sell_rate(self) -> float:
        """Linear cost of selling one yuan, without the minimum commission."""
        return self.sell_commission + self.sell_other

    def buy_yuan(self, amount_yuan: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """Cost of each purchase; 0 where nothing is bought."""
        return self._yuan(amount_yuan, self.buy_commission, self.buy_other)

    def sell_yuan(self, amount_yuan: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """Cost of each sale; 0 where nothing is sold."""
        return self._yuan(amount_yuan, self.sell_commission, self.sell_other)

    def _yuan(self, amount: ndarray, commission: float, other: float) -> ndarray:
        charged = np.maximum(commission * amount, self.min_commission_yuan) + other * amount
        return np.where(amount > 0, charged, 0.0)
