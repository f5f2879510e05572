"""The loop over sessions: decide at the close, trade on the next session."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.bar import DayBar, check_market
from intralpha.backtest.events import Event
from intralpha.backtest.exchange import Exchange
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Ledger, Recorder
from intralpha.backtest.spec import BacktestSpec
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
        The day's bar is made only when its session comes, so nothing before can depend on it.

    Raises
    ------
    MarketNamesError, DecisionDateError, BenchmarkLengthError
    """
    check_market(market)
    _check(decisions, market, benchmark_ret)
    exchange = Exchange(market.assets, market.dates, spec, costs, facts)
    recorder = Recorder(market.assets, exchange.account.nav_yuan)
    decided = np.isin(market.dates, decisions)
    first = int(np.searchsorted(market.dates, decisions[0]))
    targets: ndarray | None = None
    for row in range(first, len(market.dates)):
        bar = DayBar.of(market, row)
        result = exchange.step(bar, targets)
        if row > first:
            today = None if benchmark_ret is None else float(benchmark_ret[row])
            recorder.day(bar.date, exchange.account, result, today, targets)
        targets = None
        if decided[row]:
            targets = decide(bar.date, exchange.account)
    if targets is not None:
        recorder.events(market.dates[-1], (Event(None, "not_traded"),))
    return recorder.ledger()


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
