"""The node that makes money or not: a decision date of trading a slice, and the end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy import ndarray

from intralpha.backtest import (
    EnhancementSpec,
    Known,
    Standing,
    Stretch,
    save_run,
    save_standing,
    trade,
)
from intralpha.base import ConfigError
from intralpha.base.node import Inputs, Node, Read, Slice, Task, names_of
from intralpha.base.panel import as_days
from intralpha.pipeline.axes import Axes
from intralpha.pipeline.nodes.active_risk import active_risk_node
from intralpha.pipeline.nodes.attribution import attribution_node
from intralpha.pipeline.nodes.desk import benchmark_node, exposures_node
from intralpha.pipeline.nodes.hedge import hedge_node
from intralpha.pipeline.nodes.replayed import replay_span
from intralpha.pipeline.nodes.risk import RETURNS, risk_nodes
from intralpha.pipeline.nodes.style_attribution import style_attribution_node
from intralpha.pipeline.recipe import Recipe
from intralpha.portfolio import NoDecisionError, RiskOf, decisions
from intralpha.risk import load_estimate

END = "end"  # name of the slice of the sessions after the last decision
BEFORE = "before"  # the slice of this node that one goes on from
RISK, SEQUENCE = "risk", "sequence"
KNOWN: tuple[str, ...] = ("signal", "universe", "benchmark", "exposures")
READS = (
    Read("daily", back=1),
    Read("instruments"),
    Read("industry"),
    Read("corporate_actions"),
)


class UnscoredDecisionError(ConfigError):
    """The portfolio would have to decide on a date of which no factor has a score."""

    def __init__(self, count: int, day: np.datetime64, first: np.datetime64) -> None:
        self.count, self.day, self.first = count, day, first
        super().__init__(
            f"{count} decision dates from {first}, the signal's first date, on have no score; the "
            f"first of them is {day}.\nHint: a factor has to have a slice on every date of "
            "`ground.scored` from its first one on."
        )


def portfolio_nodes(recipe: Recipe, signal: Node, grid: ndarray, axes: Axes) -> list[Node]:
    """Benchmark, exposures, risk, decisions from the combined signal replayed by the day, and more.

    Parameters
    ----------
    recipe : names the portfolio
    signal : node
    grid : datetime64[D], dates on which may be decided, from the first one of the signal on
    axes : the replay ends on the last session, or at ``test.end``

    Raises
    ------
    UnscoredDecisionError
        A later date of the grid is none of the signal.
    """
    assert recipe.portfolio is not None
    sessions = axes.dates
    if recipe.test.end is not None:
        sessions = sessions[sessions <= np.datetime64(recipe.test.end, "D")]
    dates = _dates(recipe, signal, grid)
    slices = (*_decisions(dates, sessions), _end(dates, sessions, axes))
    inputs = dict(zip(KNOWN, KNOWN, strict=True)) | {BEFORE: "portfolio"}
    spec = recipe.portfolio.traded()
    known = [benchmark_node(spec.benchmark, dates), exposures_node(spec.exposures, dates)]
    if spec.risk is not None:
        replayed = sessions[sessions > dates[0]] if len(dates) else dates
        known += risk_nodes(spec.risk, dates, axes.dates, replayed)
        inputs[RISK] = RISK
        slices = tuple(_knowing(one, RISK) for one in slices)
    if spec.plan is not None:
        (factor,) = recipe.combined()
        inputs[SEQUENCE] = f"outputs/{factor}"
        slices = tuple(_knowing(one, SEQUENCE) for one in slices)
    node = Node("portfolio", make_portfolio, spec, slices, inputs, READS, "folders")
    return [*known, node, *_told(recipe.portfolio, node, known)]


def _knowing(one: Slice, more: str) -> Slice:
    """A decision also knows another input's slice of its date."""
    return one if one.name == END else replace(one, needs={**one.needs, more: (one.name,)})


def _told(spec: EnhancementSpec, portfolio: Node, known: Sequence[Node]) -> list[Node]:
    """What is told of the replay; nothing where nothing is decided, or no session follows."""
    first, last = replay_span(portfolio)
    if first == last:
        return []
    by_name = {node.name: node for node in known}
    benchmark = by_name["benchmark"]
    risk = tuple(by_name[name] for name in (RISK, RETURNS) if name in by_name)
    attribution = attribution_node(portfolio, benchmark)
    told = [
        attribution,
        style_attribution_node(portfolio, benchmark, by_name["exposures"], risk),
    ]
    if risk:
        told.append(active_risk_node(spec.recalibration, portfolio, benchmark, attribution, *risk))
    if spec.hedge is not None:
        told.append(hedge_node(spec.hedge, portfolio))
    return told


def make_portfolio(spec: EnhancementSpec, inputs: Inputs, task: Task) -> None:
    """Ledger, decision and account of each slice, kept as soon as it is over.

    Parameters
    ----------
    spec : the portfolio
    inputs : ``signal``, ``universe``, ``benchmark``, ``exposures``, ``risk`` if there is a model,
        ``sequence`` if trades are planned ahead, and slices that are finished
    task : decision dates, and the end; a chain of them is made with the account in memory
    """
    known = None
    if any(one.name != END for one in task.slices):
        known = Known(
            universe=inputs.panel("universe"),
            signal=inputs.panel("signal"),
            benchmark=inputs.panel("benchmark"),
            styles=inputs.panel("exposures"),
            risk=None if spec.risk is None else _risk(inputs),
            sequence=None if spec.plan is None else inputs.panel(SEQUENCE),
        )
    for chain in _chains(task.slices):
        before = _standing(inputs, chain[0])
        ahead = [_stretch(one) for one in chain]
        parts = trade(spec, inputs.lake, inputs.assets, ahead, known, before)
        for one, part in zip(chain, parts, strict=True):
            save_run(part.run, task.folder(one.name))
            save_standing(part.standing, task.folder(one.name))
            task.finish(one.name)


def _risk(inputs: Inputs) -> RiskOf:
    """The estimate of a decision date, read when it is asked for."""
    folders = inputs.folders(RISK)
    return lambda day: load_estimate(folders[str(day)])


def _dates(recipe: Recipe, signal: Node, grid: ndarray) -> ndarray:
    """Decision dates; none if the test period has no date of the grid and the signal."""
    assert recipe.portfolio is not None
    scored = as_days([one.name for one in signal.slices])
    days = grid[grid >= scored[0]] if len(scored) else grid[:0]
    missing = days[~np.isin(days, scored)]
    if len(missing):
        raise UnscoredDecisionError(len(missing), missing[0], scored[0])
    try:
        return decisions(days, recipe.portfolio.every, recipe.test.start, recipe.test.end)
    except NoDecisionError:
        return days[:0]


def _decisions(dates: ndarray, sessions: ndarray) -> Iterator[Slice]:
    """A slice a decision date: the sessions since the one before it, and the decision."""
    names = names_of(dates)
    for at, name in enumerate(names):
        needs: dict[str, tuple[str, ...]] = dict.fromkeys(KNOWN, (name,))
        first = dates[at]
        if at:
            needs[BEFORE] = (names[at - 1],)
            first = sessions[np.searchsorted(sessions, dates[at - 1]) + 1]
        yield Slice(name, (first.item(), dates[at].item()), None, needs)


def _end(dates: ndarray, sessions: ndarray, axes: Axes) -> Slice:
    """The sessions after the last decision, if there are any."""
    last = sessions[-1] if len(sessions) else axes.dates[0]
    if len(dates) == 0:
        return Slice(END, (last.item(), last.item()))
    later = sessions[sessions > dates[-1]]
    first = later[0] if len(later) else dates[-1]
    return Slice(
        END, (first.item(), max(last, dates[-1]).item()), None, {BEFORE: (str(dates[-1]),)}
    )


def _chains(slices: Sequence[Slice]) -> Iterator[list[Slice]]:
    """Runs of slices each of which goes on from the one before."""
    chain: list[Slice] = []
    for one in slices:
        if chain and one.needs.get(BEFORE) != (chain[-1].name,):
            yield chain
            chain = []
        chain.append(one)
    yield chain


def _standing(inputs: Inputs, one: Slice) -> Standing | None:
    """The account that a slice goes on with."""
    before = one.needs.get(BEFORE, ())
    return Standing.load(inputs.folders(BEFORE)[before[0]]) if before else None


def _stretch(one: Slice) -> Stretch:
    assert one.days is not None
    before = one.needs.get(BEFORE, ())
    after = date.fromisoformat(before[0]) if before else None
    return Stretch(after, one.days[1], decides=one.name != END)
