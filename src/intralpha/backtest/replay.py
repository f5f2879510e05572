"""The loop over sessions: decide at the close, trade on the next session."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.bar import DayBar, check_market
from intralpha.backtest.benchmark import check_benchmark
from intralpha.backtest.events import Event
from intralpha.backtest.exchange import Exchange
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Ledger, Recorder
from intralpha.backtest.spec import BacktestSpec
from intralpha.backtest.standing import Standing
from intralpha.base import DataError, Panel
from intralpha.portfolio import CostSpec

Decide = Callable[[np.datetime64, Account], Float[ndarray, "A"]]


class DecisionDateError(DataError):
    """A decision date that cannot be replayed."""

    def __init__(self, dates: list[str], fault: str) -> None:
        self.dates, self.fault = dates, fault
        super().__init__(f"{fault}: {', '.join(dates[:5])}{' ...' if len(dates) > 5 else ''}")


class BenchmarkLengthError(DataError):
    """The benchmark does not lie on the sessions of the market."""

    def __init__(self, found: int, expected: int) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"benchmark_ret has {found} values; expected {expected}, one a session of the market."
        )


class Replay:
    """An account on its way through the sessions of a market.

    Parameters
    ----------
    market, spec, costs, facts : as in :func:`simulate`
    benchmark_ret : returns of the benchmark, shape [D], on the sessions of ``market``, or None
    before : where an earlier replay stood, to go on from there. Default: cash alone; then the
        first session is only looked at, and the books begin with the second

    Attributes
    ----------
    exchange, recorder : account and books
    targets : weights ordered for the next session, or None
    """

    def __init__(
        self,
        market: Panel,
        spec: BacktestSpec,
        costs: CostSpec,
        facts: MarketFacts | None = None,
        benchmark_ret: Float[ndarray, "D"] | None = None,
        before: Standing | None = None,
    ) -> None:
        check_market(market)
        self._market, self._benchmark_ret = market, benchmark_ret
        self.exchange = Exchange(market.assets, market.dates, spec, costs, facts, before)
        self.recorder = Recorder(market.assets, self.exchange.account.nav_yuan)
        self.targets = None if before is None else before.on(market.assets).targets
        self._begun = before is not None

    def session(self, row: int) -> None:
        """One session: its bar is made only now, so nothing before can depend on it."""
        bar = DayBar.of(self._market, row)
        result = self.exchange.step(bar, self.targets)
        if self._begun:
            ret = None if self._benchmark_ret is None else float(self._benchmark_ret[row])
            self.recorder.day(bar.date, self.exchange.account, result, ret, self.targets)
        self._begun, self.targets = True, None

    def end(self, date: np.datetime64) -> None:
        """Note an order that no session follows."""
        if self.targets is not None:
            self.recorder.events(date, (Event(None, "not_traded"),))


def replay(
    decisions: Shaped[ndarray, "N"],
    decide: Decide,
    market: Panel,
    spec: BacktestSpec,
    costs: CostSpec,
    facts: MarketFacts | None = None,
    benchmark_ret: Float[ndarray, "D"] | None = None,
) -> Ledger:
    """Run an account through the market from the first decision to the last session.

    Parameters
    ----------
    decisions : ndarray of datetime64[D]
        Sessions at whose close a decision is made, ascending.
    decide : called after the close of a decision date with the account as it then is
        Returns target weights on the assets of the market; they are traded on the next session.
    market, spec, costs, facts, benchmark_ret : as in :func:`simulate`

    Returns
    -------
    Ledger

    Raises
    ------
    MarketNamesError, DecisionDateError, BenchmarkLengthError
    BenchmarkGapError
        A session after the first decision has no return of the benchmark.
    """
    run = Replay(market, spec, costs, facts, benchmark_ret)
    _check(decisions, market, benchmark_ret)
    decided = np.isin(market.dates, decisions)
    for row in range(int(np.searchsorted(market.dates, decisions[0])), len(market.dates)):
        run.session(row)
        if decided[row]:
            run.targets = decide(market.dates[row], run.exchange.account)
    run.end(market.dates[-1])
    return run.recorder.ledger()


def _check(decisions: ndarray, market: Panel, benchmark_ret: ndarray | None) -> None:
    """Decisions must be sessions of the market, each once and in order."""
    if len(decisions) == 0:
        raise DecisionDateError(["none"], "there is no decision to replay")
    unknown = decisions[~np.isin(decisions, market.dates)]
    if len(unknown):
        fault = "decision dates are not sessions of the market panel"
        raise DecisionDateError([str(d) for d in unknown], fault)
    if (np.diff(decisions) <= np.timedelta64(0, "D")).any():
        raise DecisionDateError([str(d) for d in decisions], "decision dates do not ascend")
    if benchmark_ret is not None and len(benchmark_ret) != len(market.dates):
        raise BenchmarkLengthError(len(benchmark_ret), len(market.dates))
    if benchmark_ret is not None:
        later = market.dates > decisions[0]
        check_benchmark(benchmark_ret[later], market.dates[later])
