"""How a portfolio differs from its benchmark: active share, sizes, and the newest holdings."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.backtest.ledger import Ledger
from intralpha.backtest.weights_before import weights_held
from intralpha.base import Panel

SIZES = ("small", "middle", "large")
TOP = 10


@dataclass(frozen=True, eq=False)
class Standings:
    """Weights of portfolio and benchmark at the rebalances of a replay.

    Attributes
    ----------
    dates : datetime64[D] of the rebalances, at whose close the weights are taken
    assets : the axis
    held_DA, benchmark_DA : weights; the rest of what is held is cash. The benchmark's are those of
        the decision before
    """

    dates: Shaped[ndarray, "D"]
    assets: Shaped[ndarray, "A"]
    held_DA: Float[ndarray, "D A"]
    benchmark_DA: Float[ndarray, "D A"]

    @classmethod
    def of(cls, ledger: Ledger, benchmark: Panel) -> "Standings":
        """From the books and the weights of the benchmark.

        Parameters
        ----------
        ledger : with holdings
        benchmark : Panel, ``weight``, of the decision dates, ascending
        """
        held = weights_held(ledger, benchmark.assets)
        days = np.array(sorted(held), "datetime64[D]")
        known = np.searchsorted(benchmark.dates, days) - 1
        kept = known >= 0
        weights_DA = np.nan_to_num(benchmark["weight"].astype(np.float64))
        held_DA = np.array([held[day] for day in sorted(held)]).reshape(len(days), -1)
        return cls(days[kept], benchmark.assets, held_DA[kept], weights_DA[known[kept]])


def active_table(standings: Standings) -> pl.DataFrame:
    r"""Active share and concentration at every rebalance.

    .. math:: \tfrac12 \sum_a |w_a - b_a| \text{ with cash}, \qquad 1 / \sum_a w_a^2

    Parameters
    ----------
    standings : weights of both

    Returns
    -------
    DataFrame
        ``date``, ``holdings`` (count), ``active_share`` (fraction, 1: nothing in common [Cremers
        and Petajisto 2009]), ``top_10_share`` and ``cash_share`` (fractions), ``effective_stocks``.
    """
    held_DA, own_DA = standings.held_DA, standings.benchmark_DA
    cash_D = 1.0 - held_DA.sum(axis=1)
    active_D = (np.abs(held_DA - own_DA).sum(axis=1) + np.abs(cash_D)) / 2
    square_D = (held_DA**2).sum(axis=1)
    return pl.DataFrame(
        {
            "date": standings.dates,
            "holdings": (held_DA > 0).sum(axis=1),
            "active_share": active_D,
            "top_10_share": np.sort(held_DA, axis=1)[:, -TOP:].sum(axis=1),
            "cash_share": cash_D,
            "effective_stocks": np.divide(1.0, square_D, out=0 * square_D, where=square_D > 0),
        }
    )


def size_table(standings: Standings, cap_DA: Float[ndarray, "D A"]) -> pl.DataFrame:
    """Mean weight of small, middle and large stocks.

    Parameters
    ----------
    standings : weights of both
    cap_DA : capitalisation at the same dates, CNY; NaN is unknown

    Returns
    -------
    DataFrame
        ``size``, ``weight_share``, ``benchmark_share``, ``active_weight_share``: means over dates.
        A size is a third of the stocks that either holds on the date, by rank of capitalisation;
        what has none is left out. No rows where nothing is known.
    """
    inside_DA = ((standings.held_DA > 0) | (standings.benchmark_DA > 0)) & np.isfinite(cap_DA)
    if not inside_DA.any():
        return pl.DataFrame()
    third_DA = _thirds(cap_DA, inside_DA)
    rows = []
    for i, size in enumerate(SIZES):
        part = (third_DA == i) & inside_DA
        held, own = (
            float(np.where(part, w, 0.0).sum(axis=1).mean())
            for w in (standings.held_DA, standings.benchmark_DA)
        )
        shares = {"weight_share": held, "benchmark_share": own, "active_weight_share": held - own}
        rows.append({"size": size} | shares)
    return pl.DataFrame(rows)


def _thirds(cap_DA: Float[ndarray, "D A"], inside_DA: Bool[ndarray, "D A"]) -> Int[ndarray, "D A"]:
    rank_DA = np.where(inside_DA, cap_DA, np.inf).argsort(axis=1, kind="stable").argsort(axis=1)
    count_D = np.maximum(inside_DA.sum(axis=1, keepdims=True), 1)
    return np.minimum(rank_DA * len(SIZES) // count_D, len(SIZES) - 1)


def newest_holdings(
    standings: Standings, codes_A: Int[ndarray, "A"], labels: tuple[str, ...]
) -> pl.DataFrame:
    """What was held after the last rebalance, largest weights first.

    Parameters
    ----------
    standings : weights of both
    codes_A : group of every stock, positions in ``labels``
    labels : names of the groups, such as industries

    Returns
    -------
    DataFrame
        ``symbol``, ``group``, ``weight_share``, ``benchmark_share``, ``active_weight_share``. No
        rows without a rebalance.
    """
    if not len(standings.dates):
        return pl.DataFrame()
    held, own = standings.held_DA[-1], standings.benchmark_DA[-1]
    order = np.argsort(-held, kind="stable")
    kept = order[held[order] > 0]
    columns = {
        "symbol": standings.assets[kept].tolist(),
        "group": [labels[i] for i in codes_A[kept].tolist()],
        "weight_share": held[kept],
        "benchmark_share": own[kept],
        "active_weight_share": (held - own)[kept],
    }
    return pl.DataFrame(columns)
