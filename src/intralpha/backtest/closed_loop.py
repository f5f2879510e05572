"""run_portfolio: optimise on the holdings as they really drifted, trade, and go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Ledger
from intralpha.backtest.replay import replay
from intralpha.backtest.simulate import TargetError
from intralpha.backtest.spec import BacktestSpec
from intralpha.base import Panel
from intralpha.portfolio import CostSpec, Planned, Prices, Problem, Snapshot, Solution, Weights

SnapshotOf = Callable[[np.datetime64, ndarray], Snapshot]


@dataclass(frozen=True, eq=False, repr=False)
class PortfolioRun:
    """A portfolio and its replay.

    Attributes
    ----------
    ledger : the books
    targets : Panel, float64, shape [D, A, 1], name ``weight``, dated by decision
    solutions : what the optimiser returned at each decision
    """

    ledger: Ledger
    targets: Panel
    solutions: tuple[Solution, ...]

    @classmethod
    def joined(cls, runs: Sequence["PortfolioRun"]) -> "PortfolioRun":
        """One run of several that follow each other on the same assets."""
        tables = {
            field.name: pl.concat([getattr(run.ledger, field.name) for run in runs])
            for field in fields(Ledger)
        }
        weights = np.concatenate([run.targets.values for run in runs])
        days = np.concatenate([run.targets.dates for run in runs])
        targets = Panel(weights, days, runs[0].targets.assets, ("weight",))
        return cls(Ledger(**tables), targets, tuple(s for run in runs for s in run.solutions))

    def relaxations(self) -> pl.DataFrame:
        """``date`` and ``relaxed``: the decisions for which constraints were loosened, and how."""
        rows = [(s.date.item(), " -> ".join(s.relaxed)) for s in self.solutions if s.relaxed]
        return pl.DataFrame(rows, schema={"date": pl.Date(), "relaxed": pl.String()}, orient="row")

    def to_text(self) -> str:
        """The ledger's figures, and how many decisions needed relaxing."""
        return f"{self._title()}\n{self.ledger.to_text()}"

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return f"<p>{self._title()}</p>{self.ledger._repr_html_()}"

    def _title(self) -> str:
        relaxed = sum(bool(s.relaxed) for s in self.solutions)
        return f"PortfolioRun, {len(self.solutions):,} decisions, {relaxed:,} of them relaxed"


def carried(solution: Solution) -> Prices | None:
    """Prices from which the search of the next decision begins; None where that saves nothing.

    Prices of rows alone are carried on. Those of a cone are not: a curved problem that starts from
    the prices of its own linear part was found as quick or quicker (benchmarks/optimise.py).
    """
    prices = solution.prices
    return None if prices is None or prices.curves else prices


def solved(
    problem: Problem | Planned, snapshot: Snapshot, account: Account, start: Prices | None = None
) -> tuple[Solution, Float[ndarray, "A"]]:
    """The best weights from what is really held, and the same on the assets of the account.

    Parameters
    ----------
    problem : Problem, or one that is planned ahead
    snapshot : what is known; its assets contain all that is held
    account : as it is after the close
    start : of :func:`carried`; the answer is as good without, by the same certificate

    Raises
    ------
    InfeasibleError, HeldButUnknownError
        From the optimiser; nothing is swallowed.
    TargetError
        The snapshot has assets that the account does not know.
    """
    assets = account.assets
    solution = problem.solve(snapshot, Weights(assets, account.weights()), start)
    unknown = ~np.isin(solution.assets, assets) & (solution.weights > 0)
    if unknown.any():
        raise TargetError(snapshot.date, f"{solution.assets[unknown][0]} is not in the market")
    target = np.zeros(len(assets))
    _, here, there = np.intersect1d(assets, solution.assets, return_indices=True)
    target[here] = solution.weights[there]
    return solution, target


def run_portfolio(
    problem: Problem,
    decisions: Shaped[ndarray, "N"],
    snapshot_of: SnapshotOf,
    market: Panel,
    spec: BacktestSpec,
    costs: CostSpec,
    facts: MarketFacts | None = None,
    benchmark_ret: Float[ndarray, "D"] | None = None,
) -> PortfolioRun:
    """Decide and replay in one loop, so that turnover counts from the weights really held.

    At the close of each decision date the account's weights (drifted, with blocked orders left
    undone, cash being the rest) go to the optimiser as ``past_weights``; its weights are traded on
    the next session.

    Parameters
    ----------
    problem : Problem
    decisions : ndarray of datetime64[D], ascending sessions of the market
    snapshot_of : called with the decision date and the symbols held, in the order of the market
        Returns what is known at that close. Its assets must contain all that is held.
    market, spec, costs, facts, benchmark_ret : as in :func:`simulate`

    Returns
    -------
    PortfolioRun

    Raises
    ------
    InfeasibleError, HeldButUnknownError
        From the optimiser; nothing is swallowed.
    TargetError
        A snapshot has assets that the market does not know.
    """
    solutions: list[Solution] = []
    weights = np.zeros((len(decisions), len(market.assets)))

    def decide(date: np.datetime64, account: Account) -> ndarray:
        snapshot = snapshot_of(date, market.assets[account.held])
        start = carried(solutions[-1]) if solutions else None
        solution, target = solved(problem, snapshot, account, start)
        weights[len(solutions)] = target
        solutions.append(solution)
        return target

    ledger = replay(decisions, decide, market, spec, costs, facts, benchmark_ret)
    targets = Panel(weights[:, :, None], decisions, market.assets, ("weight",))
    return PortfolioRun(ledger, targets, tuple(solutions))
