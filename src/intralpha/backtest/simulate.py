"""simulate: replay of target weights that are known beforehand."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from intralpha.backtest.account import Account
from intralpha.backtest.facts import MarketFacts
from intralpha.backtest.ledger import Ledger
from intralpha.backtest.replay import replay
from intralpha.backtest.spec import BacktestSpec
from intralpha.base import DataError, Panel
from intralpha.portfolio import CostSpec


class TargetError(DataError):
    """Target weights that are not a long-only portfolio of the market's assets."""

    def __init__(self, date: np.datetime64 | None, fault: str) -> None:
        self.date, self.fault = date, fault
        where = "" if date is None else f" on {date}"
        super().__init__(
            f"targets{where}: {fault}; expected weights from 0 to 1 with a sum of at most 1 (the "
            "rest is cash), NaN for names without one, on assets of the market panel."
        )


def simulate(
    targets: Panel,
    market: Panel,
    spec: BacktestSpec,
    costs: CostSpec,
    facts: MarketFacts | None = None,
    benchmark_ret: Float[ndarray, "D"] | None = None,
) -> Ledger:
    """Replay target weights under the rules of the exchange.

    Parameters
    ----------
    targets : Panel, float64, one name, dated by decision
        Weights known at the close of their date and traded on the next session. NaN is 0; what is
        missing to 1 is cash. The weights of the last session, if any, are not traded.
    market : Panel, float64, names of :data:`MARKET_NAMES`
        From ``read_daily``: raw prices. NaN where an asset has no row.
    spec : mechanics
    costs : the costs that the optimiser weighs
    facts : boards, delistings, corporate actions; default: boards by symbol, and dividends and
        splits by ``adj_factor``
    benchmark_ret : ndarray, shape [D], on the sessions of ``market``
        Close-to-close returns, see :func:`index_returns` and :func:`benchmark_returns`.

    Returns
    -------
    Ledger
        A portfolio's return of a trading day has an overnight part at the old weights and a part
        from the fill to the close at the new ones. Spec 18.4.

    Raises
    ------
    TargetError
        Negative weights, a sum above 1, a date without any weight, unknown assets.
    MarketNamesError, DecisionDateError, BenchmarkLengthError, BenchmarkGapError

    Notes
    -----
    Holds one bar at a time beside the panel: about 100 bytes an asset.
    """
    weights = _on_market(targets, market)
    rows = {date: i for i, date in enumerate(targets.dates.tolist())}

    def decide(date: np.datetime64, account: Account) -> ndarray:
        del account
        return weights[rows[date.item()]]

    return replay(targets.dates, decide, market, spec, costs, facts, benchmark_ret)


def _on_market(targets: Panel, market: Panel) -> Float[ndarray, "D A"]:
    """Checked weights on the assets of the market, 0 where there is none."""
    if len(targets.names) != 1:
        raise TargetError(None, f"found {len(targets.names)} names, one was expected")
    unknown = np.setdiff1d(targets.assets, market.assets)
    given = targets.values[:, :, 0].astype(np.float64)
    held = np.isin(targets.assets, unknown) & (np.nan_to_num(given) > 0).any(axis=0)
    if held.any():
        names = ", ".join(str(s) for s in targets.assets[held][:5])
        raise TargetError(None, f"{int(held.sum())} assets are not in the market: {names}")
    for date, row in zip(targets.dates, given, strict=True):
        if np.isnan(row).all():
            raise TargetError(date, "no name has a weight")
        if np.nanmin(row) < 0 or np.isinf(row).any():
            raise TargetError(date, f"the smallest weight is {np.nanmin(row):.6g}")
        if (total := float(np.nansum(row))) > 1 + 1e-6:
            raise TargetError(date, f"the weights sum to {total:.8f}")
    return np.nan_to_num(targets.reindex(targets.dates, market.assets).values[:, :, 0]).astype(
        np.float64
    )
