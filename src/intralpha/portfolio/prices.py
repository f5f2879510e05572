"""Prices: what rows and cones charged at one rebalance, where the search of the next begins."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.portfolio.answer import Answer
from intralpha.portfolio.priced import Curve, Priced, curves_of
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.spread import Cone, Penalty


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of a solution. They choose the names that the next search begins with, nothing more.

    Attributes
    ----------
    rows : dual by the name of the row
    curves : of cones and penalties, by name
    """

    rows: dict[str, float]
    curves: dict[str, Curve]

    @classmethod
    def of(cls, program: LinearProgram, answer: Answer) -> "Prices":
        """Those of an answer to a program."""
        rows = {r.name: float(d) for r, d in zip(program.rows, answer.duals, strict=True)}
        parts = (*program.cones, *program.penalties)
        curves = zip(parts, curves_of(program, answer), strict=True)
        return cls(rows, {part.name: curve for part, curve in curves})

    def settle(self, program: LinearProgram) -> tuple[Float[ndarray, "A"], Float[ndarray, "A"]]:
        """Where every name would stand at these prices, each for itself, and its margin.

        Parameters
        ----------
        program : of another date; a row or a curve that these prices do not know is free
        """
        duals = np.array([self.rows.get(r.name, 0.0) for r in program.rows], dtype=np.float64)
        curves = [self._known(part) for part in (*program.cones, *program.penalties)]
        priced = Priced.at(program, duals, curves)
        lower, upper, _ = program.box()
        weights = priced.best(lower, upper)
        return weights, priced.margins(weights, lower, upper)

    def _known(self, part: Cone | Penalty) -> Curve | None:
        """The price of a curve, if its factors are as many as they were."""
        curve = self.curves.get(part.name)
        if curve is None or len(curve.by_factor) != len(part.spread.factor_cov_KK):
            return None
        return curve
