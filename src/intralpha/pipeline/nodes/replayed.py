"""Replayed: the whole replay as one slice, and what nodes that tell of it read first."""

from datetime import date

from intralpha.backtest import PortfolioRun, load_run
from intralpha.base import Panel
from intralpha.base.node import ALL, Inputs, Node, Slice
from intralpha.market import read_daily

PORTFOLIO, BENCHMARK = "portfolio", "benchmark"


def replay_span(portfolio: Node) -> tuple[date, date]:
    """First decision and last session of a replay; equal where nothing is traded.

    Parameters
    ----------
    portfolio : its slices are the parts of the replay
    """
    days = [one.days for one in portfolio.slices if one.days is not None]
    return days[0][0], days[-1][1]


def whole_replay(portfolio: Node, *others: Node) -> Slice:
    """One slice over the replay that needs all slices of some nodes.

    Parameters
    ----------
    portfolio, *others : what it needs, the parts of the replay first
    """
    nodes = (portfolio, *others)
    needs = {node.name: tuple(one.name for one in node.slices) for node in nodes}
    return Slice(ALL, replay_span(portfolio), None, needs)


def replayed(inputs: Inputs) -> PortfolioRun:
    """The replay, joined of its parts.

    Parameters
    ----------
    inputs : with ``portfolio``
    """
    return load_run(list(inputs.folders(PORTFOLIO).values()), inputs.assets)


def replay_market(inputs: Inputs, run: PortfolioRun, benchmark: Panel) -> Panel:
    """``close`` and ``preclose`` from the first decision to the last session of a replay.

    Parameters
    ----------
    inputs : with the lake
    run : with sessions
    benchmark : of the decision dates
    """
    first, last = benchmark.dates[0].item(), run.ledger.daily["date"][-1]
    return read_daily(inputs.lake, ("close", "preclose"), first, last, inputs.assets)
