"""Problem: an objective and constraints; solve() turns what is known into weights."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.portfolio.assemble import Arrays, assemble
from intralpha.portfolio.clean import without_dust
from intralpha.portfolio.constraint import Constraint
from intralpha.portfolio.highs import Optimum, maximise
from intralpha.portfolio.infeasible import explain
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.solution import RowState, Solution
from intralpha.portfolio.terms import Objective, Term
from intralpha.portfolio.weights import Weights

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Relaxation:
    """One step of a declared order of relaxation.

    Attributes
    ----------
    kind : which constraints are loosened
    factor : how many times as wide as at first; infinite switches them off
    """

    kind: str
    factor: float

    def __str__(self) -> str:
        return f"{self.kind} off" if np.isinf(self.factor) else f"{self.kind} x{self.factor:g}"


DECLARED_ORDER = (
    Relaxation("turnover", 1.5),
    Relaxation("turnover", 2.0),
    Relaxation("turnover", 4.0),
    Relaxation("turnover", np.inf),
    Relaxation("style", 1.5),
    Relaxation("industry", 2.0),
)


class PastWeightsError(ConfigError):
    """The weights held now do not lie on the asset axis."""

    def __init__(self, found: int, expected: int) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"past_weights has {found} values; expected {expected}, one an asset of the snapshot.\n"
            "Hint: give Weights(assets, values) and they are laid on the axis by name."
        )


@dataclass(frozen=True)
class Problem:
    r"""The program of an index-enhancement portfolio.

    .. math:: \max_w \; f^\top (w - w_b) - \text{costs} \quad
              \text{s.t. the constraints}, \; w \ge 0

    Parameters
    ----------
    maximise : Term or Objective
    subject_to : sequence of Constraint
    relax : order in which constraints are loosened when nothing is feasible
        Default: turnover x1.5, x2, x4, off; style x1.5; industry x2. Steps add up, steps that
        change nothing are passed over.
    min_weight : smaller weights are set to 0 afterwards

    Examples
    --------
    >>> from intralpha.portfolio import ActiveReturn, FullyInvested, StockDeviation
    >>> problem = Problem(ActiveReturn(), [FullyInvested(), StockDeviation(at_most=0.01)])
    >>> [constraint.kind for constraint in problem.subject_to]
    ['fully invested', 'stock deviation']

    Notes
    -----
    A Problem holds no state: solving again, or in another order, gives the same weights. Memory is
    a few hundred bytes an asset and row. Spec 18.2.
    """

    maximise: Term | Objective
    subject_to: Sequence[Constraint]
    relax: tuple[Relaxation, ...] = DECLARED_ORDER
    min_weight: float = 1e-4

    def solve(
        self, snapshot: Snapshot, past_weights: Weights | Float[ndarray, "A"] | None = None
    ) -> Solution:
        """Best weights for what is known at the decision.

        Parameters
        ----------
        snapshot : Snapshot
        past_weights : weights held now, drifted to the decision; cash is the missing rest
            None, or nothing held, is the first rebalance.

        Returns
        -------
        Solution

        Raises
        ------
        InfeasibleError
            Nothing is feasible after every step of relaxation.
        SolverFailedError
            The solver gave neither a solution nor a proof that there is none.
        HeldButUnknownError, PastWeightsError, WeightsError, ExposureError, NoSignalError
            Input that cannot be used.
        """
        started = perf_counter()
        past = _aligned(past_weights, snapshot)
        constraints, relaxed, iterations = list(self.subject_to), [], 0
        for step in (None, *self.relax):
            if step is not None:
                looser = [_loosen(c, step, self.subject_to[i]) for i, c in enumerate(constraints)]
                changed = [n for n, c in zip(looser, constraints, strict=True) if n != c]
                if not any(c.applies(past) for c in changed):
                    continue
                constraints = looser
                relaxed.append(str(step))
                _log.warning("%s: no feasible weights, relaxing: %s", snapshot.date, step)
            program = self._program(snapshot, past, constraints)
            if program.emptied().any():
                continue
            arrays = assemble(program)
            optimum, work = maximise(arrays)
            iterations += work
            if optimum is not None:
                seconds = perf_counter() - started
                return self._solution(
                    snapshot, program, arrays, optimum, relaxed, iterations, seconds
                )
        parts = self._parts(snapshot, past, constraints)
        raise explain(snapshot, relaxed, self._program(snapshot, past, constraints), parts)

    def _program(
        self, snapshot: Snapshot, past: ndarray, constraints: list[Constraint]
    ) -> LinearProgram:
        """Let every part write its share."""
        program = LinearProgram(past)
        (self.maximise * 1.0).contribute(program, snapshot)
        for constraint in constraints:
            if constraint.applies(past):
                constraint.contribute(program, snapshot)
        return program

    def _parts(
        self, snapshot: Snapshot, past: ndarray, constraints: list[Constraint]
    ) -> list[tuple[str, LinearProgram]]:
        """What each part writes when it is alone, by the name that a message calls it."""
        parts = [("no view", self._program(snapshot, past, []))]
        for constraint in constraints:
            alone = LinearProgram(past)
            if constraint.applies(past):
                constraint.contribute(alone, snapshot)
            parts.append((constraint.kind, alone))
        return parts

    def _solution(
        self,
        snapshot: Snapshot,
        program: LinearProgram,
        arrays: Arrays,
        optimum: Optimum,
        relaxed: list[str],
        iterations: int,
        seconds: float,
    ) -> Solution:
        """Weights and facts from the solver's columns."""
        exact = _weights(program, arrays, optimum)
        weights, dropped = without_dust(exact, program, self.min_weight)
        moved = exact - program.past
        objective = program.gain @ exact + program.offset
        objective -= program.buy_cost @ np.maximum(moved, 0)
        objective -= program.sell_cost @ np.maximum(-moved, 0)
        forced = program.box()[2]
        return Solution(
            date=snapshot.date,
            assets=snapshot.assets,
            weights=weights,
            exact=exact,
            objective=float(objective),
            status="relaxed" if relaxed else "optimal",
            relaxed=tuple(relaxed),
            forced=tuple(str(s) for s in snapshot.assets[forced]),
            rows=_rows(program, exact, optimum),
            dropped_weight=dropped,
            seconds=seconds,
            n_iterations=iterations,
        )


def _aligned(past: Weights | ndarray | None, snapshot: Snapshot) -> ndarray:
    """Weights held now on the axis of the snapshot, float64."""
    if past is None:
        return np.zeros(len(snapshot.assets))
    if isinstance(past, Weights):
        return past.on(snapshot.assets)
    if len(past) != len(snapshot.assets):
        raise PastWeightsError(len(past), len(snapshot.assets))
    return Weights(snapshot.assets, past).values.astype(np.float64)


def _loosen(now: Constraint, step: Relaxation, first: Constraint) -> Constraint:
    """The constraint after a step: as it was declared, times the factor."""
    return first.scaled(step.factor) if now.kind == step.kind else now


def _weights(program: LinearProgram, arrays: Arrays, optimum: Optimum) -> ndarray:
    """Weights behind purchases and sales, exactly inside their boxes."""
    weights = program.past.copy()
    weights[arrays.buys] += optimum.columns[: len(arrays.buys)]
    weights[arrays.sells] -= optimum.columns[len(arrays.buys) :]
    lower, upper, _ = program.box()
    return np.clip(weights, lower, upper)


def _rows(program: LinearProgram, exact: ndarray, optimum: Optimum) -> tuple[RowState, ...]:
    """Value and dual of every row at the weights as solved."""
    traded = np.abs(exact - program.past)
    return tuple(
        RowState(
            name=row.name,
            value=float(row.coefficients @ (exact if row.on == "weights" else traded)),
            lower=float(row.lower),
            upper=float(row.upper),
            dual=float(dual),
        )
        for row, dual in zip(program.rows, optimum.duals, strict=True)
    )
