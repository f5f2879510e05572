"""Stretches: a replay cut at its decisions, each a piece that goes on from where the last stood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.bar import MARKET_NAMES
from intralpha.backtest.benchmark import benchmark_weights, check_benchmark
from intralpha.backtest.closed_loop import PortfolioRun, carried, solved
from intralpha.backtest.enhancement import EnhancementSpec
from intralpha.backtest.events import Event
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Recorder
from intralpha.backtest.replay import DecisionDateError, Replay
from intralpha.backtest.standing import Standing
from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.market import Lake, read_daily
from intralpha.portfolio import Desk, NoDecisionError, Prices, RiskOf, lay_desk

BLOCK = timedelta(days=365)  # of prices in memory at a time


@dataclass(frozen=True)
class Stretch:
    """The sessions after a decision date, up to and with the next one or the end.

    Attributes
    ----------
    after : the decision date before; None for the first one
    upto : last session; with ``decides`` the decision date, else the end of the replay
    decides : whether a decision is made at its close
    """

    after: date | None
    upto: date
    decides: bool = True

    @property
    def start(self) -> date:
        """First session that is looked at."""
        return self.after or self.upto


def stretches(dates: Shaped[ndarray, "D"], last: date) -> tuple[Stretch, ...]:
    """One stretch a decision date, and the end.

    Parameters
    ----------
    dates : decision dates, ascending
    last : last session of the replay
    """
    days = [day.item() for day in dates]
    before = [None, *days[:-1]]
    made = [Stretch(after, upto) for after, upto in zip(before, days, strict=True)]
    return (*made, Stretch(days[-1], last, decides=False))


def scored(dates: Shaped[ndarray, "D"], universe: Panel, signal: Panel) -> Shaped[ndarray, "N"]:
    """Those of the dates on which any stock of the universe has a score.

    Parameters
    ----------
    dates : datetime64[D] [D]
    universe : Panel, name ``universe``, with all of the dates
    signal : Panel, name ``score``
    """
    score = signal.reindex(dates, universe.assets)["score"]
    inside = universe.at(dates)["universe"] > 0
    return dates[(inside & np.isfinite(score)).any(axis=1)]


@dataclass(frozen=True, eq=False)
class Known:
    """What decisions are made of besides holdings and prices; dates beyond theirs do not matter.

    Attributes
    ----------
    universe : Panel, name ``universe``, above 0 inside; its assets may be held
    signal : Panel, name ``score``
    benchmark : Panel, name ``weight``: weights of the benchmark; ``member`` above 0 for its
        constituents, without which they are those with a weight
    styles : Panel of the style exposures
    risk : decision date -> covariance of returns; None: none is estimated
    sequence : Panel, names ``h01``, ``h02``, ...: predicted returns of the next sessions, each
        standardised over the stocks of its date; None: none are planned over
    """

    universe: Panel
    signal: Panel
    benchmark: Panel
    styles: Panel
    risk: RiskOf | None = None
    sequence: Panel | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """What a stretch brought.

    Attributes
    ----------
    run : the books of its sessions, and its decision if there was one
    standing : after its last close; None if no date had a score until then
    """

    run: PortfolioRun
    standing: Standing | None


def trade(
    spec: EnhancementSpec,
    lake: Lake,
    assets: Shaped[ndarray, "A"],
    ahead: Sequence[Stretch],
    known: Known | None,
    before: Standing | None = None,
) -> Iterator[Part]:
    """Trade, mark and decide, stretch by stretch.

    A part depends on the standing before it and on what is known at its last close. The same
    parts come out, to the last bit, in one call or in many, with more or fewer stocks that are
    not there yet.

    Parameters
    ----------
    spec : benchmark, problem, mechanics
    lake : with ``daily``
    assets : symbols, ascending; all that may be held
    ahead : stretches that follow each other
    known : of their decision dates; None if none of them decides
    before : where the stretch before the first one ended; None: nothing was decided yet

    Yields
    ------
    Part
        On a date on which no stock of the universe has a score nothing is decided, and the ledger
        has an event ``no_score``; before the first decision the books are otherwise empty.

    Raises
    ------
    NoDecisionError
        The end is reached without any decision.
    DecisionDateError
        A stretch does not end on a session of the lake.
    NoSequenceError
        Trades are planned over returns that are not among what is known.
    NoFloatCapError, NoConstituentsError, BenchmarkWeightsError
        A date has a score, but the benchmark no weights on it.
    InfeasibleError
        From the optimiser, after every relaxation.

    Notes
    -----
    Memory: eleven columns of float64 for the sessions of a year.
    """
    for block in _blocks(ahead):
        market = _Market(spec, lake, assets, block, known)
        for one in block:
            part = market.part(one, before)
            before = part.standing
            yield part


def _blocks(ahead: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    """Stretches that are read together."""
    block: list[Stretch] = []
    for one in ahead:
        if block and one.upto - block[0].start > BLOCK:
            yield block
            block = []
        block.append(one)
    if block:
        yield block


class _Market:
    """Prices, facts and desk of some stretches."""

    def __init__(
        self,
        spec: EnhancementSpec,
        lake: Lake,
        assets: ndarray,
        block: list[Stretch],
        known: Known | None,
    ) -> None:
        first, last = block[0].start, block[-1].upto
        view = lake.limited(None, last)
        self._spec, self._lake, self._problem = spec, lake, spec.decider()
        self._prices = read_daily(view, MARKET_NAMES, first, last, assets)
        self._facts = MarketFacts.from_lake(view, assets)
        self._desk = self._laid(view, block, known)

    def part(self, one: Stretch, before: Standing | None) -> Part:
        """One stretch, from where the last one stood."""
        day = np.datetime64(one.upto, "D")
        decides = one.decides and self._desk is not None and day in self._desk.dates
        if before is None and not decides:
            return self._nothing(one, day)
        market = self._prices.between(one.upto if before is None else one.start, one.upto)
        if len(market.dates) == 0 or market.dates[-1] != day:
            raise DecisionDateError([str(day)], "dates are not sessions of the lake")
        before = None if before is None else before.on(self._prices.assets)
        held = None if before is None else self._benchmark(before)
        run = self._replay(one, market, held, before)
        for row in range(0 if before is None else 1, len(market.dates)):
            run.session(row)
        if decides:
            return self._decided(run, market, None if before is None else before.prices)
        assert held is not None
        drifted = benchmark_weights(held, market).values[-1, :, 0]
        part = self._waiting(run, one, day, drifted)
        assert part.standing is not None
        assert before is not None
        return replace(part, standing=replace(part.standing, prices=before.prices))

    def _laid(self, view: Lake, block: list[Stretch], known: Known | None) -> Desk | None:
        """The desk of the decision dates that have a score."""
        if known is None:
            return None
        days = as_days([one.upto for one in block if one.decides])
        dates = scored(days, known.universe, known.signal)
        if len(dates) == 0:
            return None
        there = self._prices.dates
        if (absent := ~np.isin(dates, there)).any():
            fault = "decision dates are not sessions of the lake"
            raise DecisionDateError([str(d) for d in dates[absent]], fault)
        laid = known.benchmark.reindex(dates, known.universe.assets)
        weights = np.nan_to_num(laid["weight"].astype(np.float64))
        member = (laid["member"] if "member" in laid.names else weights) > 0
        self._spec.benchmark.check(dates, weights, known.universe.at(dates)["universe"] > 0)
        plan = self._spec.plan
        return lay_desk(
            view,
            dates,
            known.universe,
            known.signal,
            self._prices,
            weights,
            known.styles,
            member,
            known.risk,
            None if plan is None else plan.signals(known.sequence, known.universe, dates),
        )

    def _benchmark(self, before: Standing) -> Panel:
        """Weights of the benchmark at the last close."""
        weights, days = before.benchmark[None, :, None], as_days([before.date])
        return Panel(weights, days, self._prices.assets, ("weight",))

    def _replay(
        self, one: Stretch, market: Panel, held: Panel | None, before: Standing | None
    ) -> Replay:
        ret = None
        if held is not None and len(market.dates) > 1:
            ret = self._spec.benchmark.returns(self._lake.limited(None, one.upto), held, market)
            check_benchmark(ret[1:], market.dates[1:])
        mechanics, costs = self._spec.backtest, self._spec.problem.costs
        return Replay(market, mechanics, costs, self._facts, ret, before)

    def _decided(self, run: Replay, market: Panel, start: Prices | None) -> Part:
        """Ask the optimiser."""
        desk, account, day = self._desk, run.exchange.account, market.dates[-1]
        assert desk is not None
        snapshot = desk.snapshot(day, account.assets[account.held])
        traded = _traded(market)[np.searchsorted(market.assets, snapshot.assets)]
        snapshot = replace(snapshot, amount_yuan=traded, capital_yuan=account.nav_yuan)
        solution, target = solved(self._problem, snapshot, account, start)
        benchmark = desk.benchmark[int(np.searchsorted(desk.dates, day))]
        targets = Panel(target[None, :, None], as_days([day]), account.assets, ("weight",))
        books = PortfolioRun(run.recorder.ledger(), targets, (solution,))
        standing = run.exchange.standing(day, target, benchmark)
        return Part(books, replace(standing, prices=carried(solution)))

    def _waiting(self, run: Replay, one: Stretch, day: np.datetime64, drifted: ndarray) -> Part:
        """Go on as it is."""
        if one.decides:
            run.recorder.events(day, (Event(None, "no_score"),))
        else:
            run.end(day)
        books = PortfolioRun(run.recorder.ledger(), _no_targets(self._prices.assets), ())
        return Part(books, run.exchange.standing(day, run.targets, drifted))

    def _nothing(self, one: Stretch, day: np.datetime64) -> Part:
        """No date had a score until now."""
        if not one.decides:
            found = "none of its dates has a score" if one.after else "there is no date"
            raise NoDecisionError(found, None, one.upto)
        recorder = Recorder(self._prices.assets, self._spec.backtest.capital_yuan)
        recorder.events(day, (Event(None, "no_score"),))
        return Part(PortfolioRun(recorder.ledger(), _no_targets(self._prices.assets), ()), None)


def _traded(market: Panel) -> Float[ndarray, "A"]:
    """Mean amount a session since the decision before, CNY; 0 on a session without trades.

    Parameters
    ----------
    market : from that decision's date on, or the first decision's date alone; its ``vwap`` times
        ``volume``
    """
    part = slice(1, None) if len(market.dates) > 1 else slice(None)
    amount_DA = (market["vwap"] * market["volume"])[part]
    return np.nan_to_num(amount_DA.astype(np.float64)).mean(axis=0)


def _no_targets(assets: ndarray) -> Panel:
    days = np.array([], dtype="datetime64[D]")
    return Panel(np.zeros((0, len(assets), 1)), days, assets, ("weight",))
