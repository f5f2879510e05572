"""Desk: everything the optimiser may know at the close of each decision date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days
from intralpha.market import Lake, at_down_limit, at_up_limit, industry_codes
from intralpha.portfolio.snapshot import Snapshot
from intralpha.risk.estimate import RiskEstimate

RiskOf = Callable[[np.datetime64], RiskEstimate]


class NoDecisionError(DataError):
    """No decision date, or none of them has a score."""

    def __init__(self, found: str, start: date | None = None, end: date | None = None) -> None:
        self.found, self.start, self.end = found, start, end
        bounds = f" from {start}" * (start is not None) + f" to {end}" * (end is not None)
        super().__init__(
            f"no decision{bounds}: {found}; expected one decision date with a score that is a "
            "session of the market.\n"
            "Hint: widen test.start and test.end, or score more recent dates."
        )


@dataclass(frozen=True, eq=False)
class Desk:
    """What is known at each decision, laid out by date.

    Attributes
    ----------
    assets : symbols, shape [A]
    dates : decision dates, shape [D]
    alpha : signal, shape [D, A]; NaN for none
    benchmark : weights, shape [D, A]
    styles : Panel of the style exposures [D, A, K]
    codes : industry of every stock, shape [D, A], positions in ``labels``
    labels : names of the industries
    can_buy, can_sell : tradability at the close, shape [D, A]
    inside : the universe, shape [D, A]
    member : constituents of the benchmark, shape [D, A]
    risk : decision date -> covariance of returns as known at its close; None: none is estimated
    ahead : signal after each of S planned trades, shape [S, D, A]; None: one trade at a time
    """

    assets: Shaped[ndarray, "A"]
    dates: Shaped[ndarray, "D"]
    alpha: Float[ndarray, "D A"]
    benchmark: Float[ndarray, "D A"]
    styles: Panel
    codes: Int[ndarray, "D A"]
    labels: tuple[str, ...]
    can_buy: Bool[ndarray, "D A"]
    can_sell: Bool[ndarray, "D A"]
    inside: Bool[ndarray, "D A"]
    member: Bool[ndarray, "D A"]
    risk: RiskOf | None = None
    ahead: Float[ndarray, "S D A"] | None = None

    def snapshot(self, day: np.datetime64, held: Shaped[ndarray, "N"]) -> Snapshot:
        """What is known on a decision date; holdings are always among the assets.

        Parameters
        ----------
        day : one of the decision dates
        held : symbols held now; kept even outside universe and benchmark, with no view on them

        Returns
        -------
        Snapshot
            Names in the universe, in the benchmark or held; of the universe only those whose risk
            is known, if there is an estimate. Known at the close of ``day``.

        Raises
        ------
        RiskEstimateError
            A name of the benchmark, or one that is held, has no risk.
        """
        d = int(np.searchsorted(self.dates, day))
        needed = (self.benchmark[d] > 0) | np.isin(self.assets, held)
        keep, risk = self.inside[d] | needed, None
        if self.risk is not None:
            estimate = self.risk(self.dates[d])
            keep &= needed | np.isin(self.assets, estimate.assets)
            risk = estimate.on(self.assets[keep])
        ahead = None
        if self.ahead is not None:
            ahead = np.where(self.inside[d], self.ahead[:, d], np.nan)[:, keep]
        return Snapshot(
            date=self.dates[d],
            assets=self.assets[keep],
            alpha=np.where(self.inside[d], self.alpha[d], np.nan)[keep],
            benchmark=self.benchmark[d, keep] / self.benchmark[d, keep].sum(),
            exposures=np.nan_to_num(self.styles.values[d, keep]),
            exposure_names=self.styles.names,
            industry=self.codes[d, keep].astype(np.int64),
            member=self.member[d, keep],
            can_buy=self.can_buy[d, keep],
            can_sell=self.can_sell[d, keep],
            industry_names=self.labels,
            risk=risk,
            ahead=ahead,
        )


def decisions(
    dates: Shaped[ndarray, "N"], every: int, start: date | None = None, end: date | None = None
) -> Shaped[ndarray, "D"]:
    """Every so many dates of a signal, the first one included, whatever its scores turn out to be.

    Parameters
    ----------
    dates : of the signal, ascending
    every : dates from one decision to the next
    start, end : first and last date that may be one; None for the signal's own

    Returns
    -------
    ndarray of datetime64[D], ascending
        Later dates of the signal add decisions at the end and change none.

    Raises
    ------
    NoDecisionError
        No date lies in that time.
    """
    days = as_days(dates)
    if start is not None:
        days = days[days >= np.datetime64(start, "D")]
    if end is not None:
        days = days[days <= np.datetime64(end, "D")]
    if len(days) == 0:
        found = f"from {dates[0]} to {dates[-1]}" if len(dates) else "at no date"
        raise NoDecisionError(f"the signal is given {found}", start, end)
    return days[::every]


def lay_desk(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    universe: Panel,
    signal: Panel,
    market: Panel,
    benchmark_DA: Float[ndarray, "D A"],
    styles: Panel,
    member_DA: Bool[ndarray, "D A"] | None = None,
    risk: RiskOf | None = None,
    ahead_SDA: Float[ndarray, "S D A"] | None = None,
) -> Desk:
    """Gather what is known at the close of each decision date.

    Parameters
    ----------
    lake : with ``daily``; ``industry`` if it has one
    dates : decision dates, sessions of universe and market
    universe : Panel, name ``universe``, above 0 inside; its assets are the desk's axis
    signal : Panel, name ``score``, any assets in any order; a stock without one has no view
    market : Panel, names ``close``, ``volume``, ``up_limit``, ``down_limit``, on the same assets
    benchmark_DA : weights of the benchmark on these dates and assets
    styles : Panel of the style exposures that constraints may ask for, on these dates
    member_DA : constituents of the benchmark; default: stocks with a weight
    risk : decision date -> covariance of returns; None: none is estimated
    ahead_SDA : signal after each of S planned trades, on these dates and assets; None: none

    Returns
    -------
    Desk
        Nothing on it is later than the close of its date.
    """
    assets = universe.assets
    inside = universe.at(dates)["universe"] > 0
    can_buy, can_sell = tradable(market.at(dates))
    codes, labels = industry_codes(lake, dates, assets)
    return Desk(
        assets=assets,
        dates=dates,
        alpha=signal.reindex(dates, assets)["score"].astype(np.float64),
        benchmark=benchmark_DA,
        styles=styles.reindex(dates, assets),
        codes=codes,
        labels=labels,
        can_buy=can_buy,
        can_sell=can_sell,
        inside=inside,
        member=benchmark_DA > 0 if member_DA is None else member_DA,
        risk=risk,
        ahead=ahead_SDA,
    )


def tradable(market: Panel) -> tuple[Bool[ndarray, "D A"], Bool[ndarray, "D A"]]:
    """Whether a stock could be bought, and sold, at the close.

    Parameters
    ----------
    market : Panel, names ``close``, ``volume``, ``up_limit``, ``down_limit``, raw CNY

    Returns
    -------
    (can_buy, can_sell) : ndarrays of bool, shape [D, A]
        False without volume; the first also within half a tick of limit-up, the second of
        limit-down. A limit that is NaN does not exist. Known at the close.
    """
    traded = market["volume"] > 0
    up = at_up_limit(market["close"], market["up_limit"])
    down = at_down_limit(market["close"], market["down_limit"])
    return traded & ~up, traded & ~down
