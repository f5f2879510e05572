"""Several trades planned at once over a predicted sequence of returns; the first is executed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.base import ConfigError, SolverError
from intralpha.portfolio.answer import Answer, SolverFailedError
from intralpha.portfolio.certificate import Residuals
from intralpha.portfolio.clean import without_dust
from intralpha.portfolio.plan_arrays import residuals_of, solve_stages
from intralpha.portfolio.problem import MOST_GAP, MOST_MISSED, Problem, row_states
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.solution import RowState
from intralpha.portfolio.squares import CurvedOptimum
from intralpha.portfolio.weights import Weights


class PlanError(ConfigError):
    """A sequence of trades that cannot be planned."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(
            f"{fault}; expected a problem without minimum position and cardinality, and a signal "
            "a trade, each on the assets of the snapshot."
        )


class NoPlanError(SolverError):
    """No sequence of trades meets the constraints."""

    def __init__(self, date: np.datetime64, trades: int) -> None:
        self.date, self.trades = date, trades
        super().__init__(
            f"no {trades} trades from {date} on meet the constraints.\n"
            "Hint: Problem.solve loosens them in a declared order; fall back to one trade."
        )


@dataclass(frozen=True, eq=False)
class TradePlan:
    """Weights after each of several trades.

    Attributes
    ----------
    date, assets : of the snapshot
    planned : weights as solved, shape [S, A], S trades
    first : weights to be traded to now, shape [A], after the clean-up; sum 1
    objective : sum over the trades of signal and costs at ``planned``
    residuals : what ``planned`` misses, over all names and trades
    n_iterations : of the solver
    rows : rows of the first trade, at its weights as solved
    forced : names that could not be traded and are outside a bound of their weight
    dropped_weight : weight that the clean-up took
    """

    date: np.datetime64
    assets: ndarray
    planned: Float[ndarray, "S A"]
    first: Float[ndarray, "A"]
    objective: float
    residuals: Residuals
    n_iterations: int
    rows: tuple[RowState, ...] = ()
    forced: tuple[str, ...] = ()
    dropped_weight: float = 0.0


def plan_trades(
    problem: Problem,
    snapshot: Snapshot,
    signals: Sequence[Float[ndarray, "A"]],
    past_weights: Weights | Float[ndarray, "A"] | None = None,
) -> TradePlan:
    r"""The trades that are best together, of which the first one is for now.

    .. math:: \max \sum_{s=1}^{S} f_s^\top (w_s - w_b) - \text{costs}(w_s - w_{s-1})

    where every :math:`w_s` meets the constraints of the problem and every trade its own cap on
    turnover. A signal that will have faded is not paid for, one that is about to grow is bought in
    steps. With one signal it is the problem of :meth:`Problem.solve`.

    Parameters
    ----------
    problem : of which no name is held or not; nothing is loosened
    snapshot : what is known at the decision; its ``alpha`` is not read
    signals : predicted returns of the stretch after each trade, such as the sums of a decoder's
        ``h01`` to ``h05``, ``h06`` to ``h10``; NaN for no view
    past_weights : weights held now, as of :meth:`Problem.solve`

    Returns
    -------
    TradePlan

    Raises
    ------
    PlanError
        The problem counts names, or a signal does not fit.
    NoPlanError
        Nothing meets the constraints.
    SolverFailedError
        The solver failed, or its answer misses a constraint, or may be far from the best.
    NoSignalError, WeightsError, HeldButUnknownError, PastWeightsError

    Notes
    -----
    Blocked names are blocked for the first trade; of later days nothing is known, so there they
    may be traded. Weights are not drifted between the trades; the benchmark and the risk estimate
    stay. A tracking error holds after every trade, a risk aversion weighs each. Memory and time
    grow with S times assets. Idea: report 003, multi-period optimisation over the decoder's
    sequence.
    """
    stages = _stages(problem, snapshot, signals, past_weights)
    if stages[0].emptied().any():
        raise NoPlanError(snapshot.date, len(stages))
    best, curved, work = solve_stages(stages)
    if best is None:
        raise NoPlanError(snapshot.date, len(stages))
    count = len(snapshot.assets)
    planned = best.columns.reshape(len(stages), 3 * count)[:, :count]
    befores = [stages[0].past, *planned[:-1]]
    missed = max(_missed(*each) for each in zip(stages, planned, befores, strict=True))
    objective = sum(
        replace_past(stage, before).value(weights)
        for stage, weights, before in zip(stages, planned, befores, strict=True)
    )
    scale = max(float(np.abs(stage.gain).max(initial=0.0)) for stage in stages) or 1.0
    residuals = residuals_of(curved, best, missed, scale)
    _check(residuals, objective, stages, best)
    first, dropped = without_dust(planned[0], stages[0], problem.min_weight)
    own = best.duals[len(stages) * count :][: len(stages[0].rows)]  # after the ties of the trades
    cones = best.ball_duals[: len(stages[0].cones)]
    return TradePlan(
        date=snapshot.date,
        assets=snapshot.assets,
        planned=planned,
        first=first,
        objective=objective,
        residuals=residuals,
        n_iterations=work,
        rows=row_states(stages[0], Answer(planned[0], own, cones, work)),
        forced=tuple(str(s) for s in snapshot.assets[stages[0].box()[2]]),
        dropped_weight=dropped,
    )


def replace_past(program: LinearProgram, past: Float[ndarray, "A"]) -> LinearProgram:
    """A program whose objective counts trades from other weights; its bounds stay."""
    other = LinearProgram(past)
    for name in ("gain", "buy_cost", "sell_cost", "offset", "penalties"):
        setattr(other, name, getattr(program, name))
    return other


def _stages(
    problem: Problem,
    snapshot: Snapshot,
    signals: Sequence[ndarray],
    past: Weights | ndarray | None,
) -> list[LinearProgram]:
    """What the problem says of each trade; that later ones start elsewhere stands in the arrays."""
    count = len(snapshot.assets)
    wrong = [s for s in signals if s.shape != (count,)]
    if not signals or wrong:
        raise PlanError(f"{len(wrong) or 'no'} signals for {count} assets")
    free = np.ones(count, dtype=bool)
    stages = []
    for s, signal in enumerate(signals):
        known = replace(snapshot, alpha=signal.astype(np.float64))
        if s:
            known = replace(known, can_buy=free, can_sell=free)
        program = problem.program(known, past if s == 0 else snapshot.benchmark)
        if program.counted:
            raise PlanError("the problem counts names")
        stages.append(program)
    return stages


def _check(
    residuals: Residuals, objective: float, stages: Sequence[LinearProgram], best: CurvedOptimum
) -> None:
    """Refuse columns that miss a constraint, or that others may beat by more than rounding."""
    worth = max(residuals.scale, abs(objective))
    if not (residuals.primal <= MOST_MISSED and residuals.gap <= MOST_GAP * worth):
        status = (
            f"rejected: constraints missed by {residuals.primal:.3g}, duality gap "
            f"{residuals.gap:.3g} of {worth:.3g}"
        )
        solver = "Clarabel" if any(stage.curved for stage in stages) else "HiGHS"
        raise SolverFailedError(status, len(best.columns), len(best.duals), solver)


def _missed(stage: LinearProgram, weights: ndarray, before: ndarray) -> float:
    """Largest violation of a row or a cone; bounds are kept by the clipping."""
    traded, most = np.abs(weights - before), 0.0
    for row in stage.rows:
        value = float(row.coefficients @ (weights if row.on == "weights" else traded))
        most = max(most, value - row.upper, row.lower - value)
    for cone in stage.cones:
        most = max(most, cone.spread.variance(weights) ** 0.5 - cone.radius)
    return float(most)
