"""Solution: the weights, and everything needed to judge them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.portfolio.certificate import Residuals
from intralpha.portfolio.prices import Prices


@dataclass(frozen=True)
class RowState:
    """Where one constraint stands in the solution, before the clean-up.

    Attributes
    ----------
    name : of the row
    value, lower, upper : the row's value and its bounds, after any relaxation
    dual : gain of the objective per unit by which the binding bound is moved up; 0 if none binds
    """

    name: str
    value: float
    lower: float
    upper: float
    dual: float

    @property
    def slack(self) -> float:
        """Distance to the nearer bound; 0 when the row binds."""
        return min(self.value - self.lower, self.upper - self.value)


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights of one rebalance.

    Attributes
    ----------
    date, assets : of the snapshot
    weights : float64, shape [A]
        After the clean-up; sum 1.
    exact : float64, shape [A]
        As solved: meets every constraint to 1e-7.
    objective : value of the objective at ``exact``
    status : ``relaxed`` if any constraint had to be loosened
    relaxed : the steps taken, in order, e.g. ``("turnover x1.5", "turnover x2")``
    forced : names that could not be traded and are outside a bound of their weight
    rows : every row's value, bounds and dual
    dropped_weight : weight that the clean-up took from names below the smallest weight
    seconds, n_iterations : work, over all steps of the relaxation
    residuals : what ``exact`` misses, over all names; None if it was not kept
    prices : where the search of the next rebalance may begin; None if they were not kept
    risk_multiple : of the risk model's variances, by :class:`intralpha.backtest.RecalibrationSpec`
    """

    date: np.datetime64
    assets: ndarray
    weights: Float[ndarray, "A"]
    exact: Float[ndarray, "A"]
    objective: float
    status: Literal["optimal", "relaxed"]
    relaxed: tuple[str, ...]
    forced: tuple[str, ...]
    rows: tuple[RowState, ...]
    dropped_weight: float
    seconds: float
    n_iterations: int
    residuals: Residuals | None = None
    prices: Prices | None = None
    risk_multiple: float = 1.0

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the rows that bind."""
        return tuple(row.name for row in self.rows if row.slack <= 1e-7)
