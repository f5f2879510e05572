"""The program as terms and constraints see it: statements about weights and trades."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from intralpha.portfolio.spread import Cone, Penalty

_SAME = 1e-10  # bounds that cross by less are one number, rounded twice; the solver's tolerance

_BY_NAME = (
    "gain", "buy_cost", "sell_cost", "lower", "upper",
    "can_buy", "can_sell", "wanted", "most_traded",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Row:
    """``lower <= coefficients . x <= upper``, x being the weights or the traded weights.

    Parameters
    ----------
    name : what a message calls it, e.g. ``style size``
    coefficients : ndarray of float64, shape [A]
    lower, upper : bounds, infinite where there is none
    on : ``weights`` for w, ``trades`` for ``|w - w0|``
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

    A program may have cones and penalties as well, which bound or weigh a variance; without them
    it is linear.

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
    most_traded : how far a weight may move; infinite where nothing keeps it
    least_held : smallest weight of a name that is held at all; 0 for none
    most_names : how many names may be held; None for any number
    rows : linear constraints on several weights
    cones : bounds on standard deviations
    penalties : variances that are weighed
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
    most_traded: Float[ndarray, "A"] = field(init=False)
    least_held: float = field(init=False, default=0.0)
    most_names: int | None = field(init=False, default=None)
    rows: list[Row] = field(init=False, default_factory=list)
    cones: list[Cone] = field(init=False, default_factory=list)
    penalties: list[Penalty] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.past)
        self.gain, self.buy_cost, self.sell_cost = np.zeros((3, count))
        self.lower, self.upper = np.zeros(count), np.ones(count)
        self.can_buy, self.can_sell, self.wanted = np.ones((3, count), dtype=bool)
        self.most_traded = np.full(count, np.inf)

    def tighten(self, lower: Float[ndarray, "A"], upper: Float[ndarray, "A"]) -> None:
        """Keep every weight inside another box as well."""
        self.lower = np.maximum(self.lower, lower)
        self.upper = np.minimum(self.upper, upper)

    def block(self, can_buy: Bool[ndarray, "A"], can_sell: Bool[ndarray, "A"]) -> None:
        """Names that cannot be bought keep w <= w0, names that cannot be sold w >= w0."""
        self.can_buy &= can_buy
        self.can_sell &= can_sell

    def limit_trades(self, at_most: Float[ndarray, "A"]) -> None:
        """No weight moves further than this; like tradability it wins over every other bound."""
        self.most_traded = np.minimum(self.most_traded, at_most)

    def no_view(self, absent: Bool[ndarray, "A"]) -> None:
        """These names are not bought, except as far as a lower bound demands it."""
        self.wanted &= ~absent

    def add(self, row: Row) -> None:
        """One more linear constraint."""
        self.rows.append(row)

    @property
    def curved(self) -> bool:
        """Whether it needs more than a linear program."""
        return bool(self.cones or self.penalties)

    @property
    def counted(self) -> bool:
        """Whether names are held or not, and nothing in between."""
        return self.least_held > 0 or self.most_names is not None

    def only(self, chosen: Int[ndarray, "S"], weights: Float[ndarray, "A"]) -> "LinearProgram":
        """The program of some names, the others staying at their weights.

        Parameters
        ----------
        chosen : places of the names that may move
        weights : of all names
        """
        part = LinearProgram(self.past[chosen])
        for name in _BY_NAME:
            setattr(part, name, getattr(self, name)[chosen])
        still, traded = weights.copy(), np.abs(weights - self.past)
        still[chosen] = traded[chosen] = 0.0
        for row in self.rows:
            taken = float(row.coefficients @ (still if row.on == "weights" else traded))
            coefficients = row.coefficients[chosen]
            part.add(Row(row.name, coefficients, row.lower - taken, row.upper - taken, row.on))
        part.cones = [replace(c, spread=c.spread.split(chosen, weights)) for c in self.cones]
        part.penalties = [
            replace(p, spread=p.spread.split(chosen, weights)) for p in self.penalties
        ]
        return part

    def value(self, weights: Float[ndarray, "A"]) -> float:
        """The objective."""
        moved = weights - self.past
        value = self.gain @ weights + self.offset
        value -= self.buy_cost @ np.maximum(moved, 0) + self.sell_cost @ np.maximum(-moved, 0)
        return float(value - sum(p.factor * p.spread.variance(weights) for p in self.penalties))

    def box(self) -> tuple[Float[ndarray, "A"], Float[ndarray, "A"], Bool[ndarray, "A"]]:
        """Bounds after tradability, and the names for which it overrode another bound."""
        lower, upper, past = self.lower, self.upper, self.past
        upper = np.where(self.wanted, upper, np.minimum(upper, np.maximum(past, lower)))
        least, most = past - self.most_traded, past + self.most_traded
        forced = (~self.can_buy & (past < lower)) | (~self.can_sell & (past > upper))
        forced |= (lower > most) | (upper < least)
        lower, upper = np.clip(lower, least, most), np.clip(upper, least, most)
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
