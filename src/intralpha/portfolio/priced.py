"""Each name for itself: what its weight is worth once rows, cones and penalties have prices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.portfolio.answer import Answer
from intralpha.portfolio.program import LinearProgram


@dataclass(frozen=True, eq=False)
class Curve:
    """What a cone or a penalty charges.

    Attributes
    ----------
    bend : twice the price of a unit of variance; each name pays ``bend / 2`` times its own
    by_factor : price of a unit of exposure to each factor, ``bend`` times F x
    """

    bend: float
    by_factor: Float[ndarray, "K"]


def curves_of(program: LinearProgram, answer: Answer) -> list[Curve]:
    """Prices of a program's cones, then of its penalties, at an answer.

    A cone's multiplier is that of its radius; that of its variance is half of it over the radius.
    """
    cones = zip(program.cones, answer.cone_duals, strict=True)
    bends = [float(max(d, 0.0) / c.radius) if c.radius > 0 else 0.0 for c, d in cones]
    bends += [2 * penalty.factor for penalty in program.penalties]
    spreads = [part.spread for part in (*program.cones, *program.penalties)]
    return [
        Curve(bend, bend * (s.factor_cov_KK @ s.exposed(answer.weights)))
        for bend, s in zip(bends, spreads, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Priced:
    r"""Worth of every weight, :math:`g_i w - \tfrac12 \beta_i (w - c_i)^2` less the trade's cost.

    Attributes
    ----------
    worth : gain per unit of weight at weight 0, less prices
    bend : how much of it is lost per further unit
    buying, selling : cost of a unit bought and sold, the price of turnover among them
    past : weights now
    """

    worth: Float[ndarray, "A"]
    bend: Float[ndarray, "A"]
    buying: Float[ndarray, "A"]
    selling: Float[ndarray, "A"]
    past: Float[ndarray, "A"]

    @classmethod
    def at(
        cls,
        program: LinearProgram,
        duals: Float[ndarray, "R"],
        curves: Sequence[Curve | None],
    ) -> "Priced":
        """By the prices of rows and curves.

        Parameters
        ----------
        program : whose gains and costs count
        duals : price of each of its rows
        curves : of its cones, then of its penalties; None where the price is not known
        """
        on_weights, on_trades = np.zeros((2, len(program.past)))
        for row, dual in zip(program.rows, duals, strict=True):
            if dual != 0.0:
                side = on_weights if row.on == "weights" else on_trades
                side += dual * row.coefficients
        worth, bend = program.gain - on_weights, np.zeros(len(program.past))
        parts = (*program.cones, *program.penalties)
        for part, curve in zip(parts, curves, strict=True):
            if curve is not None:
                own = curve.bend * part.spread.specific_var_A
                worth = worth - part.spread.loadings_AK @ curve.by_factor + own * part.spread.centre
                bend = bend + own
        return cls(
            worth, bend, program.buy_cost + on_trades, program.sell_cost + on_trades, program.past
        )

    def value(self, weights: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """Worth of each name at its weight."""
        moved = weights - self.past
        paid = self.buying * np.maximum(moved, 0) + self.selling * np.maximum(-moved, 0)
        return self.worth * weights - 0.5 * self.bend * weights**2 - paid

    def best(self, lower: Float[ndarray, "A"], upper: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        """The best weight of each name between its bounds."""
        bought, sold = self.worth - self.buying, self.worth + self.selling
        curved = self.bend > 0
        by = np.where(curved, self.bend, 1.0)
        up = np.where(curved, bought / by, np.where(bought > 0, np.inf, -np.inf))
        down = np.where(curved, sold / by, np.where(sold < 0, -np.inf, np.inf))
        weights = np.where(up > self.past, up, np.where(down < self.past, down, self.past))
        return np.clip(weights, lower, upper)

    def margins(
        self,
        weights: Float[ndarray, "A"],
        lower: Float[ndarray, "A"],
        upper: Float[ndarray, "A"],
    ) -> Float[ndarray, "A"]:
        """By how much a name's price may change before its best weight does.

        Parameters
        ----------
        weights : the best ones
        lower, upper : their bounds

        Returns
        -------
        ndarray of float, shape [A]
            0 where the best weight stands between the bounds and is not the past one; infinite
            where it cannot move.
        """
        slope = self.worth - self.bend * weights
        more = np.where(weights >= self.past, slope - self.buying, slope + self.selling)
        less = np.where(weights > self.past, slope - self.buying, slope + self.selling)
        return np.maximum(
            np.minimum(
                np.where(weights < upper, -more, np.inf), np.where(weights > lower, less, np.inf)
            ),
            0.0,
        )
