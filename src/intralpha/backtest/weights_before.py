"""Weights at the close before each session of a replay: of the account and of its benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.backtest.benchmark import growth_of
from intralpha.backtest.ledger import Ledger
from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days

BESIDE = ("trading", "cost", "benchmark_gap")


class AttributionError(DataError):
    """Books, prices and benchmark that do not belong together."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(
            f"attribution: {fault}.\nHint: give the ledger, market and benchmark of one replay."
        )


@dataclass(frozen=True, eq=False)
class Before:
    """A session, and the weights that went into it.

    Attributes
    ----------
    date : the session
    decided : row of the benchmark's newest decision date before it
    held_A : weights of the account at the close before; the rest is cash
    benchmark_A : weights of the benchmark there, drifted since the decision
    ret_A : close over preclose less 1; 0 for a stock without a row
    account_ret, benchmark_ret : returns of the session
    cost : charges over the value of the account at the close before, 0 or more
    """

    date: date
    decided: int
    held_A: Float[ndarray, "A"]
    benchmark_A: Float[ndarray, "A"]
    ret_A: Float[ndarray, "A"]
    account_ret: float
    benchmark_ret: float
    cost: float

    @property
    def excess_ret(self) -> float:
        """Return of the account less the benchmark's."""
        return self.account_ret - self.benchmark_ret

    def beside(self) -> dict[str, float]:
        """What the weights do not explain of the excess: ``trading``, ``cost``,
        ``benchmark_gap``.
        """
        gross, own = float(self.held_A @ self.ret_A), float(self.benchmark_A @ self.ret_A)
        trading = self.account_ret - gross + self.cost
        told = (trading, -self.cost, own - self.benchmark_ret)
        return dict(zip(BESIDE, told, strict=True))


def weights_before(ledger: Ledger, market: Panel, benchmark: Panel) -> Iterator[Before]:
    """Every session of a ledger in turn.

    Parameters
    ----------
    ledger : with holdings at the close of each rebalance
    market : Panel with ``close`` and ``preclose`` (adjusted), of the ledger's sessions and the
        first decision date; a stock without a row does not move
    benchmark : Panel, ``weight``, of the decision dates [D], on the market's assets; it drifts in
        between, and a date without weights changes nothing

    Raises
    ------
    AttributionError
        The ledger has no benchmark, sessions that the market lacks, or holdings it does not know.
    """
    _check(ledger, market, benchmark)
    rows = ledger.daily.select("date", "ret", "benchmark_ret", "cost_yuan", "nav_yuan").to_dicts()
    place = {day: i for i, day in enumerate(market.dates.tolist())}
    decided = {day: i for i, day in enumerate(benchmark.dates.tolist())}
    held = weights_held(ledger, market.assets)
    weights = np.nan_to_num(benchmark["weight"].astype(np.float64))
    at = max(int(np.searchsorted(benchmark.dates, as_days([rows[0]["date"]])[0])) - 1, 0)
    mine, own = np.zeros(len(market.assets)), weights[at]
    before, growth_DA = _nav_before(ledger), growth_of(market)
    for row in rows:
        day = row["date"]
        growth = growth_DA[place[day]]
        pair = row["ret"], row["benchmark_ret"]
        yield Before(day, at, mine, own, growth - 1.0, *pair, row["cost_yuan"] / before)
        mine, own = held.get(day, _drifted(mine, growth)), _whole(own, growth)
        new = decided.get(day)
        if new is not None and weights[new].any():
            at, own = new, weights[new]
        before = row["nav_yuan"]


def weights_held(ledger: Ledger, assets: Shaped[ndarray, "A"]) -> dict[date, Float[ndarray, "A"]]:
    """Weights at the close of each rebalance, by its date.

    Parameters
    ----------
    ledger : with holdings
    assets : the axis; holdings are of some of them
    """
    column = {symbol: i for i, symbol in enumerate(assets.tolist())}
    out: dict[date, ndarray] = {}
    for (day,), part in ledger.holdings.partition_by("date", as_dict=True).items():
        weights = np.zeros(len(assets))
        places = [column[symbol] for symbol in part["symbol"]]
        weights[places] = part["weight"].to_numpy()
        out[day] = weights
    return out


def _drifted(held: Float[ndarray, "A"], growth: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
    """Moved on by close over preclose; cash keeps its value."""
    grown = held * growth
    return grown / (grown.sum() + 1.0 - held.sum())


def _whole(weights: Float[ndarray, "A"], growth: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
    """Moved on, fully invested; nothing stays nothing."""
    grown = weights * growth
    return grown / grown.sum() if weights.any() else weights


def _check(ledger: Ledger, market: Panel, benchmark: Panel) -> None:
    if ledger.daily["benchmark_ret"].null_count():
        raise AttributionError("the ledger has sessions without a return of the benchmark")
    lost = ~np.isin(as_days(ledger.daily["date"]), market.dates)
    if lost.any():
        raise AttributionError(f"the market lacks {lost.sum()} sessions of the ledger")
    if not np.array_equal(market.assets, benchmark.assets):
        raise AttributionError("market and benchmark have other assets")
    unknown = set(ledger.holdings["symbol"]) - set(market.assets.tolist())
    if unknown:
        raise AttributionError(f"no prices of {', '.join(sorted(unknown)[:5])}")


def _nav_before(ledger: Ledger) -> float:
    """Value of the account before the first session."""
    first = ledger.daily.row(0, named=True)
    return float(first["nav_yuan"] / (1.0 + first["ret"]))
