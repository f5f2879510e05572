"""Planned: several trades thought through at each decision, of which the first is made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError, Panel, Spec
from intralpha.base.cross_section import moments
from intralpha.portfolio.prices import Prices
from intralpha.portfolio.problem import Problem
from intralpha.portfolio.snapshot import Snapshot
from intralpha.portfolio.solution import Solution
from intralpha.portfolio.trade_plan import NoPlanError, PlanError, TradePlan, plan_trades
from intralpha.portfolio.weights import Weights


class NoSequenceError(ConfigError):
    """Trades are to be planned ahead, but nothing is predicted that they are planned over."""

    def __init__(self, needed: int, missing: Sequence[str]) -> None:
        self.needed, self.missing = needed, tuple(missing)
        super().__init__(
            f"the plan looks at {needed} predicted returns; {', '.join(missing)} are not given.\n"
            "Hint: give `sequence`, a Panel with these names, or plan: null."
        )


class PlanSpec(Spec):
    """Several trades planned over a predicted sequence of returns, of which the first is made."""

    trades: int = Field(default=2, gt=0, description="trades that are planned together")
    sessions: int = Field(
        default=5, gt=0, description="predicted returns from one of them to the next"
    )

    @property
    def returns(self) -> int:
        """Predicted returns that are looked at, those of the next sessions."""
        return self.trades * self.sessions

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names in what a network gives: ``h01``, ``h02``, ..."""
        return tuple(f"h{at:02d}" for at in range(1, self.returns + 1))

    def faults(self, traded: Mapping[str, int]) -> Iterator[str]:
        """Why the factors that are traded give no such sequence, in words.

        Parameters
        ----------
        traded : name -> returns of single sessions that the factor predicts in turn
        """
        if len(traded) != 1:
            yield (
                f"the signal is made of {', '.join(traded)}; expected one factor, whose sequence "
                "of returns is planned over.\nHint: portfolios: {ahead: {factors: {NAME: 1}, "
                "portfolio: {plan: {}}}}"
            )
            return
        ((name, found),) = traded.items()
        if not found:
            yield (
                f"{name} predicts no sequence of returns.\n"
                "Hint: model: {kind: seq_decoder}, label: {kind: y_seq}"
            )
        elif found < self.returns:
            yield (
                f"{self.trades} trades of {self.sessions} sessions each need {self.returns} "
                f"predicted returns; {name} predicts {found}"
            )

    def signals(
        self, sequence: Panel | None, universe: Panel, dates: Shaped[ndarray, "D"]
    ) -> Float[ndarray, "S D A"]:
        """The signal of each planned trade.

        Parameters
        ----------
        sequence : Panel with :attr:`columns`, predicted returns of the next sessions, each
            standardised over the stocks of its date
        universe : Panel, name ``universe``, above 0 inside; its assets are the axis
        dates : of decisions, in both

        Returns
        -------
        ndarray of float64, shape [S, D, A]
            Sums of :attr:`sessions` columns each, all in the unit in which the sum over all trades
            is a z-score of the universe: that of a combined signal. NaN outside, and where a
            column is missing. Known when the sequence is.

        Raises
        ------
        NoSequenceError
        """
        names = () if sequence is None else sequence.names
        missing = [name for name in self.columns if name not in names]
        if sequence is None or missing:
            raise NoSequenceError(self.returns, missing)
        laid_DAH = sequence.select(self.columns).reindex(dates, universe.assets).values
        shape = (*laid_DAH.shape[:2], self.trades, self.sessions)
        sums_SDA = np.moveaxis(laid_DAH.astype(np.float64).reshape(shape).sum(axis=3), 2, 0)
        total_DA = sums_SDA.sum(axis=0)
        known_DA = (universe.at(dates)["universe"] > 0) & np.isfinite(total_DA)
        _, unit = moments(total_DA, known_DA)
        return np.where(known_DA, sums_SDA, np.nan) / unit


@dataclass(frozen=True)
class Planned:
    """A problem that is decided by planning over ``snapshot.ahead``.

    Parameters
    ----------
    problem : of which no name is held or not
    """

    problem: Problem

    def solve(
        self,
        snapshot: Snapshot,
        past_weights: Weights | Float[ndarray, "A"] | None = None,
        start: Prices | None = None,
    ) -> Solution:
        """The first of the trades that are best together; see :func:`plan_trades`.

        Parameters
        ----------
        snapshot : with ``ahead``
        past_weights : as of :meth:`Problem.solve`
        start : not used: the sequence is solved over all names

        Returns
        -------
        Solution
            Of the first trade: its weights, and its rows with their duals. ``objective`` is that
            of all trades. Where no sequence meets the constraints they are loosened in the order
            that the problem declares, for every trade alike.

        Raises
        ------
        PlanError
            The snapshot has no signals ahead, or the problem counts names.
        InfeasibleError, SolverFailedError, NoSignalError, HeldButUnknownError, WeightsError
            As of :meth:`Problem.solve`.
        """
        del start
        if snapshot.ahead is None:
            raise PlanError("the snapshot has no signals ahead")
        started = perf_counter()
        for relaxed, problem in self.problem.looser(snapshot, past_weights):
            try:
                plan = plan_trades(problem, snapshot, list(snapshot.ahead), past_weights)
            except NoPlanError:
                continue
            return _solution(plan, relaxed, perf_counter() - started)
        return self.problem.solve(snapshot, past_weights)  # says why nothing is feasible


def _solution(plan: TradePlan, relaxed: tuple[str, ...], seconds: float) -> Solution:
    return Solution(
        date=plan.date,
        assets=plan.assets,
        weights=plan.first,
        exact=plan.planned[0],
        objective=plan.objective,
        status="relaxed" if relaxed else "optimal",
        relaxed=relaxed,
        forced=plan.forced,
        rows=plan.rows,
        dropped_weight=plan.dropped_weight,
        seconds=seconds,
        n_iterations=plan.n_iterations,
        residuals=plan.residuals,
    )
