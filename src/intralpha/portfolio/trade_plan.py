"""Several trades planned at once over a predicted sequence of returns; the first is executed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.sparse import coo_array, csr_array, vstack

from intralpha.base import ConfigError, SolverError
from intralpha.portfolio.answer import Answer, SolverFailedError
from intralpha.portfolio.assemble import Arrays
from intralpha.portfolio.clean import without_dust
from intralpha.portfolio.highs import maximise
from intralpha.portfolio.problem import MOST_MISSED, Problem, row_states
from intralpha.portfolio.program import LinearProgram
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.solution import RowState
from intralpha.portfolio.weights import Weights


class PlanError(ConfigError):
    """A sequence of trades that cannot be planned."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(
            f"{fault}; expected a linear problem (no tracking error, risk aversion, minimum "
            "position or cardinality) and a signal a trade, each on the assets of the snapshot."
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
    missed : largest violation of a constraint of any trade, weights
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
    missed: float
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
    problem : linear; nothing is loosened
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
        The problem is not linear, or a signal does not fit.
    NoPlanError
        Nothing meets the constraints.
    SolverFailedError
        The solver failed, or its answer misses a constraint.
    NoSignalError, WeightsError, HeldButUnknownError, PastWeightsError

    Notes
    -----
    Blocked names are blocked for the first trade; of later days nothing is known, so there they
    may be traded. Weights are not drifted between the trades, and the benchmark stays. Memory and
    time grow with S times assets. Idea: report 003, multi-period optimisation over the decoder's
    sequence.
    """
    stages = _stages(problem, snapshot, signals, past_weights)
    empty = stages[0].emptied().any()
    best, work = (None, 0) if empty else maximise(_arrays(stages))
    if best is None:
        raise NoPlanError(snapshot.date, len(stages))
    count = len(snapshot.assets)
    planned = best.columns.reshape(len(stages), 3 * count)[:, :count]
    befores = [stages[0].past, *planned[:-1]]
    missed = max(_missed(*each) for each in zip(stages, planned, befores, strict=True))
    if missed > MOST_MISSED:
        status = f"rejected: constraints missed by {missed:.3g}"
        raise SolverFailedError(status, len(best.columns), len(best.duals))
    worth = [
        replace_past(stage, before).value(weights)
        for stage, weights, before in zip(stages, planned, befores, strict=True)
    ]
    first, dropped = without_dust(planned[0], stages[0], problem.min_weight)
    own = best.duals[len(stages) * count :][: len(stages[0].rows)]  # after the ties of the trades
    return TradePlan(
        date=snapshot.date,
        assets=snapshot.assets,
        planned=planned,
        first=first,
        objective=sum(worth),
        missed=missed,
        n_iterations=work,
        rows=row_states(stages[0], Answer(planned[0], own, np.zeros(0), work)),
        forced=tuple(str(s) for s in snapshot.assets[stages[0].box()[2]]),
        dropped_weight=dropped,
    )


def replace_past(program: LinearProgram, past: Float[ndarray, "A"]) -> LinearProgram:
    """A program whose objective counts trades from other weights; its bounds stay."""
    other = LinearProgram(past)
    for name in ("gain", "buy_cost", "sell_cost", "offset"):
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
        if program.curved or program.counted:
            raise PlanError("the problem is not linear")
        stages.append(program)
    return stages


def _arrays(stages: Sequence[LinearProgram]) -> Arrays:
    """Columns of a trade: weights, purchases, sales; trades are tied by :func:`_ties`."""
    count, bounds = len(stages[0].past), [_bounds(stages, s) for s in range(len(stages))]
    none = np.zeros(count)
    parts = [_ties(len(stages), count)]
    lows, highs = [stages[0].past, *[none] * (len(stages) - 1)], []
    highs += lows
    for s, stage in enumerate(stages):
        for row in stage.rows:
            one, nothing = row.coefficients, none
            line = [one, nothing, nothing] if row.on == "weights" else [nothing, one, one]
            wide = np.zeros(3 * count * len(stages))
            wide[3 * count * s : 3 * count * (s + 1)] = np.concatenate(line)
            parts.append(csr_array(wide[None]))
            lows.append(np.array([row.lower]))
            highs.append(np.array([row.upper]))
    matrix = csr_array(vstack(parts))
    nobody = np.zeros(0, dtype=np.int64)
    return Arrays(
        buys=nobody,
        sells=nobody,
        cost=np.concatenate([c for g in stages for c in (g.gain, -g.buy_cost, -g.sell_cost)]),
        lower=np.concatenate([side for least, _, _, _ in bounds for side in (least, none, none)]),
        upper=np.concatenate([side for _, *sides in bounds for side in sides]),
        row_lower=np.concatenate(lows),
        row_upper=np.concatenate(highs),
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
    )


def _ties(trades: int, count: int) -> csr_array:
    """Rows ``w_s - w_{s-1} - b_s + l_s``: weights after a trade, before it, purchases, sales."""
    at = np.arange(trades * count)
    own = 3 * count * (at // count) + at % count  # columns of the weights
    later = at[count:]
    rows = np.concatenate([at, at, at, later])
    columns = np.concatenate([own, own + count, own + 2 * count, own[:-count]])
    values = np.repeat([1.0, -1.0, 1.0, -1.0], [len(at)] * 3 + [len(later)])
    shape = (trades * count, 3 * trades * count)
    return coo_array((values, (rows, columns)), shape=shape).tocsr()


def _bounds(stages: Sequence[LinearProgram], s: int) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Least and most of each weight, most of each purchase and sale.

    A name that tradability keeps outside its band now may come back later, but need not.
    """
    stage, (least, most, _) = stages[s], stages[0].box()
    at_most = np.minimum(stage.most_traded, 1.0)
    if s == 0:
        return least, most, np.ones(len(least)), np.ones(len(least))
    grows = np.where(stage.wanted, at_most, np.minimum(at_most, np.maximum(stage.lower, 0.0)))
    return np.minimum(stage.lower, least), np.maximum(stage.upper, most), grows, at_most


def _missed(stage: LinearProgram, weights: ndarray, before: ndarray) -> float:
    """Largest violation of a row; bounds are kept by the solver's clipping."""
    traded, most = np.abs(weights - before), 0.0
    for row in stage.rows:
        value = float(row.coefficients @ (weights if row.on == "weights" else traded))
        most = max(most, value - row.upper, row.lower - value)
    return most
