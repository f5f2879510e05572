"""The linear program as terms and constraints see it: statements about weights and trades."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

_SAME = 1e-10  # bounds that cross by less are one number, rounded twice; the solver's tolerance


@dataclass(frozen=True, eq=False)
class Row:
    """``lower <= coefficients . x <= upper``, x being the weights or the traded weights.

    Parameters
    ----------
    name : what a message calls it, e.g. ``style size``
    coefficients : ndarray of float64, shape [A]
    lower, upper : bounds, infinite where there is none
    on : ``weights`` for w, ``trades`` for |w - w0|
    """

    name: str
    coefficients: Float[ndarray, "A"]
    lower: float
    upper: float
    on: Literal["weights", "trades"] = "weights"


@dataclass(eq=False)
class LinearProgram:
    r"""What is to be maximised and which weights are allowed, as the parts of a problem say it.

    .. math:: \max_w \; g^\top (w - w_b) - b^\top (w - w_0)^+ - s^\top (w_0 - w)^+
              \quad\text{s.t.}\quad l \le w \le u, \; \text{rows}

    Terms add to gain and costs, constraints tighten bounds and add rows. Tradability is applied
    last and wins over every other bound: a name that cannot be traded keeps its weight even
    outside the band of its active weight. Such names are reported by :meth:`box`.

    Attributes
    ----------
    past : weights now, w0
    gain, buy_cost, sell_cost : objective per unit of weight, of purchase and of sale
    offset : constant of the objective
    lower, upper : box of each weight
    can_buy, can_sell : whether a weight may go up, and down
    wanted : False for names that may be held and sold but not bought
    rows : linear constraints on several weights
    """

    past: Float[ndarray, "A"]
    gain: Float[ndarray, "A"] = field(init=False)
    buy_cost: Float[ndarray, "A"] = field(init=False)
    sell_cost: Float[ndarray, "A"] = field(init=False)
    offset: float = field(init=False, default=0.0)
    lower: Float[ndarray, "A"] = field(init=False)
    upper: Float[ndarray, "A"] = field(init=False)
    can_buy: Bool[ndarray, "A"] = field(init=False)
    can_sell: Bool[ndarray, "A"] = field(init=False)
    wanted: Bool[ndarray, "A"] = field(init=False)
    rows: list[Row] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.past)
        self.gain, self.buy_cost, self.sell_cost = np.zeros((3, count))
        self.lower, self.upper = np.zeros(count), np.ones(count)
        self.can_buy, self.can_sell, self.wanted = np.ones((3, count), dtype=bool)

    def tighten(self, lower: Float[ndarray, "A"], upper: Float[ndarray, "A"]) -> None:
        """Keep every weight inside another box as well."""
        self.lower = np.maximum(self.lower, lower)
        self.upper = np.minimum(self.upper, upper)

    def block(self, can_buy: Bool[ndarray, "A"], can_sell: Bool[ndarray, "A"]) -> None:
        """Names that cannot be bought keep w <= w0, names that cannot be sold w >= w0."""
        self.can_buy &= can_buy
        self.can_sell &= can_sell

    def no_view(self, absent: Bool[ndarray, "A"]) -> None:
        """These names are not bought, except as far as a lower bound demands it."""
        self.wanted &= ~absent

    def add(self, row: Row) -> None:
        """One more linear constraint."""
        self.rows.append(row)

    def box(self) -> tuple[Float[ndarray, "A"], Float[ndarray, "A"], Bool[ndarray, "A"]]:
        """Bounds after tradability, and the names for which it overrode another bound."""
        lower, upper, past = self.lower, self.upper, self.past
        upper = np.where(self.wanted, upper, np.minimum(upper, np.maximum(past, lower)))
        forced = (~self.can_buy & (past < lower)) | (~self.can_sell & (past > upper))
        lower = np.where(self.can_buy, lower, np.minimum(lower, past))
        upper = np.where(self.can_buy, upper, np.minimum(upper, past))
        upper = np.where(self.can_sell, upper, np.maximum(upper, past))
        lower = np.where(self.can_sell, lower, np.maximum(lower, past))
        return lower, upper, forced

    def emptied(self) -> Bool[ndarray, "A"]:
        """Names that no weight suits: the least allowed is above the most, or one of them NaN."""
        lower, upper, _ = self.box()
        return ~(lower - upper <= _SAME)

    def growable(self) -> Bool[ndarray, "A"]:
        """Names that may be bought."""
        return self.can_buy & self.wanted
