"""Index enhancement: from a signal to decisions and their replay, by one spec."""

from dataclasses import replace
from datetime import date

import numpy as np

from intralpha.backtest.closed_loop import PortfolioRun
from intralpha.backtest.enhancement import EnhancementSpec
from intralpha.backtest.stretch import Known, scored, stretches
from intralpha.backtest.stretches import trade
from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.portfolio import NoDecisionError, RiskOf, decisions
from intralpha.risk import rolling_estimates


def enhance(
    spec: EnhancementSpec,
    lake: Lake,
    universe: Panel,
    signal: Panel,
    start: date | None = None,
    end: date | None = None,
    sequence: Panel | None = None,
) -> PortfolioRun:
    """Decide from a signal, trade, and go on, day by day.

    Parameters
    ----------
    spec : benchmark, problem, exposures, mechanics
    lake : with ``daily``
    universe : Panel, name ``universe``, above 0 inside; its assets may be held, its last session
        ends the replay unless ``end`` does
    signal : Panel, name ``score``; decisions fall on every ``spec.every``-th of its dates. On one
        that turns out to have no score nothing is decided, which the ledger's events say
    start, end : first decision and last session of the replay; None for all there are
    sequence : Panel, names ``h01``, ``h02``, ...: predicted returns of the sessions after each date
        of the signal, each standardised over its stocks; for ``spec.plan``

    Returns
    -------
    PortfolioRun
        A decision knows the close of its date and nothing later; it is traded on the next
        session. The books begin after the first decision.

    Raises
    ------
    NoDecisionError
        No decision date with a score in that time.
    NoSequenceError
        The spec plans over returns that ``sequence`` does not have.
    NoFloatCapError, NoConstituentsError, NoIndexError
        The benchmark cannot be had from this lake.
    InfeasibleError
        From the optimiser, after every relaxation.

    Notes
    -----
    Memory: eleven columns of float64 for the sessions of a year, and what
    :func:`intralpha.risk.exposures` takes.
    """
    sessions = universe.dates
    if end is not None:
        sessions = sessions[sessions <= np.datetime64(end, "D")]
    planned = decisions(signal.dates, spec.every, start, end)
    planned = planned[planned <= sessions[-1]] if len(sessions) else planned[:0]
    if len(planned) == 0:
        raise NoDecisionError("no date of the signal is a session of the universe", start, end)
    known = replace(_known(spec, lake, universe, signal, planned), sequence=sequence)
    ahead = stretches(planned, sessions[-1].item())
    return PortfolioRun.joined([p.run for p in trade(spec, lake, universe.assets, ahead, known)])


def _known(
    spec: EnhancementSpec, lake: Lake, universe: Panel, signal: Panel, planned: np.ndarray
) -> Known:
    """Benchmark and exposures of the dates that have a score."""
    assets = universe.assets
    dates = scored(planned, universe, signal)
    if len(dates) == 0:
        raise NoDecisionError("none of its dates has a score")
    view = lake.limited(None, dates[-1].item())
    inside = universe.at(dates)["universe"] > 0
    benchmark = spec.benchmark.laid(view, dates, assets, inside)
    styles = spec.exposures.estimate(view, dates, assets, inside)
    return Known(universe, signal, benchmark, styles, _risk(spec, view, dates, universe))


def _risk(spec: EnhancementSpec, view: Lake, dates: np.ndarray, universe: Panel) -> RiskOf | None:
    """The estimates of the dates, if the portfolio has a risk model."""
    if spec.risk is None:
        return None
    pairs = rolling_estimates(spec.risk, view, dates, universe)
    known = {one.date: found for one, found in pairs if found is not None}
    return known.__getitem__
