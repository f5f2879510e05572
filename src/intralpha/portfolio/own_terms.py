"""A problem in CVXPY's terms, for wishes that are neither linear nor a variance."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from intralpha.portfolio.problem import Problem
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.spread import Spread
from intralpha.portfolio.weights import Weights

if TYPE_CHECKING:
    import cvxpy


def as_cvxpy(
    problem: Problem, snapshot: Snapshot, past_weights: Weights | ndarray | None = None
) -> tuple["cvxpy.Variable", Any, list[Any]]:
    """The parts of a problem for CVXPY, to which a user adds terms and constraints of any kind.

    Nothing is relaxed, cleaned or certified, and names are not counted: what comes of it is the
    user's. Needs CVXPY, which is no dependency.

    Parameters
    ----------
    problem : terms and constraints
    snapshot : what is known at the decision
    past_weights : weights held now

    Returns
    -------
    (variable of the weights, expression to be maximised, list of constraints)

    Examples
    --------
    A problem with a term that only CVXPY knows::

        import cvxpy as cp

        w, objective, constraints = as_cvxpy(problem, snapshot, past)
        impact = cp.sum(cp.power(cp.abs(w - past), 1.5))
        cp.Problem(cp.Maximize(objective - 0.1 * impact), constraints).solve(solver=cp.CLARABEL)
    """
    import cvxpy as cp

    program = problem.program(snapshot, past_weights)
    w, past = cp.Variable(len(snapshot.assets)), program.past
    lower, upper, _ = program.box()
    bought, sold, traded = cp.pos(w - past), cp.pos(past - w), cp.abs(w - past)
    objective = program.gain @ w + program.offset
    objective = objective - program.buy_cost @ bought - program.sell_cost @ sold
    constraints: list[Any] = [w >= lower, w <= upper]
    for row in program.rows:
        value = row.coefficients @ (w if row.on == "weights" else traded)
        if np.isfinite(row.upper):
            constraints.append(value <= row.upper)
        if np.isfinite(row.lower):
            constraints.append(value >= row.lower)
    constraints += [cp.norm(_deviation(c.spread, w)) <= c.radius for c in program.cones]
    for penalty in program.penalties:
        objective = objective - penalty.factor * cp.sum_squares(_deviation(penalty.spread, w))
    return w, objective, constraints


def _deviation(spread: Spread, w: Any) -> Any:
    """What a spread sums the squares of."""
    import cvxpy as cp

    values, vectors = np.linalg.eigh(spread.factor_cov_KK)
    root = spread.loadings_AK @ (vectors * np.sqrt(np.maximum(values, 0.0)))
    own = cp.multiply(np.sqrt(spread.specific_var_A), w - spread.centre)
    return own if root.shape[1] == 0 else cp.hstack([root.T @ (w - spread.centre), own])
