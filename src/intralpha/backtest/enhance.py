"""Index enhancement: from a signal to decisions and their replay, by one spec."""

from datetime import date

from intralpha.backtest.bar import MARKET_NAMES
from intralpha.backtest.closed_loop import PortfolioRun, run_portfolio
from intralpha.backtest.enhancement import EnhancementSpec
from intralpha.backtest.facts import MarketFacts
from intralpha.base import Panel
from intralpha.market import Lake, read_daily
from intralpha.portfolio import NoDecisionError, decisions, lay_desk


def enhance(
    spec: EnhancementSpec,
    lake: Lake,
    universe: Panel,
    signal: Panel,
    start: date | None = None,
    end: date | None = None,
) -> PortfolioRun:
    """Decide from a signal, trade, and go on, day by day.

    Parameters
    ----------
    spec : benchmark, problem, exposures, mechanics
    lake : with ``daily``
    universe : Panel, name ``universe``, above 0 inside; its assets may be held, its last session
        ends the replay unless ``end`` does
    signal : Panel, name ``score``; decisions fall on its dates that have one
    start, end : first decision and last session of the replay; None for all there are

    Returns
    -------
    PortfolioRun
        A decision knows the close of its date and nothing later; it is traded on the next
        session.

    Raises
    ------
    NoDecisionError
        No date with a score in that time.
    NoFloatCapError, NoIndexError
        The benchmark cannot be had from this lake.
    InfeasibleError
        From the optimiser, after every relaxation.

    Notes
    -----
    Memory: eleven columns of float64 for the sessions of the replay, and what
    :func:`intralpha.risk.exposures` takes.
    """
    days = decisions(signal, spec.every, start, end)
    last = end or universe.dates[-1].item()
    assets = universe.assets
    market = read_daily(lake, MARKET_NAMES, days[0].item(), last, assets)
    days = days[days <= market.dates[-1]] if len(market.dates) else days[:0]
    if len(days) == 0:
        raise NoDecisionError(signal, start, end)
    inside = universe.at(days)["universe"] > 0
    weights = spec.benchmark.weights(lake, days, assets, inside)
    desk = lay_desk(lake, days, universe, signal, market, weights, spec.exposures)
    benchmark = Panel(weights[:, :, None], days, assets, ("weight",))
    return run_portfolio(
        spec.problem.make(),
        days,
        desk.snapshot,
        market,
        spec.backtest,
        spec.problem.costs,
        MarketFacts.from_lake(lake, assets),
        spec.benchmark.returns(lake, benchmark, market),
    )
