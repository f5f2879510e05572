"""Problem: an objective and constraints; solve() turns what is known into weights."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import ConfigError
from intralpha.portfolio.answer import Answer, SolverFailedError
from intralpha.portfolio.certificate import Residuals, certify
from intralpha.portfolio.clean import without_dust
from intralpha.portfolio.columns import solve_program
from intralpha.portfolio.constraint import Constraint
from intralpha.portfolio.counted import solve_counted
from intralpha.portfolio.infeasible import explain
from intralpha.portfolio.prices import Prices
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.solution import RowState, Solution
from intralpha.portfolio.terms import Objective, Term
from intralpha.portfolio.weights import Weights

_log = logging.getLogger(__name__)

# A solution is rejected if it misses a constraint by more than this, in weights, or if a better one
# could have an objective higher by this share.
MOST_MISSED, MOST_GAP = 1e-7, 1e-6


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
    Relaxation("tracking error", 1.25),
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
        Default: turnover x1.5, x2, x4, off; tracking error x1.25; style x1.5; industry x2. Steps
        add up, steps that change nothing are passed over.
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
        self,
        snapshot: Snapshot,
        past_weights: Weights | Float[ndarray, "A"] | None = None,
        start: Prices | None = None,
    ) -> Solution:
        """Best weights for what is known at the decision.

        Parameters
        ----------
        snapshot : Snapshot
        past_weights : weights held now, drifted to the decision; cash is the missing rest
            None, or nothing held, is the first rebalance.
        start : ``prices`` of an earlier solution, which make the search shorter
            The problem is first solved on the names that matter at these prices; then all are
            priced, and those that would still gain are added until there are none. Where several
            weights are equally good, others of them may be found.

        Returns
        -------
        Solution

        Raises
        ------
        InfeasibleError
            Nothing is feasible after every step of relaxation.
        SolverFailedError
            The solver gave neither a solution nor a proof that there is none, or a solution whose
            residuals are large.
        HeldButUnknownError, PastWeightsError, WeightsError, ExposureError, NoSignalError
            Input that cannot be used.
        """
        started = perf_counter()
        past = _aligned(past_weights, snapshot)
        loosest, relaxed, iterations = self, (), 0
        for relaxed, loosest in self.looser(snapshot, past_weights):
            program = loosest._program(snapshot, past)
            if program.emptied().any():
                continue
            left_out = 0.0
            if program.counted:
                answer, program, left_out, work = solve_counted(program)
            else:
                answer, work = solve_program(program, start)
            iterations += work
            if answer is not None:
                residuals = replace(_checked(program, answer), choice_gap=left_out)
                seconds = perf_counter() - started
                return self._solution(
                    snapshot, program, answer, residuals, relaxed, iterations, seconds
                )
        parts = loosest._parts(snapshot, past)
        raise explain(snapshot, relaxed, loosest._program(snapshot, past), parts)

    def looser(
        self, snapshot: Snapshot, past_weights: Weights | Float[ndarray, "A"] | None = None
    ) -> Iterator[tuple[tuple[str, ...], "Problem"]]:
        """The problem itself, then after each step of its order of relaxation that says anything.

        Parameters
        ----------
        snapshot, past_weights : as of :meth:`solve`

        Yields
        ------
        (steps taken so far, the problem as they leave it)
        """
        past = _aligned(past_weights, snapshot)
        constraints, relaxed = list(self.subject_to), []
        yield (), self
        for step in self.relax:
            looser = [_loosen(c, step, self.subject_to[i]) for i, c in enumerate(constraints)]
            changed = [n for n, c in zip(looser, constraints, strict=True) if n != c]
            if not any(c.applies(past) for c in changed):
                continue
            constraints = looser
            relaxed.append(str(step))
            _log.warning("%s: no feasible weights, relaxing: %s", snapshot.date, step)
            yield tuple(relaxed), replace(self, subject_to=tuple(constraints))

    def program(
        self, snapshot: Snapshot, past_weights: Weights | Float[ndarray, "A"] | None = None
    ) -> LinearProgram:
        """What the terms and constraints say about weights, nothing being relaxed."""
        return self._program(snapshot, _aligned(past_weights, snapshot))

    def _program(self, snapshot: Snapshot, past: ndarray) -> LinearProgram:
        """Let every part write its share."""
        program = LinearProgram(past)
        (self.maximise * 1.0).contribute(program, snapshot)
        for constraint in self.subject_to:
            if constraint.applies(past):
                constraint.contribute(program, snapshot)
        return program

    def _parts(self, snapshot: Snapshot, past: ndarray) -> list[tuple[str, LinearProgram]]:
        """What each part writes when it is alone, by the name that a message calls it."""
        parts = [("no view", replace(self, subject_to=())._program(snapshot, past))]
        for constraint in self.subject_to:
            alone = LinearProgram(past)
            if constraint.applies(past):
                constraint.contribute(alone, snapshot)
            parts.append((constraint.kind, alone))
        return parts

    def _solution(
        self,
        snapshot: Snapshot,
        program: LinearProgram,
        answer: Answer,
        residuals: Residuals,
        relaxed: tuple[str, ...],
        iterations: int,
        seconds: float,
    ) -> Solution:
        """Weights and facts from the solver's answer."""
        exact = answer.weights
        weights, dropped = without_dust(exact, program, self.min_weight)
        forced = program.box()[2]
        return Solution(
            date=snapshot.date,
            assets=snapshot.assets,
            weights=weights,
            exact=exact,
            objective=program.value(exact),
            status="relaxed" if relaxed else "optimal",
            relaxed=relaxed,
            forced=tuple(str(s) for s in snapshot.assets[forced]),
            rows=row_states(program, answer),
            dropped_weight=dropped,
            seconds=seconds,
            n_iterations=iterations,
            residuals=residuals,
            prices=Prices.of(program, answer),
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


def _checked(program: LinearProgram, answer: Answer) -> Residuals:
    """Residuals of an answer that holds; an error for one that does not."""
    residuals, _ = certify(program, answer)
    worth = max(residuals.scale, abs(program.value(answer.weights)))
    if not (residuals.primal <= MOST_MISSED and residuals.gap <= MOST_GAP * worth):
        status = (
            f"rejected: constraints missed by {residuals.primal:.3g}, duality gap "
            f"{residuals.gap:.3g} of {worth:.3g}, {residuals.violators:,} names would still gain"
        )
        solver = "Clarabel" if program.curved else "HiGHS"
        raise SolverFailedError(status, len(program.past), len(program.rows), solver)
    return residuals


def row_states(program: LinearProgram, answer: Answer) -> tuple[RowState, ...]:
    """Value and dual of every row and cone at the weights as solved.

    Parameters
    ----------
    program : that was solved
    answer : its weights and prices
    """
    exact = answer.weights
    traded = np.abs(exact - program.past)
    rows = [
        RowState(
            name=row.name,
            value=float(row.coefficients @ (exact if row.on == "weights" else traded)),
            lower=float(row.lower),
            upper=float(row.upper),
            dual=float(dual),
        )
        for row, dual in zip(program.rows, answer.duals, strict=True)
    ]
    cones = zip(program.cones, answer.cone_duals, strict=True)
    rows += [
        RowState(c.name, c.spread.variance(exact) ** 0.5, -np.inf, c.radius, float(dual))
        for c, dual in cones
    ]
    return tuple(rows)
