"""Stretches: a replay cut at its decisions, each a piece that goes on from where the last stood."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.bar import MARKET_NAMES
from intralpha.backtest.benchmark import benchmark_weights, check_benchmark, growth_of
from intralpha.backtest.closed_loop import PortfolioRun, carried, solved
from intralpha.backtest.enhancement import EnhancementSpec
from intralpha.backtest.events import Event
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Recorder
from intralpha.backtest.recalibration import Foreseen, Watch
from intralpha.backtest.replay import DecisionDateError, Replay
from intralpha.backtest.standing import Standing
from intralpha.backtest.stretch import Known, Part, Stretch, scored
from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.market import Lake, read_daily
from intralpha.portfolio import (
    Desk,
    NoDecisionError,
    Prices,
    Snapshot,
    Solution,
    lay_desk,
)

BLOCK = timedelta(days=365)  # of prices in memory at a time


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
        foreseen = self._followed(run, market, held, before)
        if decides:
            return self._decided(run, market, None if before is None else before.prices, foreseen)
        assert held is not None
        drifted = benchmark_weights(held, market).values[-1, :, 0]
        part = self._waiting(run, one, day, drifted)
        assert part.standing is not None
        assert before is not None
        standing = replace(part.standing, prices=before.prices, foreseen=foreseen)
        return replace(part, standing=standing)

    def _followed(
        self, run: Replay, market: Panel, held: Panel | None, before: Standing | None
    ) -> Foreseen | None:
        """The sessions in turn; what the risk model foresaw, and what of it has come."""
        spec, first, watch = self._spec.recalibration, 0, None
        if before is not None:  # its session went by already
            assert held is not None
            first = 1
            if spec is not None:
                own_DA = benchmark_weights(held, market)["weight"]
                watch = Watch(spec, before.foreseen or Foreseen(), own_DA, growth_of(market))
        for row in range(first, len(market.dates)):
            if watch is not None:
                watch.session(run.exchange.account.weights(), row)
            run.session(row)
        if watch is not None:
            return watch.foreseen
        return None if spec is None else Foreseen()

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

    def _decided(
        self, run: Replay, market: Panel, start: Prices | None, foreseen: Foreseen | None
    ) -> Part:
        """Ask the optimiser."""
        desk, account, day = self._desk, run.exchange.account, market.dates[-1]
        assert desk is not None
        snapshot = desk.snapshot(day, account.assets[account.held])
        traded = _traded(market)[np.searchsorted(market.assets, snapshot.assets)]
        snapshot = replace(snapshot, amount_yuan=traded, capital_yuan=account.nav_yuan)
        if foreseen is None:
            solution, target = solved(self._problem, snapshot, account, start)
        else:
            solution, target, foreseen = self._recalibrated(snapshot, account, start, foreseen)
        benchmark = desk.benchmark[int(np.searchsorted(desk.dates, day))]
        targets = Panel(target[None, :, None], as_days([day]), account.assets, ("weight",))
        books = PortfolioRun(run.recorder.ledger(), targets, (solution,))
        standing = run.exchange.standing(day, target, benchmark)
        return Part(books, replace(standing, prices=carried(solution), foreseen=foreseen))

    def _recalibrated(
        self, snapshot: Snapshot, account: Account, start: Prices | None, foreseen: Foreseen
    ) -> tuple[Solution, Float[ndarray, "A"], Foreseen]:
        """The answer by risk that is set right, and what the model alone expects of it."""
        model, spec = snapshot.risk, self._spec.recalibration
        assert model is not None
        assert spec is not None
        multiple = foreseen.multiple(spec)
        snapshot = replace(snapshot, risk=model.scaled(multiple))
        solution, target = solved(self._problem, snapshot, account, start)
        ordered = model.variance(solution.weights - snapshot.benchmark)
        solution = replace(solution, risk_multiple=multiple)
        return solution, target, replace(foreseen, ordered=ordered)

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
